import type { RouteOptions } from "../model/route-options.ts";
import type { Input } from "../model/types.ts";
import { type FileSchema, isFileSchema } from "../params/form/form.ts";
import type { Schema } from "../params/schema.ts";
import type { JsonObject } from "./json.ts";
import { readTerms } from "./parameters.ts";
import type { SchemaCollector } from "./schemas.ts";

/** What an operation takes as its body: what its route declares and what its dependencies read from a form; null where nothing is declared. */
export function toRequestBody(
	options: RouteOptions<never>,
	inputs: readonly Input[],
	schemas: SchemaCollector,
): JsonObject | null {
	const json = options.body ?? null;
	const fields = gatherFields(options, inputs);
	if (json === null && fields === null) return null;
	const isJsonRequired = json !== null && !readTerms(json).optional;
	const form = fields === null ? null : toForm(fields, schemas);
	return {
		required: isJsonRequired || form?.isRequired === true,
		content: {
			...(json === null
				? {}
				: { "application/json": { schema: schemas.describe(json) } }),
			...form?.content,
		},
	};
}

type FormFields = Readonly<Record<string, Schema | FileSchema>>;

function gatherFields(
	options: RouteOptions<never>,
	inputs: readonly Input[],
): FormFields | null {
	const read = inputs
		.filter(({ source }) => source === "form")
		.map(({ name, schema }) => [name, schema] as const);
	if (options.form === undefined && read.length === 0) return null;
	return { ...Object.fromEntries(read), ...options.form };
}

function toForm(
	fields: FormFields,
	schemas: SchemaCollector,
): { isRequired: boolean; content: JsonObject } {
	const entries = Object.entries(fields);
	const required = entries.filter(([, s]) => !isOptional(s)).map(([n]) => n);
	const properties = entries.map(([name, schema]) => [
		name,
		isFileSchema(schema) ? toFile(schema) : schemas.describe(schema),
	]);
	const schema = {
		type: "object",
		...(required.length === 0 ? {} : { required }),
		properties: Object.fromEntries(properties) as JsonObject,
	};
	const encoding = toEncoding(entries);
	const isMultipart = entries.some(([, one]) => isFileSchema(one));
	return {
		isRequired: required.length > 0,
		// Files travel in multipart alone; fields in either, and urlencoded is what most clients send.
		content: isMultipart
			? { "multipart/form-data": { schema, encoding } }
			: {
					"application/x-www-form-urlencoded": { schema },
					"multipart/form-data": { schema },
				},
	};
}

function isOptional(schema: Schema | FileSchema): boolean {
	return isFileSchema(schema) ? schema.optional : readTerms(schema).optional;
}

/** `format: binary` is OpenAPI 3.0's word; 3.1 readers keep it, and a docs page offers a file chooser for it. */
function toFile(schema: FileSchema): JsonObject {
	const one = { type: "string", format: "binary" };
	const said = { description: schema.description ?? undefined };
	return schema.multiple
		? { type: "array", items: one, ...said }
		: { ...one, ...said };
}

/** The content types of those files that do not take all; undefined where there is none. */
function toEncoding(
	entries: readonly (readonly [string, Schema | FileSchema])[],
): JsonObject | undefined {
	const encoding: JsonObject = {};
	for (const [name, schema] of entries) {
		if (!isFileSchema(schema) || schema.contentTypes === null) continue;
		encoding[name] = { contentType: schema.contentTypes.join(", ") };
	}
	return Object.keys(encoding).length === 0 ? undefined : encoding;
}
