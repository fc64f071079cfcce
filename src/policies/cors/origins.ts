import type { Context, MaybePromise } from "../../index.ts";

/** Tells whether a page of that origin may read the answers. */
export type OriginTest = (
	origin: string,
	ctx: Context,
) => MaybePromise<boolean>;

/**
 * Which origins may read the answers: `"*"` for all, one or several by name
 * (`https://app.example`), by an expression that the whole origin must match, or
 * by a function.
 */
export type AllowedOrigins =
	| string
	| RegExp
	| readonly (string | RegExp)[]
	| OriginTest;

/**
 * Compiles what origins are allowed; null where all are.
 *
 * @throws TypeError for a name that no browser would send.
 */
export function compileOrigins(origins: AllowedOrigins): OriginTest | null {
	if (origins === "*") return null;
	if (typeof origins === "function") return origins;
	const list = [origins].flat() as readonly (string | RegExp)[];
	const names = new Set<string>();
	const expressions: RegExp[] = [];
	for (const one of list) {
		if (one instanceof RegExp) expressions.push(toWhole(one));
		else names.add(checkOrigin(one));
	}
	if (expressions.length === 0) return (origin) => names.has(origin);
	return (origin) =>
		names.has(origin) || expressions.some((one) => one.test(origin));
}

/** One that matched a part alone would let `https://app.example.evil.example` in. */
function toWhole({ source, flags }: RegExp): RegExp {
	return new RegExp(`^(?:${source})$`, flags.replaceAll(/[gmy]/g, ""));
}

// What a browser writes (RFC 6454 section 6.2): lower case, no path. Extensions and apps have schemes of their own.
const originText = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@A-Z]+$/;

function checkOrigin(name: string): string {
	if (name === "null") return name;
	if (name === "*") {
		throw new TypeError('cors: origins is "*" alone, or a list without it');
	}
	if (name.includes("*")) {
		throw new TypeError(
			`cors: "${name}" has a wildcard; write an expression, such as /https:\\/\\/[\\w-]+\\.example\\.com/`,
		);
	}
	const isWeb = /^https?:/i.test(name);
	if (isWeb ? URL.parse(name)?.origin === name : originText.test(name)) {
		return name;
	}
	const likely = isWeb ? URL.parse(name)?.origin : undefined;
	throw new TypeError(
		`cors: "${name}" is no origin${likely === undefined ? "" : `; a browser sends "${likely}"`}`,
	);
}
