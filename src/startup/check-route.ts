import { findProblems as findOptionProblems } from "../http/options.ts";
import {
	forwardedOptions,
	toResponseOptions,
} from "../model/response-options.ts";
import { allMethods, toName } from "../model/route.ts";
import { movedOptions, routeChecks } from "../model/route-checks.ts";
import type { Route, RouteOptions } from "../model/route-options.ts";
import type { Dependencies, Input } from "../model/types.ts";
import { compileSchema } from "../params/schema.ts";
import { compileTemplate, templateNames } from "../proxy/path-template.ts";
import { orderDependencies } from "../request/dependencies.ts";
import { missingNames } from "../request/request-target.ts";
import { knownMethods, RouteTree, refusedMethods } from "./router.ts";

/** How a route is named in errors. */
export function routeName(route: Route): string {
	return toName(route.methods, route.path);
}

/**
 * Everything that is wrong with one route by itself, behind the gateway's
 * dependencies; each sentence names it, so that one start shows it all.
 */
export function findProblems(route: Route, shared: Dependencies): string[] {
	if (route?.kind !== "route") {
		return ["routes must be made by route.get, route.post, ..."];
	}
	return [...checkRoute(route, shared)].map(
		(problem) => `${routeName(route)}: ${problem}`,
	);
}

function* checkRoute(route: Route, shared: Dependencies): Generator<string> {
	yield* checkMethods(route);
	yield* checkPath(route.path);
	const problems = findOptionProblems(
		"",
		route.options,
		routeChecks,
		movedOptions,
	);
	yield* problems;
	// Values that do not fit would fail the checks of how options go together.
	if (problems.some((one) => !one.startsWith("there is no option"))) return;
	yield* checkTarget(route);
	yield* checkNames(route);
	yield* checkCombinations(route.options);
	yield* checkDependencies(route, shared);
}

function* checkMethods(route: Route): Generator<string> {
	if (route.methods.length === 0) yield "no method is given";
	for (const method of route.methods) {
		if (refusedMethods.has(method)) {
			yield `the method ${method} can not be routed`;
		} else if (method !== allMethods && !knownMethods.includes(method)) {
			yield `the method ${method} is not known`;
		}
	}
}

function* checkTarget({ options, upstream: target }: Route): Generator<string> {
	const upstreamMethod = options.upstreamMethod?.toUpperCase();
	if (upstreamMethod !== undefined && !knownMethods.includes(upstreamMethod)) {
		yield `upstreamMethod ${upstreamMethod} is not known`;
	}
	if (options.handler !== undefined && options.upstream !== undefined) {
		yield "has both an upstream and a handler";
	} else if (options.handler === undefined && target === null) {
		yield "needs an upstream or a handler";
	}
}

/** What is about an upstream alone. */
const forwardingOptions = [
	"upstreamPath",
	"upstreamMethod",
	"forward",
	"bodyMode",
	"timeout",
] as const;

function* checkCombinations(options: RouteOptions<never>): Generator<string> {
	const { body, form, handler } = options;
	if (
		options.forward?.body !== undefined &&
		options.forward.form !== undefined
	) {
		yield "has forward.body and forward.form; one body goes out";
	}
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
	const response = toResponseOptions(options.response);
	const { schema, mode = "document", include, exclude } = response;
	if (handler !== undefined) {
		for (const name of forwardedOptions(response)) {
			yield `answers by a handler, so that response.${name} has no effect`;
		}
	}
	if (mode !== "document" && schema === undefined) {
		yield `has response.mode '${mode}' but no response.schema`;
	}
	if ((include !== undefined || exclude !== undefined) && mode !== "select") {
		yield "has response.include or response.exclude without response.mode 'select'";
	}
}

/** Segments that are plain text or a parameter: nothing that a tree could read in another way. */
const plainPath = /^(?:\/(?:[\w.~-]*|:[a-z_]\w*))+$/i;

function* checkPath(path: string): Generator<string> {
	if (!path.startsWith("/")) {
		yield "the path must begin with /";
		return;
	}
	if (plainPath.test(path)) {
		const names = templateNames(path);
		if (new Set(names).size < names.length) {
			yield "the path has a parameter twice";
		}
		return;
	}
	const tree = new RouteTree<null>();
	const message = messageOf(() => tree.add("GET", path, null));
	if (message !== null) {
		yield message;
		return;
	}
	const names = templateNames(path);
	if (names.includes("")) yield "the path has a parameter without a name";
	else if (new Set(names).size < names.length) {
		yield "the path has a parameter twice";
	} else if (tree.namesOf("GET", path).join() !== names.join()) {
		yield "something must stand between two parameters of the path: a slash, -, . or an (expression)";
	}
}

