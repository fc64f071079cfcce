import type { Location } from "../parts/problems.ts";
import { losesDigits } from "./digits.ts";
import { mayLoseDigits } from "./json.ts";
import { scanJson } from "./json-scan.ts";

type Container = Record<string | number, unknown>;

/** A number that `JSON.stringify` writes as it was read. TypeScript's library does not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * A value that was read from that JSON text, and perhaps selected from and
 * converted, ready to be written again with every digit its numbers had. The
 * value is changed in place.
 */
export function restoreDigits(text: string, value: unknown): unknown {
	if (!mayLoseDigits.test(text)) return value;
	const root: Container = { value };
	scanJson(text, {
		onNumber(source, locate) {
			const number = Number(source);
			if (losesDigits(source, number)) restore(root, locate(), source, number);
			return true;
		},
	});
	return root.value;
}

/** Only where what is there still is that number, or its text: it may have been left out or made into something else. */
function restore(
	root: Container,
	loc: Location,
	source: string,
	number: number,
): void {
	let container = root;
	let key: string | number = "value";
	for (const step of loc) {
		const child = container[key];
		if (typeof child !== "object" || child === null) return;
		if (!Object.hasOwn(child, step)) return;
		container = child as Container;
		key = step;
	}
	if (container[key] === number) container[key] = rawJSON(source);
	else if (container[key] === String(number)) container[key] = source;
}
