import "./node-version.ts";

/** Says what is wrong with a value, each problem as a sentence that begins with `name`. */
export interface Check {
	(value: unknown, name: string): readonly string[];
	/** Whether the option must be given. */
	readonly isRequired?: true;
}

/** A check for every option of a kind: one that is missing here, or that is there no more, does not compile. */
export type Checks<T> = Readonly<Record<OptionName<T>, Check>>;

/** The names of options, those of each member of a union too. */
export type OptionName<T> = T extends unknown ? keyof T & string : never;

const none: readonly string[] = [];

/**
 * Checks an options object: each name is known, each value fits.
 *
 * @throws TypeError that begins with `place` and lists every problem.
 */
export function checkOptions<T extends object>(
	place: string,
	options: T,
	checks: Checks<T>,
): void {
	throwProblems(place, findProblems("", options, checks));
}

/** @throws TypeError that begins with `place` and lists the problems, where there are any. */
export function throwProblems(
	place: string,
	problems: readonly string[],
): void {
	if (problems.length === 0) return;
	const list = problems.map((problem) => `\n  - ${problem}`).join("");
	throw new TypeError(
		problems.length === 1
			? `${place}: ${problems[0]}`
			: `${place} has ${problems.length} problems:${list}`,
	);
}

/** The problems of an options object that is called `part`; an empty name is the outermost. `moved` are names of before. */
export function findProblems(
	part: string,
	options: unknown,
	checks: Readonly<Record<string, Check>>,
	moved: Readonly<Record<string, string>> = {},
): readonly string[] {
	if (typeof options !== "object" || options === null) {
		return [mustBe(part || "the options", "an object", options)];
	}
	if (Array.isArray(options)) {
		return [mustBe(part || "the options", "an object", options)];
	}
	const problems = Object.keys(options)
		.filter((name) => !Object.hasOwn(checks, name))
		.map((name) =>
			Object.hasOwn(moved, name)
				? `there is no option "${placeOf(part, name)}"; it is "${moved[name]}" now`
				: unknownName(part, name, Object.keys(checks)),
		);
	for (const [name, check] of Object.entries(checks)) {
		const value = (options as Record<string, unknown>)[name];
		const place = placeOf(part, name);
		if (value !== undefined) problems.push(...check(value, place));
		else if (check.isRequired) problems.push(`${place} is required`);
	}
	return problems;
}

function placeOf(part: string, name: string): string {
	if (part === "") return name;
	return /^[\w$-]+$/.test(name)
		? `${part}.${name}`
		: `${part}[${JSON.stringify(name)}]`;
}

function unknownName(
	part: string,
	name: string,
	known: readonly string[],
): string {
	const near = nearestName(name, known);
	const hint =
		near === null
			? `known are ${known.join(", ")}`
			: `did you mean "${placeOf(part, near)}"?`;
	return `there is no option "${placeOf(part, name)}"; ${hint}`;
}

/** The known name that is most like another one; null where none is. */
export function nearestName(
	name: string,
	known: Iterable<string>,
): string | null {
	const folded = fold(name);
	let nearest: string | null = null;
	let least = Math.max(1, Math.ceil(folded.length * 0.4)) + 0.5;
	for (const one of known) {
		const other = fold(one);
		const isPart =
			Math.min(folded.length, other.length) >= 3 &&
			(folded.includes(other) || other.includes(folded));
		const cost = Math.min(
			distance(folded, other),
			isPart ? 1.4 : Number.POSITIVE_INFINITY,
		);
		if (cost >= least) continue;
		nearest = one;
		least = cost;
	}
	return nearest;
}

function fold(name: string): string {
	const letters = name.toLowerCase().replaceAll(/[-_.\s]/g, "");
	// One and several of a thing are nearly the same.
	return letters.replace(/ies$/, "y").replace(/s$/, "");
}

