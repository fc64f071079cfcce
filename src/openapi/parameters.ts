import type { RouteOptions } from "../model/route-options.ts";
import type { Input } from "../model/types.ts";
import {
	compileSchema,
	isStandardSchema,
	type Schema,
	type Shape,
} from "../params/schema.ts";
import type { JsonObject } from "./json.ts";
import type { PathParameter } from "./paths.ts";
import type { SchemaCollector } from "./schemas.ts";

type Place = "path" | "query" | "header" | "cookie";

interface Declared {
	readonly in: Place;
	readonly name: string;
	readonly schema: Schema;
}

/**
 * The parameters of an operation: those in its path, those its route declares,
 * and those its dependencies read. Where both declare one, the route's schema
 * is shown.
 */
export function toParameters(
	path: readonly PathParameter[],
	options: RouteOptions<never>,
	inputs: readonly Input[],
	schemas: SchemaCollector,
): JsonObject[] {
	const read = inputs.map(toDeclared).filter((input) => input !== null);
	const inPath = path.map((parameter) => {
		const declared =
			options.path?.[parameter.source] ??
			read.find((d) => d.in === "path" && d.name === parameter.source)?.schema;
		return toPathParameter(parameter, declared, schemas);
	});
	const query = options.query === "drop" ? undefined : options.query;
	const declared = unique([
		...toDeclaredShape("query", query),
		...toDeclaredShape("header", options.headers),
		...toDeclaredShape("cookie", options.cookies),
		...read.filter((input) => input.in !== "path"),
	]);
	return [...inPath, ...declared.map((one) => toParameter(one, schemas))];
}

function toDeclared(input: Input): Declared | null {
	const { source, name, schema } = input;
	return source === "form" ? null : { in: source, name, schema };
}

function toDeclaredShape(place: Place, shape: Shape | undefined): Declared[] {
	return Object.entries(shape ?? {}).map(([name, schema]) => ({
		in: place,
		name,
		schema,
	}));
}

function unique(declared: readonly Declared[]): Declared[] {
	const byKey = new Map<string, Declared>();
	for (const one of declared) {
		const name = one.in === "header" ? one.name.toLowerCase() : one.name;
		const key = `${one.in} ${name}`;
		if (!byKey.has(key)) byKey.set(key, one);
	}
	return [...byKey.values()];
}

function toPathParameter(
	{ name, pattern }: PathParameter,
	schema: Schema | undefined,
	schemas: SchemaCollector,
): JsonObject {
	const declared: Declared = {
		in: "path",
		name,
		schema:
			schema ??
			(pattern === null ? { type: "string" } : toPatternSchema(pattern)),
	};
	return { ...toParameter(declared, schemas), required: true };
}

function toPatternSchema(pattern: string): Schema {
	return { type: "string", pattern } as Schema;
}

function toParameter(
	{ in: place, name, schema }: Declared,
	schemas: SchemaCollector,
): JsonObject {
	const { json, optional } = readTerms(schema);
	const { style: _style, ...described } = schemas.describe(schema);
	return {
		name,
		in: place,
		required: !optional,
		...(json.description === undefined
			? {}
			: { description: json.description }),
		...(json.deprecated === true ? { deprecated: true } : {}),
		// `style: 'csv'` is the gateway's word for one value with commas; OpenAPI says it beside the schema.
		...(json.style === "csv"
			? { style: place === "query" ? "form" : "simple", explode: false }
			: {}),
		schema: described,
	};
}

/** What the schema itself says of the value, and whether it may be absent. */
export function readTerms(schema: Schema): {
	json: Readonly<JsonObject>;
	optional: boolean;
} {
	if (isStandardSchema(schema)) {
		const { json, optional } = compileSchema(schema);
		return { json: json ?? {}, optional };
	}
	// Not compiled: a document of a thousand routes would make a thousand checking functions that nobody calls.
	return {
		json: schema as Readonly<JsonObject>,
		optional: "~optional" in schema || "default" in schema,
	};
}
