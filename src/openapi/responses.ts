import { STATUS_CODES } from "node:http";
import type { ErrorFormat } from "../http/reply.ts";
import {
	isStatusMap,
	type ResponseOptions,
	toResponseOptions,
} from "../model/response-options.ts";
import type { RouteOptions } from "../model/route-options.ts";
import type { DocsContribution } from "../model/types.ts";
import { isStandardSchema, type Schema } from "../params/schema.ts";
import { invalidRequest, refusal } from "./errors.ts";
import { isJsonObject, type JsonObject, mergeDeep } from "./json.ts";
import type { SchemaCollector } from "./schemas.ts";

/** What the responses of an operation are made from. */
export interface ResponseSources {
	readonly options: RouteOptions<never>;
	readonly contributions: readonly DocsContribution[];
	/** Whether a request can fail to conform to what is declared. */
	readonly canBeInvalid: boolean;
	/** Null where a function makes the responses to errors: their shape is not known. */
	readonly errorFormat: ErrorFormat | null;
	/** HEAD answers never have a body. */
	readonly hasBody: boolean;
	/** 304 answers GET and HEAD alone (RFC 9110 section 15.4.5), whatever a policy of several methods says. */
	readonly canBeUnmodified: boolean;
}

/**
 * The responses of an operation: success, 422 where something is declared, what
 * dependencies and policies add, and last what the route itself says.
 */
export function toResponses(
	sources: ResponseSources,
	schemas: SchemaCollector,
): JsonObject {
	const { options, errorFormat } = sources;
	let responses = toSuccess(sources, schemas);
	if (sources.canBeInvalid) {
		responses["422"] = invalidRequest(errorFormat, schemas);
	}
	for (const { responses: added = {} } of sources.contributions) {
		const said = describeContent({ ...added }, schemas) as JsonObject;
		if (!sources.canBeUnmodified) delete said["304"];
		responses = mergeDeep(responses, withRefusals(said, errorFormat, schemas));
	}
	const own = describeContent(options.responses ?? {}, schemas) as JsonObject;
	return withDescriptions(mergeDeep(responses, own));
}

function toSuccess(
	{ options, hasBody }: ResponseSources,
	schemas: SchemaCollector,
): JsonObject {
	const byStatus = readSchemas(options);
	const first = Object.keys(byStatus).find((status) => status.startsWith("2"));
	const main = String(options.statusCode ?? first ?? 200);
	if (options.statusCode !== undefined || first === undefined) {
		byStatus[main] ??= null;
	}
	const responses: JsonObject = {};
	for (const [status, schema] of Object.entries(byStatus)) {
		const canCarry = hasBody && !/^(?:1..|204|205|304)$/.test(status);
		responses[status] = {
			description: describeStatus(status),
			...(schema === null || !canCarry
				? {}
				: {
						content: {
							"application/json": { schema: schemas.describe(schema) },
						},
					}),
		};
	}
	const { responseDescription: description } = options;
	return description === undefined
		? responses
		: mergeDeep(responses, { [main]: { description } });
}

function readSchemas({
	response,
	statusCode = 200,
}: RouteOptions<never>): Record<string, Schema | null> {
	const options = toResponseOptions(response);
	const { schema } = options;
	if (schema === undefined) return {};
	if (isStatusMap(schema)) return { ...schema };
	return { [statusCode]: toSelected(schema as Schema, options) };
}

/** The schema of what a selected answer keeps: without the top-level keys that are left out. */
function toSelected(
	schema: Schema,
	{ include, exclude }: ResponseOptions<never>,
): Schema {
	if (include === undefined && exclude === undefined) return schema;
	if (isStandardSchema(schema) || !isJsonObject(schema.properties)) {
		return schema;
	}
	const isKept = (key: string): boolean =>
		(include?.includes(key) ?? true) && !(exclude?.includes(key) ?? false);
	const { $id: _id, ...rest } = schema as Readonly<JsonObject>;
	const kept = Object.entries(schema.properties).filter(([key]) => isKept(key));
	return {
		...rest,
		properties: Object.fromEntries(kept),
		...(Array.isArray(schema.required)
			? { required: schema.required.filter(isKept) }
			: {}),
	};
}

/** What a dependency or policy refuses with is rendered by the gateway, unless it says otherwise. */
function withRefusals(
	responses: JsonObject,
	format: ErrorFormat | null,
	schemas: SchemaCollector,
): JsonObject {
	const entries = Object.entries(responses).map(([status, response]) => {
		const said = response as JsonObject;
		const isBare = said.content === undefined && said.$ref === undefined;
		return isBare && status >= "400"
			? [status, { ...said, ...refusal(format, schemas) }]
			: [status, said];
	});
	return Object.fromEntries(entries) as JsonObject;
}

function withDescriptions(responses: JsonObject): JsonObject {
	const entries = Object.entries(responses).map(([status, response]) => [
		status,
		// OpenAPI wants a description at every response that is no reference.
		isJsonObject(response) && !("$ref" in response)
			? { description: describeStatus(status), ...response }
			: response,
	]);
	return Object.fromEntries(entries) as JsonObject;
}

function describeStatus(status: string): string {
	return STATUS_CODES[status] ?? "Answer";
}

const verbatim = new Set(["example", "examples", "value"]);

/** OpenAPI written by hand, with each schema in it turned like all others. */
export function describeContent(
	value: unknown,
	schemas: SchemaCollector,
): unknown {
	if (Array.isArray(value)) {
		return value.map((item) => describeContent(item, schemas));
	}
	if (!isJsonObject(value)) return value;
	const entries = Object.entries(value).map(([key, item]) => {
		if (verbatim.has(key)) return [key, item];
		const isSchema = key === "schema" && isJsonObject(item);
		return [
			key,
			isSchema ? schemas.describe(item) : describeContent(item, schemas),
		];
	});
	return Object.fromEntries(entries);
}
