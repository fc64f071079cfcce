import { toHttpError } from "../http/errors.ts";
import { reply, toReply } from "../http/reply.ts";
import { isThenable, modeOf } from "../model/maybe-promise.ts";
import type { ClientLimits, Route } from "../model/route-options.ts";
import type {
	Dependencies,
	Overrides,
	Policy,
	RouteInfo,
} from "../model/types.ts";
import { upstream as toUpstream, Upstream } from "../model/upstream.ts";
import { orderDependencies } from "../request/dependencies.ts";
import { compileForward } from "../request/forward.ts";
import {
	collectHooks,
	compileAttempts,
	compileWithin,
	timed,
} from "../request/hooks.ts";
import { compileOutgoing } from "../request/outgoing.ts";
import { sendReply } from "../request/reply.ts";
import type {
	NamedHooks,
	Plan,
	RequestContext,
	Step,
} from "../request/request.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import {
	compilePayload,
	dependencySteps,
	outgoingSteps,
	parameterSteps,
	payloadSteps,
	policySteps,
} from "./steps.ts";

/** What the gateway puts in front of every route. */
export interface Shared {
	readonly dependencies: Dependencies;
	readonly policies: readonly Policy[];
	readonly overrides: Overrides;
	/** Whether services tell every two spellings of a path apart. */
	readonly isOpaque: boolean;
	/** Upstreams that routes name by URL alone. */
	readonly upstreams: Map<string, Upstream>;
	readonly limits: ClientLimits;
	/** The open connections of an upstream. */
	readonly poolOf: (upstream: Upstream) => UpstreamPool;
}

const defaultUpgradeIdleMs = 300_000;

function toPaces(limits: ClientLimits): Pick<Plan, "receivePace" | "sendPace"> {
	const { bodyIdleMs, sendIdleMs, minBytesPerSecond } = limits;
	return {
		receivePace: { idleMs: bodyIdleMs, minBytesPerSecond },
		sendPace: { idleMs: sendIdleMs, minBytesPerSecond },
	};
}

/** Compiles a route: every absent feature is no step. */
export function compileRoute(route: Route, shared: Shared): Plan {
	const dependencies = { ...shared.dependencies, ...route.dependencies };
	const target = resolveTarget(route, shared);
	const policies = [...shared.policies, ...route.policies];
	const info = toInfo(route, dependencies, policies, target);
	const guards = new Set<object>();
	const hooks = policies.flatMap((policy) => {
		const made = policy.forRoute(info);
		if (made === null) return [];
		const isGuard = made.onRequest !== undefined || made.onAdmit !== undefined;
		if (isGuard && made.guards !== false) guards.add(policy);
		return [{ name: policy.name, hooks: made }];
	});
	const order = orderDependencies(
		Object.values(dependencies),
		shared.overrides,
	);
	for (const { dependency } of order.plans) guards.add(dependency);
	const payload = compilePayload(route, order.inputs);
	const outgoing = target === null ? null : compileOutgoing(route, target);
	const early = policySteps(2, "onRequest", hooks);
	const timesSteps = hooks.some(({ hooks: own }) => own.timesSteps === true);
	const inFront = [
		...dependencySteps(4, order, dependencies, false),
		...policySteps(5, "onAdmit", hooks),
	];
	// A request that they may reject has no say about the body: only without them is one 422 about parameters and body.
	const isOpen =
		inFront.length === 0 && (route.options.validation ?? "reject") === "reject";
	const steps = [
		...early,
		...parameterSteps(route, order, isOpen && payload !== null),
		...inFront,
		...payloadSteps(route, payload, isOpen),
		...dependencySteps(6, order, dependencies, true),
		...(outgoing === null
			? []
			: outgoingSteps(route, outgoing, payload, hooks)),
	];
	const acts =
		target === null
			? compileHandler(route)
			: compileForward(route, target, shared.poolOf(target), hooks);
	const paces = toPaces({ ...shared.limits, ...route.options.limits });
	const preflight = hooks.some(({ hooks: own }) => own.answersPreflight)
		? toPreflight(info, early, hooks, paces)
		: null;
	return {
		info,
		...acts,
		...paces,
		...(timesSteps ? timed({ steps, ...acts }) : { steps }),
		preflight,
		guards,
		isOpaque: shared.isOpaque || route.options.paths === "opaque",
		spellings: null,
		errorHooks: collectHooks(hooks, "onUpstreamError"),
		outgoing,
		startHooks: collectHooks(hooks, "onStart"),
		within: compileWithin(hooks),
		finishHooks: collectHooks(hooks, "onFinish"),
		watchAttempt: compileAttempts(hooks),
		timesSteps,
		isMeasured:
			hooks.some(({ hooks: own }) => own.onFinish !== undefined) ||
			order.plans.some((plan) => plan.dependency.yields),
		hasDependencies: order.plans.length > 0,
		upgradeIdleMs: route.options.upgradeIdleMs ?? defaultUpgradeIdleMs,
		upgradeHalfOpen: route.options.upgradeHalfOpen ?? false,
	};
}

