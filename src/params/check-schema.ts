import Format from "typebox/format";
import {
	anyText,
	anything,
	type Check,
	either,
	flag,
	list,
	mapOf,
	must,
	nearestName,
	object,
	oneOf,
	usable,
	whole,
} from "../http/options.ts";

/** Formats of OpenAPI and of JSON Schema's vocabulary for content: they say what a value is for, and check nothing. */
const described: readonly string[] = [
	...["binary", "byte", "char", "decimal", "double", "float", "html"],
	...["int16", "int32", "int64", "int8", "markdown", "password"],
	...["uint16", "uint32", "uint64", "uint8"],
];
const jsonTypes: readonly string[] = [
	...["array", "boolean", "integer", "null", "number", "object", "string"],
];
/** Of values that only JavaScript has; TypeBox makes them. */
const otherTypes: readonly string[] = [
	...["asyncIterator", "bigint", "constructor", "function", "iterator"],
	...["promise", "symbol", "undefined", "void"],
];
const jsonType = oneOf(...jsonTypes);
const typeName: Check = (value, name) =>
	otherTypes.includes(value as string) ? [] : jsonType(value, name);
const number = must(
	"a number",
	(value) => Number.isFinite(value) || typeof value === "bigint",
);
const schema: Check = (value, name) =>
	typeof value === "boolean" ? [] : problemsOf(value, name);
const schemas = list(schema);
const named = mapOf(schema);
const names = list(anyText);
const pattern: Check = (value, name) => {
	if (value instanceof RegExp) return [];
	const problems = anyText(value, name);
	if (problems.length > 0) return problems;
	return usable((source: string) => new RegExp(source, "u"))(value, name);
};
const format: Check = (value, name) => {
	if (typeof value !== "string") return anyText(value, name);
	if (Format.Has(value) || described.includes(value)) return [];
	const known = [...Format.Entries().map(([one]) => one), ...described];
	const near = nearestName(value, known);
	const hint =
		near === null
			? "; make it known with Format.Set of typebox/format"
			: `; did you mean "${near}"?`;
	return [`${name}: there is no format "${value}"${hint}`];
};

/** The keywords of JSON Schema (draft 2020-12, and what draft 7 called otherwise), of OpenAPI, and `style` of ours. */
const keywords: Readonly<Record<string, Check>> = {
	type: (value, name) =>
		(Array.isArray(value) ? list(typeName, 1) : typeName)(value, name),
	properties: named,
	required: names,
	items: either("a schema or an array of schemas", schema, schemas),
	prefixItems: schemas,
	additionalItems: schema,
	additionalProperties: schema,
	unevaluatedItems: schema,
	unevaluatedProperties: schema,
	patternProperties: named,
	propertyNames: schema,
	dependentSchemas: named,
	dependentRequired: mapOf(names),
	dependencies: object,
	contains: schema,
	minContains: whole(),
	maxContains: whole(),
	enum: list(anything),
	const: anything,
	anyOf: schemas,
	oneOf: schemas,
	allOf: schemas,
	not: schema,
	if: schema,
	// biome-ignore lint/suspicious/noThenProperty: it is a keyword
	then: schema,
	else: schema,
	format,
	pattern,
	minLength: whole(),
	maxLength: whole(),
	minimum: number,
	maximum: number,
	exclusiveMinimum: number,
	exclusiveMaximum: number,
	multipleOf: number,
	minItems: whole(),
	maxItems: whole(),
	uniqueItems: flag,
	minProperties: whole(),
	maxProperties: whole(),
	$id: anyText,
	$schema: anyText,
	$anchor: anyText,
	$dynamicAnchor: anyText,
	$ref: anyText,
	$dynamicRef: anyText,
	$defs: named,
	definitions: named,
	$comment: anyText,
	default: anything,
	title: anyText,
	description: anyText,
	examples: anything,
	example: anything,
	deprecated: flag,
	readOnly: flag,
	writeOnly: flag,
	contentEncoding: anyText,
	contentMediaType: anyText,
	contentSchema: schema,
	discriminator: object,
	externalDocs: object,
	xml: object,
	style: oneOf("csv"),
	// TypeBox's own.
	parameters: anything,
	returnType: anything,
	instanceType: anything,
	item: anything,
	iteratorItems: anything,
};

