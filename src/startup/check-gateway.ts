import { hostsCheck, overlap } from "../http/hosts.ts";
import {
	anyText,
	anything,
	type Check,
	type Checks,
	checkOptions,
	either,
	findProblems as findOptionProblems,
	func,
	group,
	having,
	list,
	matching,
	milliseconds,
	must,
	object,
	oneOf,
	required,
	text,
	tlsOptions,
	usable,
	whole,
} from "../http/options.ts";
import { isDependency } from "../model/dependency.ts";
import type {
	CloseOptions,
	DocsOptions,
	GatewayLimits,
	GatewayOptions,
	ListenOptions,
} from "../model/gateway-options.ts";
import {
	clientLimitChecks,
	dependencies,
	policies,
} from "../model/route-checks.ts";
import type { Route } from "../model/route-options.ts";
import {
	findClashes,
	findProblems,
	isRoutable,
	routeName,
	throwAll,
} from "./check-route.ts";
import { toBlockList } from "./settings.ts";

/**
 * Checks what a gateway is made of, but its routes: those are checked when they
 * are compiled, and here only to be listed with the rest.
 *
 * @throws TypeError that lists every problem, where there is one in the options themselves.
 */
export function checkGateway(options: GatewayOptions): void {
	const own = [...findOptionProblems("", options, checks)];
	if (options?.ipHeader !== undefined && !options.trustedProxies?.length) {
		own.push("ipHeader needs trustedProxies: only what they say is believed");
	}
	const routes = Array.isArray(options?.routes) ? toRoutes(options.routes) : [];
	if (own.length === 0) own.push(...findStrangers(options.hosts, routes));
	if (own.length === 0) return;
	throwAll([
		...own,
		...routes.flatMap((route) => findProblems(route, {})),
		...findClashes(routes.filter(isRoutable)),
	]);
}

/** Hosts of routes that the gateway does not serve. */
function findStrangers(
	served: readonly string[] | undefined,
	routes: readonly Route[],
): string[] {
	if (served === undefined) return [];
	const names = served.map((host) => host.toLowerCase());
	return routes.flatMap((route) =>
		(route?.hosts ?? [])
			.filter((host) => !names.some((name) => overlap(name, host)))
			.map(
				(host) =>
					`${routeName(route)}: hosts has "${host}", which is none of the gateway's hosts`,
			),
	);
}

/** Routes in lists of any depth, in one list. */
export function toRoutes(routes: GatewayOptions["routes"]): readonly Route[] {
	return (routes as readonly unknown[]).flat(
		Number.POSITIVE_INFINITY,
	) as Route[];
}

const limitChecks: Checks<GatewayLimits> = {
	headerBytes: whole(1),
	headersMs: milliseconds(),
	...clientLimitChecks,
	keepAliveMs: milliseconds(),
	connections: whole(),
	connectionsPerAddress: whole(),
	pipelined: whole(1),
};
const docsChecks: Checks<DocsOptions> = {
	path: text,
	openapi: text,
	dependencies,
};
const iterable = must(
	"a list of pairs, such as a Map",
	(value: Partial<Iterable<unknown>> | null) =>
		typeof value?.[Symbol.iterator] === "function",
);
const pairs: Check = (value, name) =>
	[...(value as Iterable<readonly unknown[] | null>)].flatMap((pair, i) =>
		isDependency(pair?.[0])
			? []
			: [`${name}[${i}] must begin with the dependency it stands in for`],
	);
const checks: Checks<GatewayOptions> = {
	routes: required(list(anything)),
	title: anyText,
	version: anyText,
	description: anyText,
	servers: list(object),
	dependencies,
	policies,
	hosts: hostsCheck,
	paths: oneOf("opaque"),
	docs: either("false or an object", oneOf(false), group(docsChecks)),
	errorFormat: either(
		"'problem', 'fastapi' or a function",
		oneOf("problem", "fastapi"),
		func,
	),
	limits: group(limitChecks),
	trustedProxies: (value, name) => {
		const problems = list(text)(value, name);
		return problems.length > 0 ? problems : usable(toBlockList)(value, name);
	},
	ipHeader: matching(
		'the name of one header, such as "cf-connecting-ip"',
		/^[\w!#$%&'*+\-.^`|~]+$/,
	),
	logger: having("error", "warn", "info"),
	overrides: (value, name) => {
		const problems = iterable(value, name);
		return problems.length > 0 ? problems : pairs(value, name);
	},
};
const listenChecks: Checks<ListenOptions> = {
	port: whole(0, 65_535),
	host: text,
	path: text,
	backlog: whole(1),
	tls: tlsOptions,
};
const closeChecks: Checks<CloseOptions> = { timeoutMs: milliseconds() };

/** Where to listen; a number is the port. @throws TypeError that lists what is wrong. */
export function toListenOptions(
	options: ListenOptions | number,
): ListenOptions {
	const all = typeof options === "number" ? { port: options } : options;
	checkOptions("listen", all, listenChecks);
	return all;
}

/** @throws TypeError that lists what is wrong. */
export function checkCloseOptions(options: CloseOptions): void {
	checkOptions("close", options, closeChecks);
}