function* checkNames(route: Route): Generator<string> {
	const names = templateNames(route.path);
	for (const name of Object.keys(route.options.path ?? {})) {
		if (!names.includes(name)) {
			yield `path.${name} has a schema, but the path has no parameter :${name}`;
		}
	}
	const { upstreamPath, forward } = route.options;
	const missing = missingNames(route);
	if (forward?.path !== undefined && missing.length === 0) {
		yield "has forward.path, but upstreamPath has no name that the path lacks";
	}
	if (upstreamPath === undefined) return;
	if (!upstreamPath.startsWith("/")) yield "upstreamPath must begin with /";
	for (const name of missing) {
		if (name !== "*" && forward?.path !== undefined) continue;
		yield `upstreamPath has ${name === "*" ? "*" : `:${name}`}, which nothing declares`;
	}
	if (/[?#]/.test(upstreamPath.replaceAll(/:[\w$]+\?/g, ""))) {
		yield "upstreamPath is a path alone; forward.query sets a query";
	}
	const message = messageOf(() => compileTemplate(upstreamPath, 1));
	if (message !== null) yield message;
}

function* checkDependencies(
	route: Route,
	shared: Dependencies,
): Generator<string> {
	for (const [name, value] of Object.entries(route.dependencies)) {
		if (Object.hasOwn(shared, name) && shared[name] !== value) {
			yield `dependencies.${name} is taken by the gateway's own; give it another name`;
		}
	}
	const roots = [
		...Object.values(shared),
		...Object.values(route.dependencies),
	];
	const { inputs } = orderDependencies(roots, new Map());
	for (const input of inputs) yield* checkInput(route, input);
	yield* checkFields(route, inputs);
}

/** A form is read once: a field has one type, whoever asks for it. */
function* checkFields(
	route: Route,
	inputs: readonly Input[],
): Generator<string> {
	const byName = new Map<string, object>(
		Object.entries(route.options.form ?? {}),
	);
	for (const { source, name, schema } of inputs) {
		if (source !== "form") continue;
		const other = byName.get(name) ?? schema;
		byName.set(name, other);
		if (!isSameSchema(other, schema)) {
			yield `the form field "${name}" is asked for with two schemas`;
		}
	}
}

function isSameSchema(one: object, other: object): boolean {
	if (one === other) return true;
	if ("~standard" in one || "~standard" in other) return false;
	const isOptional = "~optional" in one;
	return (
		isOptional === "~optional" in other &&
		JSON.stringify(one) === JSON.stringify(other)
	);
}

function* checkInput(route: Route, input: Input): Generator<string> {
	const { source, name, schema } = input;
	const message = messageOf(() => compileSchema(schema));
	if (message !== null) {
		yield `the ${source} input "${name}": ${message}`;
	} else if (source === "form" && route.options.body !== undefined) {
		yield `a dependency needs the form field "${name}", but the route declares a body`;
	} else if (source === "path" && !compileSchema(schema).optional) {
		if (!templateNames(route.path).includes(name)) {
			yield `a dependency needs the path parameter :${name}, which the path does not have`;
		}
	}
}

/**
 * Routes that would answer the same requests, each sentence naming both. A
 * route for every method gives way to one for a single method.
 */
export function findClashes(routes: readonly Route[]): string[] {
	return [...findTwins(routes), ...findSharedIds(routes)];
}

function* findTwins(routes: readonly Route[]): Generator<string> {
	const byHost = new Map<string, RouteTree<Route>>();
	const treeOf = (host: string, kind: string): RouteTree<Route> => {
		const key = `${kind} ${host}`;
		const tree = byHost.get(key) ?? new RouteTree<Route>();
		byHost.set(key, tree);
		return tree;
	};
	for (const route of routes) {
		const hosts = route.hosts.length === 0 ? [""] : new Set(route.hosts);
		for (const host of hosts) {
			for (const method of new Set(route.methods)) {
				const other =
					method === allMethods
						? treeOf(host, "all").add("GET", route.path, route)
						: treeOf(host, "one").add(method, route.path, route);
				if (other === null) continue;
				const place = host === "" ? "" : ` at ${host}`;
				yield `${routeName(route)}: clashes with ${routeName(other)}${place}`;
			}
		}
	}
}

function* findSharedIds(routes: readonly Route[]): Generator<string> {
	const byId = new Map<string, Route>();
	for (const route of routes) {
		const other = byId.get(route.id);
		if (other === undefined) byId.set(route.id, route);
		else if (route.options?.operationId !== undefined) {
			yield `${routeName(route)}: the operationId ${route.id} is taken by ${routeName(other)}`;
		} else if (route.hosts.join() !== other.hosts.join()) {
			yield `${routeName(route)}: differs from another route only by its hosts; it needs an operationId`;
		}
	}
}

/** Whether a route can be put into a tree: else its own problems tell why. */
export function isRoutable(route: Route): boolean {
	if (route?.kind !== "route") return false;
	return [...checkMethods(route), ...checkPath(route.path)].length === 0;
}

/** @throws TypeError that lists the problems, where there are any. */
export function throwAll(problems: readonly string[]): void {
	if (problems.length === 0) return;
	const count =
		problems.length === 1 ? "1 problem" : `${problems.length} problems`;
	throw new TypeError(
		`the gateway has ${count}:\n${problems.map((one) => `  - ${one}`).join("\n")}`,
	);
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