/** How many letters must be added, dropped, changed or swapped to get from one to the other. */
function distance(one: string, other: string): number {
	let before: number[] = [];
	let row = Array.from({ length: other.length + 1 }, (_, i) => i);
	for (let i = 1; i <= one.length; i++) {
		const next = [i];
		for (let j = 1; j <= other.length; j++) {
			const isSame = one[i - 1] === other[j - 1];
			next[j] = Math.min(
				at(row, j) + 1,
				at(next, j - 1) + 1,
				at(row, j - 1) + (isSame ? 0 : 1),
			);
			const isSwap = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
			if (i > 1 && j > 1 && isSwap) {
				next[j] = Math.min(at(next, j), at(before, j - 2) + 1);
			}
		}
		before = row;
		row = next;
	}
	return at(row, other.length);
}

function at(row: readonly number[], index: number): number {
	return row[index] as number;
}

function mustBe(name: string, expected: string, value: unknown): string {
	return `${name} must be ${expected}, got ${show(value)}`;
}

/** A value for an error: never the contents of an object, which may hold a secret. */
function show(value: unknown): string {
	if (typeof value === "string") {
		return JSON.stringify(
			value.length > 60 ? `${value.slice(0, 60)}...` : value,
		);
	}
	if (typeof value === "function") return "a function";
	if (typeof value === "symbol") return "a symbol";
	if (typeof value !== "object" || value === null) return String(value);
	if (Array.isArray(value)) {
		return value.length === 0 ? "an empty array" : "an array";
	}
	return value instanceof Promise ? "a promise" : "an object";
}

/** A check of one's own: `expected` ends the sentence "x must be". */
export function must(expected: string, fits: (value: never) => boolean): Check {
	return (value, name) =>
		fits(value as never) ? none : [mustBe(name, expected, value)];
}

/** A text that a pattern finds something in. */
export function matching(expected: string, pattern: RegExp): Check {
	return must(
		expected,
		(value) => typeof value === "string" && pattern.test(value),
	);
}

/** The same check of an option that must be given. */
export function required(check: Check): Check {
	return Object.assign((value: unknown, name: string) => check(value, name), {
		isRequired: true as const,
	});
}

/** Anything at all. */
export const anything: Check = () => none;

/** True or false. */
export const flag: Check = must(
	"true or false",
	(value) => typeof value === "boolean",
);

/** A string that is not empty. */
export const text: Check = must(
	"a string that is not empty",
	(value) => typeof value === "string" && value !== "",
);

/** Any string. */
export const anyText: Check = must(
	"a string",
	(value) => typeof value === "string",
);

/** A text, or an array of them. */
export const texts: Check = (value, name) =>
	either("a string or an array of strings", text, list(text, 1))(value, name);

/** A function. */
export const func: Check = must(
	"a function",
	(value) => typeof value === "function",
);

/** An object that is no array. */
export const object: Check = must(
	"an object",
	(value) =>
		typeof value === "object" && value !== null && !Array.isArray(value),
);

/** The longest time that a timer waits, in milliseconds: a longer one would end at once. */
export const longestTimerMs: number = 2_147_483_647;

/** A whole number within bounds. */
export function whole(
	least = 0,
	most: number = Number.MAX_SAFE_INTEGER,
): Check {
	const bounds =
		most === Number.MAX_SAFE_INTEGER
			? `of at least ${least}`
			: `from ${least} to ${most}`;
	return must(
		`a whole number ${bounds}`,
		(value) => Number.isSafeInteger(value) && value >= least && value <= most,
	);
}

/** A time that a timer waits, in milliseconds. */
export function milliseconds(least = 0): Check {
	return must(
		`a number of milliseconds from ${least} to ${longestTimerMs}`,
		(value) =>
			typeof value === "number" && value >= least && value <= longestTimerMs,
	);
}

/** A number of at least 0, without an upper bound. */
export const amount: Check = must(
	"a number of at least 0",
	(value) => typeof value === "number" && value >= 0,
);

