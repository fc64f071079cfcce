import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Route } from "../../src/model/route-options.ts";
import type { Dependencies, Policy } from "../../src/model/types.ts";
import {
	createDocument,
	type DocumentInfo,
	type OpenApiDocument,
} from "../../src/openapi/document.ts";

/** An operation as a test reads it: anything may be there, nothing has to. */
export interface Operation {
	readonly operationId: string;
	readonly tags?: readonly string[];
	readonly summary?: string;
	readonly description?: string;
	readonly deprecated?: boolean;
	readonly parameters?: readonly Readonly<Record<string, unknown>>[];
	readonly requestBody?: {
		readonly required: boolean;
		readonly content: Readonly<
			Record<string, { schema: unknown; encoding?: unknown }>
		>;
	};
	readonly responses: Readonly<
		Record<
			string,
			{
				description: string;
				content?: Readonly<Record<string, { schema: unknown }>>;
				headers?: unknown;
			}
		>
	>;
	readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
	readonly [extension: `x-${string}`]: unknown;
}

interface Gateway {
	readonly info?: Partial<DocumentInfo>;
	readonly dependencies?: Dependencies;
	readonly policies?: readonly Policy[];
}

/** The document of these routes, once an independent validator and our own look at what JSON Schema can not see have passed it. */
export async function documentOf(
	routes: readonly Route[],
	{ info, dependencies = {}, policies = [] }: Gateway = {},
): Promise<OpenApiDocument> {
	const document = createDocument(
		{ title: "Test", version: "1.0.0", ...info },
		routes,
		{ dependencies, policies },
	);
	await checkDocument(document);
	return document;
}

/** The operation at `GET /users/{id}` and the like. */
export function operationAt(
	document: OpenApiDocument,
	method: string,
	path: string,
): Operation {
	const operation = document.paths[path]?.[method.toLowerCase()];
	assert.ok(operation, `${method} ${path} is not in the document`);
	return operation as Operation;
}

/** The operation of the only route. */
export async function operationOf(
	route: Route,
	gateway?: Gateway,
): Promise<Operation> {
	const document = await documentOf([route], gateway);
	return listOperations(document)[0]?.operation as Operation;
}

/** Fails unless the document is valid OpenAPI 3.1, whole and unambiguous. */
export async function checkDocument(document: OpenApiDocument): Promise<void> {
	const copy = structuredClone(document) as unknown as Record<string, unknown>;
	assert.deepEqual(copy, JSON.parse(JSON.stringify(document)), "plain JSON");
	const { valid, errors } = await new Validator().validate(copy);
	assert.ok(valid, JSON.stringify(errors, null, 2));
	checkReferences(document, document);
	checkPathParameters(document);
	checkUnique(
		"operationId",
		listOperations(document).map(({ operation }) => operation.operationId),
	);
	checkUnique(
		"path",
		Object.keys(document.paths).map((p) => p.replaceAll(/\{.*?\}/g, "{}")),
	);
}

function checkReferences(value: unknown, document: OpenApiDocument): void {
	if (typeof value !== "object" || value === null) return;
	for (const [key, item] of Object.entries(value)) {
		assert.ok(!key.startsWith("~"), `hidden key ${key} is visible`);
		if (key === "$ref" && typeof item === "string") {
			assert.ok(resolve(item, document) !== undefined, `${item} leads nowhere`);
		} else checkReferences(item, document);
	}
}

function resolve(pointer: string, document: OpenApiDocument): unknown {
	assert.match(pointer, /^#\/components\//);
	let at: unknown = document;
	for (const step of pointer.slice(2).split("/")) {
		at = (at as Record<string, unknown> | undefined)?.[step];
	}
	return at;
}

function checkPathParameters(document: OpenApiDocument): void {
	for (const { path, operation } of listOperations(document)) {
		const inTemplate = [...path.matchAll(/\{(.*?)\}/g)].map(([, name]) => name);
		const declared = (operation.parameters ?? []).filter(
			(parameter) => parameter.in === "path",
		);
		assert.deepEqual(
			declared.map(({ name }) => name),
			inTemplate,
		);
		checkUnique(
			"parameter",
			(operation.parameters ?? []).map((p) => `${p.in} ${p.name}`),
		);
	}
}

function checkUnique(what: string, values: readonly string[]): void {
	assert.deepEqual(values, [...new Set(values)], `a ${what} is there twice`);
}

function listOperations(
	document: OpenApiDocument,
): { path: string; operation: Operation }[] {
	return Object.entries(document.paths).flatMap(([path, item]) =>
		Object.values(item).map((operation) => ({
			path,
			operation: operation as Operation,
		})),
	);
}
