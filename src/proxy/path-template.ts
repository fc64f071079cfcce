import { failure } from "../http/errors.ts";

/** Literal text, or a parameter: optional ones (`:id?`) may be absent together with their slash. */
type Piece =
	| string
	| {
			readonly name: string;
			/** In parentheses, such as `(^\\d+$)`, or empty. */
			readonly expression: string;
			readonly isOptional: boolean;
	  };

/** The text of a value that is put back. */
type ToText = (value: unknown) => string;

/** A path with its parameters put back. */
export type PathTemplate = (
	values: Readonly<Record<string, unknown>>,
	rawPath: string,
) => string;

/** The parameter names of a template or route path, `*` for a wildcard. */
export function templateNames(template: string): readonly string[] {
	return template
		.split("/")
		.flatMap((segment) => parseSegment(segment))
		.flatMap((piece) => (typeof piece === "string" ? [] : [piece.name]));
}

/**
 * Compiles a path in find-my-way's syntax to a function that puts values back
 * percent-encoded: no value can add or take away a segment, or add a query, a
 * fragment or an authority (RFC 3986 section 3.3). A trailing `*` takes the raw
 * rest of the client's path, whose wildcard began after `wildcardSlash` slashes.
 * The function throws HttpError 400 for values that would leave nothing, `.` or
 * `..` of a segment.
 *
 * @throws TypeError at start-up when `*` does not stand alone at the end.
 */
export function compileTemplate(
	template: string,
	wildcardSlash: number,
	toText: ToText = (value) => String(value ?? ""),
): PathTemplate {
	const segments = template.split("/").map(parseSegment);
	const hasWildcard = segments.at(-1)?.some(isWildcard) ?? false;
	checkWildcard(template, segments);
	const fixed = hasWildcard ? segments.slice(0, -1) : segments;
	return (values, rawPath) => {
		let path = "";
		for (let i = 1; i < fixed.length; i++) {
			const segment = fixed[i] as Piece[];
			if (!isLeftOut(segment, values))
				path += `/${fill(segment, values, toText)}`;
		}
		if (hasWildcard) return `${path}/${restAfter(rawPath, wildcardSlash)}`;
		return path === "" ? "/" : path;
	};
}

function checkWildcard(template: string, segments: readonly Piece[][]): void {
	segments.forEach((segment, i) => {
		const isLast = i === segments.length - 1;
		if (segment.some(isWildcard) && (!isLast || segment.length > 1)) {
			throw new TypeError(
				`in "${template}" the wildcard * must stand alone after the last slash`,
			);
		}
	});
}

function isWildcard(piece: Piece): boolean {
	return typeof piece !== "string" && piece.name === "*";
}

function isLeftOut(
	segment: readonly Piece[],
	values: Readonly<Record<string, unknown>>,
): boolean {
	const piece = segment[0];
	if (segment.length !== 1 || typeof piece !== "object") return false;
	return piece.isOptional && values[piece.name] === undefined;
}

function fill(
	segment: readonly Piece[],
	values: Readonly<Record<string, unknown>>,
	toText: ToText,
): string {
	let text = "";
	for (const piece of segment) {
		text +=
			typeof piece === "string"
				? piece
				: encodeSegment(toText(values[piece.name]));
	}
	// DELETE /items/ is not DELETE /items/7: an empty value must not ask for all of them.
	if (text === "" && segment.some(isRequired)) throw failure("ERR_BAD_PATH");
	// Some services cut what follows a semicolon (RFC 3986 section 3.3) before they resolve dots.
	if (/^\.\.?(?:;|$)/.test(text) && segment.some(isParameter)) {
		throw failure("ERR_BAD_PATH");
	}
	return text;
}

const segmentMarks: Readonly<Record<string, string>> = {
	"%24": "$",
	"%26": "&",
	"%2B": "+",
	"%2C": ",",
	"%3A": ":",
	"%3B": ";",
	"%3D": "=",
	"%40": "@",
};

/** Percent-encodes all but what RFC 3986 section 3.3 allows within a segment. A lone surrogate, which has no UTF-8, becomes U+FFFD. */
function encodeSegment(text: string): string {
	const encoded = encodeURIComponent(text.toWellFormed());
	return encoded.includes("%")
		? encoded.replaceAll(/%\w\w/g, (one) => segmentMarks[one] ?? one)
		: encoded;
}

function isParameter(piece: Piece): boolean {
	return typeof piece === "object";
}

function isRequired(piece: Piece): boolean {
	return typeof piece === "object" && !piece.isOptional;
}

/** What follows the n-th slash of a raw path: an encoded slash is no slash. */
export function restAfter(rawPath: string, slashes: number): string {
	let at = -1;
	for (let n = 0; n < slashes; n++) {
		at = rawPath.indexOf("/", at + 1);
		if (at < 0) return "";
	}
	return rawPath.slice(at + 1);
}

/** The same template with its literal text and its expressions changed. */
export function mapTemplate(
	template: string,
	onText: (text: string) => string,
	onExpression: (expression: string) => string,
): string {
	const segments = template.split("/").map((segment) =>
		parseSegment(segment)
			.map((piece) => {
				if (typeof piece === "string")
					return onText(piece).replaceAll(":", "::");
				if (isWildcard(piece)) return "*";
				const { name, expression, isOptional } = piece;
				return `:${name}${onExpression(expression)}${isOptional ? "?" : ""}`;
			})
			.join(""),
	);
	return segments.join("/");
}

/** Splits a segment at its parameters: a name ends at `-`, `.`, `(` or `:`; `::` is a colon. */
function parseSegment(segment: string): Piece[] {
	const pieces: Piece[] = [];
	let literal = "";
	let i = 0;
	const flush = (): void => {
		if (literal !== "") pieces.push(literal);
		literal = "";
	};
	while (i < segment.length) {
		const char = segment[i] as string;
		if (char === "*") {
			flush();
			pieces.push({ name: "*", expression: "", isOptional: false });
			i++;
		} else if (char !== ":") {
			literal += char;
			i++;
		} else if (segment[i + 1] === ":") {
			literal += ":";
			i += 2;
		} else {
			flush();
			const name = /^[^-.(:?*]*/.exec(segment.slice(i + 1))?.[0] ?? "";
			i += 1 + name.length;
			const end = segment[i] === "(" ? closingParenthesis(segment, i) + 1 : i;
			const expression = segment.slice(i, end);
			i = end;
			const isOptional = segment[i] === "?";
			pieces.push({ name, expression, isOptional });
			if (isOptional) i++;
		}
	}
	flush();
	return pieces;
}

/** Where the expression that opens there ends; escapes and nested groups are skipped. */
function closingParenthesis(segment: string, open: number): number {
	let depth = 0;
	for (let i = open; i < segment.length; i++) {
		const char = segment[i];
		if (char === "\\") i++;
		else if (char === "(") depth++;
		else if (char === ")" && --depth === 0) return i;
	}
	return segment.length - 1;
}