const pairs = [
	["minimum", "maximum"],
	["minLength", "maxLength"],
	["minItems", "maxItems"],
	["minProperties", "maxProperties"],
	["minContains", "maxContains"],
] as const;

/**
 * Checks a JSON Schema: keywords, types and formats that are not known check nothing, and a reference to nowhere
 * rejects everything. Names that begin with `x-` are free.
 *
 * @throws TypeError that lists every problem by its place in the schema.
 */
export function checkSchema(json: Readonly<Record<string, unknown>>): void {
	const problems = [...problemsOf(json, ""), ...findDangling(json)];
	if (problems.length > 0) throw new TypeError(problems.join("; "));
}

function problemsOf(value: unknown, place: string): readonly string[] {
	const problems = [...object(value, place || "a schema")];
	if (problems.length > 0) return problems;
	const json = value as Readonly<Record<string, unknown>>;
	const at = place === "" ? "" : `${place}.`;
	for (const [name, one] of Object.entries(json)) {
		if (one === undefined || /^(?:x-|~)/.test(name)) continue;
		const check = Object.hasOwn(keywords, name) ? keywords[name] : undefined;
		if (check !== undefined) problems.push(...check(one, at + name));
		else problems.push(unknownKeyword(name, place));
	}
	for (const [least, most] of pairs) {
		if ((json[least] as number) > (json[most] as number)) {
			problems.push(`${at}${least} is above ${most}: nothing fits`);
		}
	}
	return problems;
}

function unknownKeyword(name: string, place: string): string {
	const near = nearestName(name, Object.keys(keywords));
	const hint =
		near === null
			? "; names of your own begin with x-"
			: `; did you mean "${near}"?`;
	const where = place === "" ? "" : `${place}: `;
	return `${where}there is no keyword "${name}" in JSON Schema${hint}`;
}

/** What holds values, not schemas. */
const data: ReadonlySet<string> = new Set([
	...["const", "default", "enum", "example", "examples"],
]);

/** References that lead nowhere: of such a schema nothing would be valid. */
function* findDangling(root: object): Generator<string> {
	const names = new Set<unknown>();
	const refs = new Set<string>();
	const gather = (value: unknown): void => {
		if (typeof value !== "object" || value === null) return;
		for (const [key, one] of Object.entries(value)) {
			if (key === "$id") names.add(one);
			else if (/^\$(?:dynamicA|a)nchor$/.test(key)) names.add(`#${one}`);
			else if (key === "$ref" && typeof one === "string") refs.add(one);
			else if (!data.has(key)) gather(one);
		}
	};
	gather(root);
	for (const ref of refs) {
		const [document = "", fragment = ""] = ref.split("#", 2);
		const isFound =
			document === ""
				? names.has(ref) || leadsSomewhere(root, fragment)
				: [...names].some((name) => isSameDocument(String(name), document));
		if (!isFound) yield `$ref: "${ref}" leads nowhere`;
	}
}

/** A name may be relative to that of the whole. */
function isSameDocument(name: string, document: string): boolean {
	return name === document || name.endsWith(`/${document}`);
}

/** A JSON Pointer (RFC 6901) in a fragment. */
function leadsSomewhere(root: object, fragment: string): boolean {
	let value: unknown = root;
	for (const part of fragment.split("/").slice(1)) {
		const key = decodeURIComponent(part)
			.replaceAll("~1", "/")
			.replaceAll("~0", "~");
		if (typeof value !== "object" || value === null) return false;
		value = (value as Record<string, unknown>)[key];
	}
	return fragment === "" || (fragment.startsWith("/") && value !== undefined);
}