/** One of these values. */
export function oneOf(
	...values: readonly (string | number | boolean)[]
): Check {
	const shown = values.map((value) =>
		typeof value === "string" ? `'${value}'` : String(value),
	);
	return (value, name) => {
		if (values.includes(value as string)) return none;
		const near =
			typeof value === "string" ? nearestName(value, values.map(String)) : null;
		const hint = near === null ? "" : `; did you mean '${near}'?`;
		return [mustBe(name, inWords(shown), value) + hint];
	};
}

function inWords(items: readonly string[]): string {
	const last = items.at(-1) as string;
	return items.length === 1
		? last
		: `${items.slice(0, -1).join(", ")} or ${last}`;
}

/** An object with these functions, of whatever class: a store, a logger. */
export function having(...names: readonly string[]): Check {
	const functions = must(
		`an object with the functions ${names.join(", ")}`,
		(value) => typeof value === "object" && value !== null,
	);
	return (value, name) => {
		const problems = functions(value, name);
		if (problems.length > 0) return problems;
		return names
			.filter((one) => typeof (value as never)[one] !== "function")
			.map((one) => `${name} must have a function ${one}`);
	};
}

/** Options of another library: a name is wrong where it is nearly one of those known. */
export function foreign(known: readonly string[]): Check {
	return (value, name) => {
		const problems = object(value, name);
		if (problems.length > 0) return problems;
		return Object.keys(value as object).flatMap((one) => {
			const near = known.includes(one) ? null : nearestName(one, known);
			return near === null || distance(fold(one), fold(near)) > 2
				? none
				: [unknownName(name, one, [near])];
		});
	};
}

/** Options of `node:tls`, for either side. */
export const tlsOptions: Check = foreign([
	...["ALPNCallback", "ALPNProtocols", "SNICallback", "allowPartialTrustChain"],
	...["ca", "cert", "certificateCompression", "checkServerIdentity", "ciphers"],
	...["clientCertEngine", "crl", "dhparam", "ecdhCurve", "enableTrace"],
	...["handshakeTimeout", "honorCipherOrder", "host", "isServer", "key"],
	...["lookup", "maxVersion", "minDHSize", "minVersion", "passphrase", "path"],
	...["pfx", "port", "privateKeyEngine", "privateKeyIdentifier", "pskCallback"],
	...["pskIdentityHint", "rejectUnauthorized", "requestCert", "requestOCSP"],
	...["secureContext", "secureOptions", "secureProtocol", "server"],
	...["servername", "session", "sessionIdContext", "sessionTimeout", "sigalgs"],
	...["socket", "ticketKeys", "timeout"],
]);

/** What an attempt to use the value throws, as a problem. */
export function usable(attempt: (value: never) => unknown): Check {
	return (value, name) => {
		try {
			attempt(value as never);
			return none;
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			return [`${name}: ${message}`];
		}
	};
}

/** An array, each member of which fits. */
export function list(check: Check, least = 0): Check {
	return (value, name) => {
		if (!Array.isArray(value)) return [mustBe(name, "an array", value)];
		if (value.length < least) return [`${name} must not be empty`];
		return value.flatMap((one, i) => check(one, `${name}[${i}]`));
	};
}

/** An object of any names, each value of which fits. */
export function mapOf(check: Check): Check {
	return (value, name) => {
		const problems = object(value, name);
		if (problems.length > 0) return problems;
		return Object.entries(value as object).flatMap(([key, one]) =>
			check(one, placeOf(name, key)),
		);
	};
}

/** An object with options of its own. */
export function group<T>(checks: Checks<T>): Check {
	return (value, name) => findProblems(name, value, checks);
}

/** Any of several kinds of values: `expected` ends the sentence "x must be". */
export function either(expected: string, ...checks: readonly Check[]): Check {
	return (value, name) => {
		const all = checks.map((check) => check(value, name));
		if (all.some((problems) => problems.length === 0)) return none;
		// Of the kind that was meant, what is wrong within says more.
		const within = all.find((problems) =>
			problems.every((problem) => !problem.startsWith(`${name} must be `)),
		);
		return within ?? [mustBe(name, expected, value)];
	};
}
