import type { ErrorFormat } from "../http/reply.ts";
import { allMethods } from "../model/route.ts";
import type { Route } from "../model/route-options.ts";
import { type JsonObject, mergeDeep, toPlainJson } from "./json.ts";
import { gatherNeeds, type SharedNeeds } from "./needs.ts";
import { nameOperations } from "./operation-ids.ts";
import { toParameters } from "./parameters.ts";
import {
	type PathParameter,
	type PathTemplate,
	TemplateNames,
	toPathTemplates,
} from "./paths.ts";
import { toRequestBody } from "./request-body.ts";
import { describeContent, toResponses } from "./responses.ts";
import { SchemaCollector } from "./schemas.ts";
import { SecurityCollector } from "./security.ts";

/** What the document says of the gateway as a whole. */
export interface DocumentInfo {
	readonly title: string;
	readonly version: string;
	readonly description?: string | undefined;
	/** Where the gateway is reached, as OpenAPI 3.1 writes it. Default none: where the document came from. */
	readonly servers?: readonly Readonly<JsonObject>[] | undefined;
	/** The gateway's; it decides what a 422 looks like. Default `'problem'`. */
	readonly errorFormat?: ErrorFormat | null | undefined;
}

/** An OpenAPI 3.1 document as plain JSON. */
export interface OpenApiDocument {
	readonly openapi: string;
	readonly info: Readonly<{
		title: string;
		version: string;
		description?: string;
	}>;
	readonly servers?: readonly Readonly<JsonObject>[];
	readonly paths: Readonly<Record<string, Readonly<JsonObject>>>;
	readonly components?: Readonly<Record<string, Readonly<JsonObject>>>;
	readonly tags?: readonly { readonly name: string }[];
}

/** The methods an OpenAPI 3.1 path item can hold. */
const describable: readonly string[] = [
	"GET",
	"PUT",
	"POST",
	"DELETE",
	"OPTIONS",
	"HEAD",
	"PATCH",
	"TRACE",
];
/** What a route for every method is shown as: the methods a reader would look for. */
const common: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** One method at one path of one route. */
interface Operation {
	readonly route: Route;
	readonly method: string;
	readonly template: string;
	readonly path: readonly PathParameter[];
}

/** Everything that is gathered across operations. */
interface Gathered {
	readonly schemas: SchemaCollector;
	readonly security: SecurityCollector;
	readonly shared: SharedNeeds;
	readonly errorFormat: ErrorFormat | null;
}

/**
 * The OpenAPI 3.1 document of these routes: what they declare, and what stands
 * in front of them. A method that OpenAPI has no word for is left out, and of
 * two routes whose paths OpenAPI can not tell apart (`/files/:id` and
 * `/files/*`) the first one is shown.
 */
export function createDocument(
	info: DocumentInfo,
	routes: readonly Route[],
	shared: SharedNeeds,
): OpenApiDocument {
	const gathered: Gathered = {
		schemas: new SchemaCollector(),
		security: new SecurityCollector(),
		shared,
		errorFormat: info.errorFormat === undefined ? "problem" : info.errorFormat,
	};
	const operations = listOperations(routes);
	const paths = toPaths(operations, gathered);
	gathered.schemas.close();
	return toPlainJson({
		openapi: "3.1.0",
		info: {
			title: info.title,
			version: info.version,
			description: info.description,
		},
		servers: info.servers,
		paths,
		components: toComponents(gathered),
		tags: toTags(operations),
	}) as unknown as OpenApiDocument;
}

function listOperations(routes: readonly Route[]): readonly Operation[] {
	const shown = routes.filter((r) => r.options.includeInDocs !== false);
	// Routes for every method give way to those for one, wherever they stand.
	const ordered = [
		...shown.filter((route) => !route.methods.includes(allMethods)),
		...shown.filter((route) => route.methods.includes(allMethods)),
	];
	const names = new TemplateNames();
	const taken = new Map<string, Operation>();
	for (const route of ordered) {
		for (const path of toPathTemplates(route.path)) {
			for (const operation of toOperations(route, names.unify(path))) {
				const key = `${operation.method} ${operation.template}`;
				if (!taken.has(key)) taken.set(key, operation);
			}
		}
	}
	const order = new Map(shown.map((route, i) => [route, i]));
	const place = ({ route }: Operation): number => order.get(route) ?? 0;
	return [...taken.values()].sort((a, b) => place(a) - place(b));
}

function toOperations(
	route: Route,
	{ template, parameters }: PathTemplate,
): readonly Operation[] {
	const methods = route.methods.includes(allMethods)
		? common
		: route.methods.filter((method) => describable.includes(method));
	return methods.map((method) => ({
		route,
		method,
		template,
		path: parameters,
	}));
}

function toPaths(
	operations: readonly Operation[],
	gathered: Gathered,
): Record<string, JsonObject> {
	const ids = nameOperations(
		operations.map(({ method, template, route }) => ({
			method,
			template,
			declared: route.options.operationId ?? null,
		})),
	);
	const paths: Record<string, JsonObject> = {};
	operations.forEach((operation, i) => {
		paths[operation.template] ??= {};
		const item = paths[operation.template] as JsonObject;
		const described = toOperation(operation, ids[i] as string, gathered);
		item[operation.method.toLowerCase()] = described;
	});
	return paths;
}

function toOperation(
	{ route, method, path }: Operation,
	operationId: string,
	{ schemas, security, shared, errorFormat }: Gathered,
): JsonObject {
	const { options } = route;
	const { inputs, contributions } = gatherNeeds(route, shared);
	const declared = toParameters(path, options, inputs, schemas);
	const { parameters, requirements } = security.describe(
		contributions,
		declared,
	);
	const requestBody = toRequestBody(options, inputs, schemas);
	const responses = toResponses(
		{
			options,
			contributions,
			canBeInvalid: canBeInvalid(route, inputs.length > 0),
			errorFormat,
			hasBody: method !== "HEAD",
			canBeUnmodified: method === "GET" || method === "HEAD",
		},
		schemas,
	);
	const operation: JsonObject = {
		tags: route.tags.length === 0 ? undefined : [...new Set(route.tags)],
		summary: options.summary,
		description: options.description,
		operationId,
		deprecated: options.deprecated === true ? true : undefined,
		parameters: parameters.length === 0 ? undefined : parameters,
		requestBody: requestBody ?? undefined,
		responses,
		security: requirements ?? undefined,
	};
	const own = describeContent(options.openapi ?? {}, schemas) as JsonObject;
	return mergeDeep(operation, own);
}

function canBeInvalid({ options }: Route, hasInputs: boolean): boolean {
	const { validation = "reject", query } = options;
	if (validation !== "reject") return false;
	const shapes = [
		options.path,
		query === "drop" ? undefined : query,
		options.headers,
		options.cookies,
		options.form,
	];
	return (
		hasInputs ||
		options.body !== undefined ||
		shapes.some((shape) => Object.keys(shape ?? {}).length > 0)
	);
}

function toComponents({ schemas, security }: Gathered): JsonObject | undefined {
	const components: JsonObject = {};
	if (Object.keys(schemas.components).length > 0) {
		components.schemas = schemas.components;
	}
	if (Object.keys(security.schemes).length > 0) {
		components.securitySchemes = security.schemes;
	}
	return Object.keys(components).length === 0 ? undefined : components;
}

function toTags(operations: readonly Operation[]): JsonObject[] | undefined {
	const names = new Set(operations.flatMap(({ route }) => route.tags));
	return names.size === 0 ? undefined : [...names].map((name) => ({ name }));
}
