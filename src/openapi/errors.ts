import { STATUS_CODES } from "node:http";
import type { ErrorFormat } from "../http/reply.ts";
import type { Schema } from "../params/schema.ts";
import type { JsonObject } from "./json.ts";
import type { SchemaCollector } from "./schemas.ts";

const location = {
	type: "array",
	items: { anyOf: [{ type: "string" }, { type: "integer" }] },
	title: "Location",
};

const problemItem = {
	$id: "ProblemItem",
	type: "object",
	required: ["loc", "msg", "type"],
	properties: {
		loc: { ...location, description: "Where, such as path and id." },
		msg: { type: "string", description: "What is wrong." },
		type: { type: "string", description: "The kind, for programs." },
	},
} as const;

const problemProperties = {
	type: { type: "string" },
	title: { type: "string" },
	status: { type: "integer" },
	detail: { type: "string" },
	code: { type: "string", description: "For programs; it does not change." },
} as const;

/** RFC 9457 problem details, as the gateway renders every refusal. */
const problem: Schema = {
	$id: "Problem",
	type: "object",
	required: Object.keys(problemProperties),
	properties: problemProperties,
} as Schema;

const validationProblem: Schema = {
	$id: "ValidationProblem",
	type: "object",
	required: [...Object.keys(problemProperties), "errors"],
	properties: {
		...problemProperties,
		errors: { type: "array", items: problemItem },
	},
} as Schema;

/** The names and shapes are those of a FastAPI application, for clients generated from one. */
const httpValidationError: Schema = {
	$id: "HTTPValidationError",
	title: "HTTPValidationError",
	type: "object",
	properties: {
		detail: {
			title: "Detail",
			type: "array",
			items: {
				$id: "ValidationError",
				title: "ValidationError",
				type: "object",
				required: ["loc", "msg", "type"],
				properties: {
					loc: location,
					msg: { type: "string", title: "Message" },
					type: { type: "string", title: "Error Type" },
				},
			},
		},
	},
} as Schema;

const httpError: Schema = {
	$id: "HTTPError",
	title: "HTTPError",
	type: "object",
	required: ["detail"],
	properties: { detail: { type: "string", title: "Detail" } },
} as Schema;

/** The response to a request that does not conform to what is declared. */
export function invalidRequest(
	format: ErrorFormat | null,
	schemas: SchemaCollector,
): JsonObject {
	const isFastApi = format === "fastapi";
	if (format === null) return { description: STATUS_CODES[422] as string };
	return {
		description: isFastApi ? "Validation Error" : (STATUS_CODES[422] as string),
		...toContent(
			format,
			schemas.describe(isFastApi ? httpValidationError : validationProblem),
		),
	};
}

/** What a refusal carries. */
export function refusal(
	format: ErrorFormat | null,
	schemas: SchemaCollector,
): JsonObject {
	if (format === null) return {};
	const schema = format === "fastapi" ? httpError : problem;
	return toContent(format, schemas.describe(schema));
}

function toContent(format: ErrorFormat, schema: JsonObject): JsonObject {
	const type =
		format === "fastapi" ? "application/json" : "application/problem+json";
	return { content: { [type]: { schema } } };
}
