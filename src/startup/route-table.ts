import { failure } from "../http/errors.ts";
import { type Reply, reply } from "../http/reply.ts";
import { route } from "../model/route.ts";
import type { Route } from "../model/route-options.ts";
import type { Context, Policy, RouteInfo } from "../model/types.ts";
import type { Plan } from "../request/request.ts";
import {
	findClashes,
	findProblems,
	isRoutable,
	routeName,
	throwAll,
} from "./check-route.ts";
import { compileRoute, type Shared } from "./compile.ts";
import { Router } from "./router.ts";
import { checkSpellings } from "./spellings.ts";

/** All routes of a gateway, compiled. */
export interface RouteTable {
	readonly router: Router<Plan>;
	/** For every request that no route takes: 404, 405, OPTIONS, or a head that is refused. */
	readonly fallback: Plan;
	readonly infos: readonly RouteInfo[];
	/** Every policy once, to be closed with the gateway. */
	readonly policies: readonly Policy[];
}

/**
 * Compiles all routes. The docs have dependencies of their own and not the
 * gateway's: a browser could not open them with an API key. The routes that
 * policies bring stand behind no policy.
 *
 * @throws TypeError that lists every problem of every route.
 */
export function compileRoutes(
	declared: readonly Route[],
	docs: readonly Route[],
	shared: Shared,
): RouteTable {
	const brought = findBrought(declared, shared.policies);
	const listed = declared.filter((one) => !brought.has(one));
	const routes = [...listed, ...brought, ...docs];
	const open: Shared = { ...shared, dependencies: {} };
	const bare: Shared = { ...shared, policies: [] };
	const problems: string[] = [];
	const routable: Route[] = [];
	const entries = routes.flatMap((route) => {
		const isDocs = docs.includes(route);
		const own = isDocs ? open : brought.has(route) ? bare : shared;
		const found = findProblems(route, own.dependencies);
		problems.push(...found);
		if (found.length === 0 || isRoutable(route)) routable.push(route);
		if (found.length > 0) return [];
		try {
			const value = compileRoute(route, own);
			return [
				{ methods: route.methods, path: route.path, hosts: route.hosts, value },
			];
		} catch (error) {
			problems.push(`${routeName(route)}: ${messageOf(error)}`);
			return [];
		}
	});
	problems.push(...findClashes(routable));
	const policies = new Set([
		...shared.policies,
		...routable.flatMap((one) => one.policies),
	]);
	const infos = entries.map((entry) => entry.value.info);
	// Where a route is missing for its own problems, who looks for it would be misled.
	if (problems.length === 0) {
		// Without a problem there is an entry for each route, in this order.
		problems.push(...tellRoutes(policies, infos.slice(0, listed.length)));
	}
	throwAll(problems);
	const router = new Router(entries);
	checkSpellings(
		router,
		entries.map(({ value }) => value),
	);
	return {
		router,
		fallback: compileRoute(createFallback(router), open),
		infos,
		policies: [...policies],
	};
}

/** The routes that the policies of the gateway and of its routes bring, once each. */
function findBrought(
	declared: readonly Route[],
	shared: readonly Policy[],
): ReadonlySet<Route> {
	const ofRoutes = declared.flatMap((one) => one?.policies ?? []);
	const brought = [...shared, ...ofRoutes].flatMap((one) => one?.routes ?? []);
	return new Set(brought as unknown as readonly Route[]);
}

function* tellRoutes(
	policies: Iterable<Policy>,
	routes: readonly RouteInfo[],
): Generator<string> {
	for (const policy of policies) {
		try {
			policy.onRoutes?.(routes);
		} catch (error) {
			yield messageOf(error);
		}
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** What answers where no route does. */
function createFallback(router: Router<Plan>): Route {
	return route.all("/*", {
		operationId: "unmatched",
		includeInDocs: false,
		handler: (ctx) => answerUnmatched(ctx, router),
	});
}

function answerUnmatched(ctx: Context, router: Router<Plan>): Reply {
	const methods = router.allowed(ctx.url, ctx.req.headers.host ?? null);
	if (ctx.method === "OPTIONS" && methods.length > 0) {
		return reply(204, null, { allow: methods.join(", ") });
	}
	if (methods.length === 0 && ctx.method !== "TRACE") {
		throw failure("ERR_NO_ROUTE");
	}
	throw failure("ERR_METHOD_NOT_ALLOWED", {
		headers: { allow: methods.join(", ") },
	});
}
