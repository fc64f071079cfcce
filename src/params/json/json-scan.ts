import type { Location } from "../parts/problems.ts";

/** Told what stands in a JSON text and is gone from its parsed value. Each returns false to end the scan. */
export interface JsonVisitor {
	/** A number as it is written. */
	onNumber?(source: string, locate: () => Location): boolean;
	/** A name that its object has had before. */
	onRepeatedName?(locate: () => Location): boolean;
}

/** An array or object that is open where the scan stands. */
interface Level {
	/** The name or position of what is being read. */
	step: string | number;
	/** The names so far, of an object whose names are watched. */
	readonly names: Set<string> | null;
	/** Whether the next string is a name. */
	isName: boolean;
}

/** Goes through a JSON text once, in its order. The text must be valid: it has been parsed before. */
export function scanJson(text: string, visitor: JsonVisitor): void {
	new JsonScan(text, visitor).run();
}

// The characters that matter outside of strings.
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const bracket = 0x5b;
const bracketEnd = 0x5d;
const brace = 0x7b;
const braceEnd = 0x7d;
const isNumberChar = /[-+.\deE]/;

class JsonScan {
	readonly #text: string;
	readonly #visitor: JsonVisitor;
	readonly #levels: Level[] = [];
	#at = 0;
	#goesOn = true;

	constructor(text: string, visitor: JsonVisitor) {
		this.#text = text;
		this.#visitor = visitor;
	}

	run(): void {
		while (this.#goesOn && this.#at < this.#text.length) {
			this.#take(this.#text.charCodeAt(this.#at));
		}
	}

	#take(code: number): void {
		if (code === quote) this.#takeString();
		else if (code === minus || (code >= 0x30 && code <= 0x39)) {
			this.#takeNumber();
		} else {
			this.#at++;
			if (code === comma) this.#next();
			else if (code === brace) this.#open(true);
			else if (code === bracket) this.#open(false);
			else if (code === braceEnd || code === bracketEnd) this.#levels.pop();
		}
	}

	#open(isObject: boolean): void {
		const isWatched = isObject && this.#visitor.onRepeatedName !== undefined;
		this.#levels.push({
			step: isObject ? "" : 0,
			names: isWatched ? new Set() : null,
			isName: isObject,
		});
	}

	#next(): void {
		const level = this.#levels.at(-1) as Level;
		if (typeof level.step === "number") level.step++;
		else level.isName = true;
	}

	#takeString(): void {
		const start = this.#at;
		this.#at = endOfString(this.#text, start);
		const level = this.#levels.at(-1);
		if (!level?.isName) return;
		level.isName = false;
		level.step = toName(this.#text.slice(start, this.#at));
		if (level.names === null) return;
		const { size } = level.names;
		if (level.names.add(level.step).size === size) {
			this.#goesOn = this.#visitor.onRepeatedName?.(this.#locate) ?? true;
		}
	}

	#takeNumber(): void {
		const start = this.#at;
		do this.#at++;
		while (isNumberChar.test(this.#text[this.#at] ?? ""));
		const source = this.#text.slice(start, this.#at);
		this.#goesOn = this.#visitor.onNumber?.(source, this.#locate) ?? true;
	}

	readonly #locate = (): Location => this.#levels.map(({ step }) => step);
}

/** Behind the closing quote: the next one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
	let end = start;
	for (;;) {
		end = text.indexOf('"', end + 1);
		let slashes = 0;
		while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
		if (slashes % 2 === 0) return end + 1;
	}
}

function toName(literal: string): string {
	return literal.includes("\\")
		? (JSON.parse(literal) as string)
		: literal.slice(1, -1);
}
