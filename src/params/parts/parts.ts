import type { Problem } from "../../http/errors.ts";
import {
	type CompiledSchema,
	compileSchema,
	type Schema,
	type Shape,
} from "../schema.ts";
import { type Coercion, compileCoercion } from "./coerce.ts";
import { addProblem, type Location } from "./problems.ts";

type Json = Readonly<Record<string, unknown>>;

/** The parts of a request head that carry named values. */
export type Part = "path" | "query" | "header" | "cookie";

/** One declared value: where it is, and how it is read. */
export interface Field {
	readonly part: Part | "form";
	/** As declared. */
	readonly name: string;
	/** As looked up: header names in lower case. */
	readonly key: string;
	readonly loc: Location;
	readonly schema: CompiledSchema;
	readonly coercion: Coercion;
	/** Whether an empty text counts as absent, as an input left empty in a page sends it. */
	readonly isEmptyAbsent: boolean;
}

/** A declared value made ready. */
export function compileField(
	part: Part | "form",
	name: string,
	schema: Schema,
): Field {
	const compiled = compileSchema(schema);
	return {
		part,
		name,
		key: part === "header" ? name.toLowerCase() : name,
		loc: [part === "form" ? "body" : part, name],
		schema: compiled,
		coercion: compileCoercion(compiled, part === "header"),
		isEmptyAbsent:
			(part === "query" || part === "form") &&
			compiled.optional &&
			(compiled.json === null || takesNoText(compiled.json)),
	};
}

/** Whether it is a number, a boolean or a date, to which an empty text says nothing. */
function takesNoText(json: Json): boolean {
	const branches = json.anyOf ?? json.oneOf;
	if (Array.isArray(branches)) return branches.every(takesNoText);
	const types = Array.isArray(json.type) ? json.type : [json.type];
	return types.every(
		(type) =>
			/^(?:integer|number|boolean|null)$/.test(type) ||
			(type === "string" && /^(?:date|time|date-time)$/.test(`${json.format}`)),
	);
}

/** All values of a part made ready. */
export function compileFields(part: Part, shape: Shape): readonly Field[] {
	return Object.entries(shape).map(([name, schema]) =>
		compileField(part, name, schema),
	);
}

/**
 * The checked value of a field from its text; complaints go to `problems`.
 * A promise only where an asynchronous Standard Schema checks it.
 */
export function readField(
	field: Field,
	raw: string | string[] | undefined,
	problems: Problem[],
): unknown {
	const { schema, coercion } = field;
	const isAbsent = raw === "" && field.isEmptyAbsent && schema.json !== null;
	if (raw === undefined || isAbsent) return readAbsent(field, problems);
	if (typeof raw !== "string" && !coercion.takesMany) {
		addProblem(problems, {
			loc: field.loc,
			msg: "Given more than once",
			type: "repeated",
		});
		return undefined;
	}
	if (schema.json === null && typeof raw === "string") {
		return readUntold(field, raw, problems);
	}
	const value = coercion.convert(raw);
	return schema.standard || !schema.check(value)
		? schema.validate(value, field.loc, problems)
		: value;
}

/**
 * A value whose schema does not tell whether it is a list: one that is given
 * once is a text first, and a list of one where the schema takes no text.
 */
function readUntold(field: Field, text: string, problems: Problem[]): unknown {
	const asText: Problem[] = [];
	const asList: Problem[] = [];
	const settle = (value: unknown, list: unknown): unknown => {
		if (asText.length === 0) return value;
		if (asList.length === 0) return list;
		if (text === "" && field.isEmptyAbsent) {
			return readAbsent(field, problems);
		}
		for (const problem of asText) addProblem(problems, problem);
		return value;
	};
	const { schema, loc } = field;
	const value = schema.validate(text, loc, asText);
	if (value instanceof Promise) {
		return value.then(async (settled: unknown) =>
			asText.length === 0
				? settled
				: settle(settled, await schema.validate([text], loc, asList)),
		);
	}
	if (asText.length === 0) return value;
	const list = schema.validate([text], loc, asList);
	return list instanceof Promise
		? list.then((settled: unknown) => settle(value, settled))
		: settle(value, list);
}

function readAbsent(field: Field, problems: Problem[]): unknown {
	const { schema } = field;
	if (!schema.optional) {
		addProblem(problems, {
			loc: field.loc,
			msg: "Field required",
			type: "missing",
		});
		return undefined;
	}
	if (schema.standard) return schema.validate(undefined, field.loc, problems);
	const fallback = schema.json?.default;
	return typeof fallback === "object" ? structuredClone(fallback) : fallback;
}

/** Every line of a header, from node's flat list; one line as a string, none as undefined. `name` in lower case. */
export function findHeader(
	rawHeaders: readonly string[],
	name: string,
): string | string[] | undefined {
	let found: string | string[] | undefined;
	for (let i = 0; i < rawHeaders.length; i += 2) {
		const candidate = rawHeaders[i] as string;
		if (
			candidate.length !== name.length ||
			(candidate !== name && candidate.toLowerCase() !== name)
		) {
			continue;
		}
		const value = rawHeaders[i + 1] as string;
		if (found === undefined) found = value;
		else if (typeof found === "string") found = [found, value];
		else found.push(value);
	}
	return found;
}

/** The value of a cookie (RFC 6265 section 4.2), as it stands; several of one name as an array. */
export function findCookie(
	rawHeaders: readonly string[],
	name: string,
): string | string[] | undefined {
	const lines = findHeader(rawHeaders, "cookie");
	if (lines === undefined) return undefined;
	const found: string[] = [];
	for (const line of typeof lines === "string" ? [lines] : lines) {
		for (const pair of line.split(";")) {
			const equals = pair.indexOf("=");
			if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
			found.push(unquote(pair.slice(equals + 1).trim()));
		}
	}
	return found.length > 1 ? found : found[0];
}

function unquote(value: string): string {
	return value.length >= 2 && value.startsWith('"') && value.endsWith('"')
		? value.slice(1, -1)
		: value;
}
