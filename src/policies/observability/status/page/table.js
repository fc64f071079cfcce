import { arrange, el, Keyed, setAttribute, setText } from "./dom.js";

/**
 * A table that keeps its rows while their numbers change. `columns`:
 * `{ label, kind, by, update(cell, item) }` each, where `by` is what the column
 * sorts by, if it does. Roles are written out: laid out as cards on a phone, a
 * table would lose them.
 */
export class Table {
	#columns;
	#body;
	#rows;
	#items = [];
	#options;
	#sorted;

	/** `options`: `{ caption, columns, keyOf, classOf, empty, sort: { column, isUp } }`. */
	constructor(table, options) {
		this.#options = options;
		this.#columns = options.columns;
		this.#sorted = options.sort ?? null;
		this.#body = el("tbody", { role: "rowgroup" });
		setAttribute(table, "role", "table");
		table.append(
			el("caption", { class: "hidden" }, options.caption),
			el("thead", { role: "rowgroup" }, this.#head()),
			this.#body,
		);
		this.#rows = new Keyed(
			this.#body,
			() => this.#row(),
			(row, item) => this.#update(row, item),
		);
		this.#showSort(table);
	}

	#head() {
		const cells = this.#columns.map(({ label, kind, by }) => {
			const cell = el("th", {
				scope: "col",
				role: "columnheader",
				class: kind ?? "",
			});
			cell.append(
				by === undefined ? label : el("button", { type: "button" }, label),
			);
			return cell;
		});
		return el("tr", { role: "row" }, ...cells);
	}

	#showSort(table) {
		const heads = [...table.querySelectorAll("thead th")];
		const show = () => {
			for (const [i, head] of heads.entries()) {
				const isSorted = this.#sorted?.column === i;
				const order = this.#sorted?.isUp ? "ascending" : "descending";
				setAttribute(head, "aria-sort", isSorted ? order : null);
			}
		};
		for (const [i, head] of heads.entries()) {
			head.querySelector("button")?.addEventListener("click", () => {
				const isSame = this.#sorted?.column === i;
				const isText = this.#columns[i].kind === "name";
				this.#sorted = {
					column: i,
					isUp: isSame ? !this.#sorted.isUp : isText,
				};
				show();
				this.render(this.#items);
			});
		}
		show();
	}

	#row() {
		const cells = this.#columns.map(({ label, kind }, i) =>
			i === 0
				? el("th", { scope: "row", role: "rowheader", class: kind ?? "" })
				: el("td", { role: "cell", class: kind ?? "", "data-label": label }),
		);
		return el("tr", { role: "row" }, ...cells);
	}

	#update(row, item) {
		const kind = this.#options.classOf?.(item) ?? "";
		if (row.className !== kind) row.className = kind;
		for (const [i, { update }] of this.#columns.entries()) {
			update(row.children[i], item);
		}
	}

	render(items) {
		this.#items = items;
		const rows = this.#sorted === null ? items : this.#sort(items);
		this.#rows.render(rows, this.#options.keyOf);
		if (rows.length === 0) arrange(this.#body, [this.#empty()]);
	}

	#sort(items) {
		const { by } = this.#columns[this.#sorted.column];
		const sign = this.#sorted.isUp ? 1 : -1;
		return items.toSorted((a, b) => {
			const [first, second] = [by(a) ?? -1, by(b) ?? -1];
			if (first === second) return 0;
			return first < second ? -sign : sign;
		});
	}

	#empty() {
		const attributes = {
			class: "empty",
			role: "cell",
			colspan: this.#columns.length,
		};
		return el("tr", { role: "row" }, el("td", attributes, this.#options.empty));
	}
}

/** A cell that is a text. */
export function text(read) {
	return (cell, item) => setText(cell, read(item));
}

/** A cell that is a text, in alarm where `isBad` says so. */
export function alarm(read, isBad) {
	return (cell, item) => {
		setText(cell, read(item));
		cell.classList.toggle("alarm", isBad(item));
	};
}
