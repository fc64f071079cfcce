import { isDependency } from "../model/dependency.ts";
import type {
	DocsOptions,
	GatewayLimits,
	GatewayOptions,
} from "../model/gateway-options.ts";
import type { Logger } from "../model/types.ts";
import {
	findClashes,
	findProblems,
	isRoutable,
	throwAll,
} from "./check-route.ts";
import {
	checkChoice,
	checkKnown,
	type Known,
	messageOf,
} from "./check-route-options.ts";
import { toBlockList, toLimits } from "./settings.ts";

/**
 * Checks what a gateway is made of, but its routes: those are checked when they
 * are compiled, and here only to be listed with the rest.
 *
 * @throws TypeError that lists every problem, where there is one in the options themselves.
 */
export function checkGateway(options: GatewayOptions): void {
	const own = [...findOwnProblems(options)];
	if (own.length === 0) return;
	const routes = Array.isArray(options.routes) ? options.routes : [];
	throwAll([
		...own,
		...routes.flatMap((route) => findProblems(route, {})),
		...findClashes(routes.filter(isRoutable)),
	]);
}

/** A misspelt option would be none at all: a gateway without its policies, say. */
const known: Known<GatewayOptions> = {
	routes: true,
	title: true,
	version: true,
	description: true,
	servers: true,
	dependencies: true,
	policies: true,
	docs: true,
	errorFormat: true,
	limits: true,
	trustedProxies: true,
	logger: true,
	overrides: true,
};
const knownDocs: Known<DocsOptions> = {
	path: true,
	openapi: true,
	dependencies: true,
};
const knownLimits: Known<GatewayLimits> = {
	headerBytes: true,
	headersMs: true,
	bodyIdleMs: true,
	keepAliveMs: true,
	connections: true,
};
const logMethods: readonly (keyof Logger)[] = ["error", "warn", "info"];

function* findOwnProblems(options: GatewayOptions): Generator<string> {
	yield* checkKnown("", options, known);
	if (!Array.isArray(options.routes)) yield "routes must be an array";
	yield* checkDependencies("", options.dependencies);
	for (const [i, policy] of (options.policies ?? []).entries()) {
		if (typeof policy?.forRoute !== "function") {
			yield `policies[${i}] must have a forRoute function`;
		}
	}
	yield* checkDocs(options.docs);
	yield* checkChoice("errorFormat", options.errorFormat, [
		"problem",
		"fastapi",
	]);
	yield* checkKnown("limits", options.limits, knownLimits);
	const { limits, trustedProxies } = options;
	for (const attempt of [
		() => toLimits(limits),
		() => toBlockList(trustedProxies),
	]) {
		const message = messageOf(attempt);
		if (message !== null) yield message;
	}
	yield* checkLogger(options.logger);
	for (const [i, pair] of [...(options.overrides ?? [])].entries()) {
		if (!isDependency(pair?.[0])) {
			yield `overrides[${i}] must begin with the dependency it stands in for`;
		}
	}
}

function* checkDependencies(
	part: string,
	dependencies: object | undefined,
): Generator<string> {
	for (const [name, value] of Object.entries(dependencies ?? {})) {
		if (isDependency(value)) continue;
		yield `${part}dependencies.${name} must be made by dependency()`;
	}
}

function* checkDocs(docs: GatewayOptions["docs"]): Generator<string> {
	if (docs === undefined || docs === false) return;
	yield* checkKnown("docs", docs, knownDocs);
	yield* checkDependencies("docs.", docs.dependencies);
}

function* checkLogger(logger: Logger | undefined): Generator<string> {
	if (logger === undefined) return;
	for (const name of logMethods) {
		if (typeof logger[name] !== "function") {
			yield `logger must have a function ${name}`;
		}
	}
}
