const svgSpace = "http://www.w3.org/2000/svg";

/** What was asked for, by its id. */
export function byId(id) {
	const found = document.getElementById(id);
	if (found === null) throw new Error(`no element ${id}`);
	return found;
}

/** An element with attributes and children. Texts become text: nothing here reads markup. */
export function el(name, attributes = {}, ...children) {
	return fill(document.createElement(name), attributes, children);
}

/** The same of SVG. */
export function svg(name, attributes = {}, ...children) {
	return fill(document.createElementNS(svgSpace, name), attributes, children);
}

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		element.setAttribute(name, String(value));
	}
	element.append(...children);
	return element;
}

/** Sets a text where it is another: what did not change is not painted anew. */
export function setText(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute where it is another; null takes it off. */
export function setAttribute(element, name, value) {
	if (value === null) element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value)) {
		element.setAttribute(name, String(value));
	}
}

/** Puts children in place, leaving alone those that are there already. */
export function arrange(parent, children) {
	for (const [i, child] of children.entries()) {
		const there = parent.children[i];
		if (there !== child) parent.insertBefore(child, there ?? null);
	}
	while (parent.children.length > children.length) {
		parent.lastElementChild.remove();
	}
}

/** Elements by key, made when a key is new and forgotten when it is gone. */
export class Keyed {
	#made = new Map();
	#parent;
	#make;
	#update;

	constructor(parent, make, update) {
		this.#parent = parent;
		this.#make = make;
		this.#update = update;
	}

	render(items, keyOf) {
		const next = new Map();
		for (const item of items) {
			const key = keyOf(item);
			const element = this.#made.get(key) ?? this.#make(item);
			this.#update(element, item);
			next.set(key, element);
		}
		this.#made = next;
		arrange(this.#parent, [...next.values()]);
	}
}

/** A bar of parts: `[class, share, name]` each. */
export function setMix(element, parts) {
	while (element.children.length < parts.length) element.append(el("span"));
	while (element.children.length > parts.length) {
		element.lastElementChild.remove();
	}
	for (const [i, [kind, share]] of parts.entries()) {
		const part = element.children[i];
		if (part.className !== kind) part.className = kind;
		part.style.display = share > 0 ? "" : "none";
		// What there is at all must be seen.
		part.style.width = `max(2px, ${(share * 100).toFixed(2)}%)`;
	}
}

/** A legend: `[class, text]` each. */
export function setLegend(element, entries) {
	while (element.children.length < entries.length) {
		element.append(el("span", { class: "key" }, el("i"), el("span")));
	}
	for (const [i, [kind, text]] of entries.entries()) {
		const [swatch, label] = element.children[i].children;
		if (swatch.className !== kind) swatch.className = kind;
		setText(label, text);
	}
}