/** A preflight that no policy answered is an OPTIONS request like any other that no route declares. */
function toPreflight(
	info: RouteInfo,
	steps: readonly Step[],
	hooks: readonly NamedHooks[],
	paces: Pick<Plan, "receivePace" | "sendPace">,
): Plan {
	const allow = [...info.methods, "OPTIONS"].join(", ");
	return {
		info,
		steps,
		preflight: null,
		guards: new Set(),
		isOpaque: true,
		spellings: null,
		act: (ctx) => sendReply(ctx, reply(204, null, { allow })),
		actInfo: { phase: 8, name: "preflight", mode: "sync" },
		answer: refuseAnswer,
		errorHooks: null,
		outgoing: null,
		ask: null,
		startHooks: collectHooks(hooks, "onStart"),
		within: compileWithin(hooks),
		finishHooks: collectHooks(hooks, "onFinish"),
		watchAttempt: null,
		timesSteps: false,
		isMeasured: hooks.some(({ hooks: own }) => own.onFinish !== undefined),
		hasDependencies: false,
		...paces,
		upgradeIdleMs: defaultUpgradeIdleMs,
		upgradeHalfOpen: false,
	};
}

function refuseAnswer(): boolean {
	return false;
}

function toInfo(
	route: Route,
	dependencies: Dependencies,
	policies: readonly Policy[],
	target: Upstream | null,
): RouteInfo {
	const { body, form, forward } = route.options;
	const { upgrades = ["websocket"], upstreamMethod = "GET" } = route.options;
	const parts = [body, form, forward?.body, forward?.form];
	return {
		id: route.id,
		methods: route.methods,
		path: route.path,
		hosts: route.hosts,
		tags: route.tags,
		proxied: target !== null,
		upstream: target?.name ?? null,
		origins: target?.origins ?? [],
		dependencies,
		policies,
		upgrades,
		usesBody:
			parts.some((part) => part !== undefined) ||
			upstreamMethod.toUpperCase() !== "GET",
		setsHeaders: forward?.headers !== undefined,
	};
}

/** The upstream of a route; null where a handler answers. Routes that name one URL share its connections. */
function resolveTarget(route: Route, shared: Shared): Upstream | null {
	if (route.options.handler !== undefined) return null;
	if (route.upstream instanceof Upstream) return route.upstream;
	const url = route.upstream as string;
	const known = shared.upstreams.get(url) ?? toUpstream(url);
	shared.upstreams.set(url, known);
	return known;
}

type Act = Pick<Plan, "act" | "actInfo" | "ask" | "answer">;

function compileHandler(route: Route): Act {
	const handler = route.options.handler as (ctx: RequestContext) => unknown;
	return {
		actInfo: { phase: 8, name: "handler", mode: modeOf(handler) },
		answer: refuseAnswer,
		ask: null,
		act(ctx) {
			const result = handler(ctx);
			if (!isThenable(result)) {
				sendReply(ctx, toReply(result));
				return;
			}
			return Promise.resolve(result).then(
				(value) => sendReply(ctx, toReply(value)),
				(error) => ctx.runtime.fail(ctx, toHttpError(error)),
			);
		},
	};
}
