import type { Forward, RouteOptions } from "../model/route-options.ts";
import { isFileSchema } from "../params/form/form.ts";
import { compileSchema, type Schema } from "../params/schema.ts";
import { isStatusMap } from "../request/read-response.ts";

type Options = RouteOptions<never>;

/** Everything that is wrong with the options of a route by themselves. Compilers find most of it; not everybody has one. */
export function* checkOptions(options: Options): Generator<string> {
	yield* checkKnown("", options, known);
	yield* checkChoices(options);
	yield* checkSchemas(options);
	yield* checkForward(options);
	yield* checkCombinations(options);
	yield* checkNumbers(options);
}

/** Every name of a kind of options. */
export type Known<T> = Readonly<Record<keyof T, true>>;

/** A misspelt option would be none at all: a route without its dependencies, say. */
const known: Known<Options> = {
	tags: true,
	summary: true,
	description: true,
	deprecated: true,
	operationId: true,
	statusCode: true,
	responseDescription: true,
	responses: true,
	includeInDocs: true,
	openapi: true,
	upstream: true,
	handler: true,
	upstreamPath: true,
	upstreamMethod: true,
	path: true,
	query: true,
	headers: true,
	cookies: true,
	body: true,
	form: true,
	bodyMode: true,
	strict: true,
	validation: true,
	decodeBody: true,
	maxBodyBytes: true,
	formLimits: true,
	forward: true,
	responseHeaders: true,
	response: true,
	responseMode: true,
	responseInclude: true,
	responseExclude: true,
	upgrades: true,
	upgradeIdleMs: true,
	timeout: true,
	dependencies: true,
	policies: true,
};
const knownForward: Known<Forward<never>> = {
	query: true,
	headers: true,
	body: true,
	form: true,
};
const knownTimeouts: Known<NonNullable<Options["timeout"]>> = {
	connectMs: true,
	headersMs: true,
	bodyMs: true,
	totalMs: true,
};

/** Names that are none of those known. */
export function* checkKnown(
	part: string,
	value: object | undefined,
	names: Readonly<Record<string, true>>,
): Generator<string> {
	for (const name of Object.keys(value ?? {})) {
		if (Object.hasOwn(names, name)) continue;
		yield part === ""
			? `there is no option "${name}"`
			: `${part} has no "${name}"`;
	}
}

const choices = {
	validation: ["reject", "shadow", "off"],
	bodyMode: ["validated", "original"],
	responseMode: ["document", "validate", "select"],
} as const;

function* checkChoices(options: Options): Generator<string> {
	for (const [name, allowed] of Object.entries(choices)) {
		yield* checkChoice(name, options[name as keyof typeof choices], allowed);
	}
	const choice = options.responseHeaders ?? "upstream";
	if (choice !== "upstream" && choice !== "gateway" && !Array.isArray(choice)) {
		yield "responseHeaders must be 'upstream', 'gateway' or an array of names";
	}
}

/** A value that is none of those to choose from. */
export function* checkChoice(
	name: string,
	value: unknown,
	allowed: readonly string[],
): Generator<string> {
	if (value === undefined || allowed.includes(value as string)) return;
	const quoted = allowed.map((one) => `'${one}'`);
	const last = quoted.pop();
	const list = quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
	yield `${name} must be ${list}, got ${JSON.stringify(value)}`;
}

function* checkSchemas(options: Options): Generator<string> {
	for (const part of ["path", "query", "headers", "cookies", "form"] as const) {
		const shape: unknown = options[part];
		if (shape === undefined || (part === "query" && shape === "drop")) continue;
		if (typeof shape !== "object" || shape === null) {
			yield `${part} must map names to schemas`;
			continue;
		}
		for (const [name, schema] of Object.entries(shape)) {
			if (!isFile(schema)) yield* checkSchema(`${part}.${name}`, schema);
			else if (part !== "form") {
				yield `${part}.${name}: a file can only be part of a form`;
			}
		}
	}
	const { body, response } = options;
	if (body !== undefined) yield* checkSchema("body", body);
	if (response === undefined) return;
	const schemas = isStatusMap(response) ? Object.values(response) : [response];
	for (const schema of schemas) yield* checkSchema("response", schema);
}

function isFile(schema: unknown): boolean {
	return typeof schema === "object" && schema !== null && isFileSchema(schema);
}

function* checkSchema(name: string, schema: unknown): Generator<string> {
	const message = messageOf(() => compileSchema(schema as Schema));
	if (message !== null) yield `${name}: ${message}`;
}

function* checkForward(options: Options): Generator<string> {
	const { forward } = options;
	if (forward === undefined) return;
	yield* checkKnown("forward", forward, knownForward);
	for (const [name, value] of Object.entries(forward)) {
		if (Object.hasOwn(knownForward, name) && typeof value !== "function") {
			yield `forward.${name} must be a function`;
		}
	}
	if (forward.body !== undefined && forward.form !== undefined) {
		yield "has forward.body and forward.form; one body goes out";
	}
}

/** What is about an upstream alone. */
const forwardingOptions = [
	"upstreamPath",
	"upstreamMethod",
	"forward",
	"bodyMode",
	"responseHeaders",
	"timeout",
] as const;

function* checkCombinations(options: Options): Generator<string> {
	const { body, form, handler, responseMode, response } = options;
	if (body !== undefined && form !== undefined) {
		yield "declares a body and a form; a request has one or the other";
	}
	for (const name of forwardingOptions) {
		if (handler !== undefined && options[name] !== undefined) {
			yield `answers by a handler, so that ${name} has no effect`;
		}
	}
	if (options.bodyMode !== undefined && body === undefined) {
		yield "has bodyMode but declares no body";
	}
	if (options.strict !== undefined && form === undefined) {
		yield "has strict but declares no form";
	}
	const isRead = responseMode === "select" || responseMode === "validate";
	if (isRead && response === undefined) {
		yield `has responseMode '${responseMode}' but no response`;
	}
	if (isRead && handler !== undefined) {
		yield "answers by a handler, so that responseMode has no effect";
	}
	const hasKeys =
		options.responseInclude !== undefined ||
		options.responseExclude !== undefined;
	if (hasKeys && responseMode !== "select") {
		yield "has responseInclude or responseExclude without responseMode 'select'";
	}
}

function* checkNumbers(options: Options): Generator<string> {
	const { maxBodyBytes, timeout } = options;
	if (maxBodyBytes !== undefined && !isCount(maxBodyBytes)) {
		yield `maxBodyBytes must be a whole number of at least 0, got ${maxBodyBytes}`;
	}
	yield* checkKnown("timeout", timeout, knownTimeouts);
	for (const [name, value] of Object.entries(timeout ?? {})) {
		if (!Object.hasOwn(knownTimeouts, name)) continue;
		if (typeof value !== "number" || !(value >= 0)) {
			yield `timeout.${name} must be a number of at least 0, got ${value}`;
		}
	}
}

function isCount(value: number): boolean {
	return Number.isSafeInteger(value) && value >= 0;
}

/** What an attempt throws, as a sentence; null where it does not. */
export function messageOf(attempt: () => unknown): string | null {
	try {
		attempt();
		return null;
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}
