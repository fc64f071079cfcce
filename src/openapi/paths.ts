/** A value in a path. */
export interface PathParameter {
	/** The name in the route: `id`, or `*`. */
	readonly source: string;
	/** The name in the document. */
	readonly name: string;
	/** What the route's own expression asks of the value, as a JSON Schema `pattern`; null where it asks nothing. */
	readonly pattern: string | null;
}

/** A path as OpenAPI writes it. */
export interface PathTemplate {
	/** Such as `/users/{id}`. */
	readonly template: string;
	/** In the order of the path. */
	readonly parameters: readonly PathParameter[];
}

const optionalEnd = /^(.*)(\/:[^/()]*)\?(\/?)$/;

/**
 * A path in find-my-way's syntax as OpenAPI templates: two where the last
 * parameter is optional, since a path parameter in OpenAPI never is.
 */
export function toPathTemplates(path: string): readonly PathTemplate[] {
	const optional = optionalEnd.exec(path);
	if (optional === null) return [parsePath(path)];
	const [, before = "", parameter = "", after = ""] = optional;
	return [
		parsePath(before + after || "/"),
		parsePath(before + parameter + after),
	];
}

function parsePath(path: string): PathTemplate {
	const parameters: PathParameter[] = [];
	let template = "";
	let at = 0;
	while (at < path.length) {
		const found = parseParameter(path, at, parameters);
		if (found === null) {
			// A doubled colon stands for one.
			const isEscape = path.startsWith("::", at);
			template += toLiteral(path[at] as string);
			at += isEscape ? 2 : 1;
		} else {
			parameters.push(found.parameter);
			template += `{${found.parameter.name}}`;
			at = found.end;
		}
	}
	return {
		template: template.startsWith("/") ? template : `/${template}`,
		parameters,
	};
}

function parseParameter(
	path: string,
	at: number,
	earlier: readonly PathParameter[],
): { parameter: PathParameter; end: number } | null {
	if (path[at] === "*") {
		const isTaken = earlier.some(({ name }) => name === "path");
		const name = isTaken ? "wildcard" : "path";
		return { parameter: { source: "*", name, pattern: null }, end: at + 1 };
	}
	if (path[at] !== ":" || path[at + 1] === ":") return null;
	const start = at + 1;
	const length = path.slice(start).search(/[-./(]|$/);
	const name = path.slice(start, start + length);
	const end = start + length;
	if (path[end] !== "(") {
		return { parameter: { source: name, name, pattern: null }, end };
	}
	const close = findClosing(path, end);
	const pattern = toPattern(path.slice(end + 1, close));
	return { parameter: { source: name, name, pattern }, end: close + 1 };
}

function findClosing(path: string, open: number): number {
	let depth = 0;
	for (let i = open; i < path.length; i++) {
		if (path[i] === "\\") i++;
		else if (path[i] === "(") depth++;
		else if (path[i] === ")" && --depth === 0) return i;
	}
	return path.length;
}

/** find-my-way matches the whole value whether or not the expression is anchored; a JSON Schema pattern must say so. */
function toPattern(expression: string): string {
	const bare = expression.replace(/^\^/, "").replace(/\$$/, "");
	return bare.includes("|") ? `^(?:${bare})$` : `^${bare}$`;
}

function toLiteral(char: string): string {
	return char === "{" ? "%7B" : char === "}" ? "%7D" : char;
}

/**
 * Gives paths that differ only in the names of their parameters one template,
 * the first one's: OpenAPI holds them for identical and allows one.
 */
export class TemplateNames {
	readonly #byShape = new Map<string, PathTemplate>();

	unify(path: PathTemplate): PathTemplate {
		const shape = path.template.replaceAll(/\{[^}]*\}/g, "{}");
		const first = this.#byShape.get(shape);
		if (first === undefined) {
			this.#byShape.set(shape, path);
			return path;
		}
		const parameters = path.parameters.map((parameter, i) => ({
			...parameter,
			name: first.parameters[i]?.name ?? parameter.name,
		}));
		return { template: first.template, parameters };
	}
}
