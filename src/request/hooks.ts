import { isThenable, modeOf } from "../model/maybe-promise.ts";
import type { Outcome, WatchedAttempt } from "../model/outcome.ts";
import type { PolicyHooks } from "../model/types.ts";
import type {
	FinishHooks,
	NamedHooks,
	Plan,
	RequestContext,
	RunWithin,
	StartHooks,
	Step,
	WatchAttempts,
} from "./request.ts";

/** The hooks that are functions, so that `answersPreflight` and `timesSteps` are none. */
type HookName = {
	[K in keyof PolicyHooks]-?: NonNullable<PolicyHooks[K]> extends (
		...values: never
	) => unknown
		? K
		: never;
}[keyof PolicyHooks];

type Hook<N extends HookName> = NonNullable<PolicyHooks[N]>;

/**
 * The hooks of one name of all policies of a route, in order; null where no policy has it.
 *
 * @throws TypeError for an asynchronous hook among the two that a response waits for.
 */
export function collectHooks<N extends HookName>(
	hooks: readonly NamedHooks[],
	name: N,
): Hook<N>[] | null {
	const found = hooks.flatMap(({ hooks: own }): Hook<N>[] => {
		const hook = own[name];
		if (hook === undefined) return [];
		if (mustBeSync.has(name) && modeOf(hook) === "async") {
			throw new TypeError(`${name} must be synchronous`);
		}
		return [hook.bind(own) as Hook<N>];
	});
	return found.length === 0 ? null : found;
}

/** The body behind a head does not wait, and after a failure the client has waited long enough. */
const mustBeSync: ReadonlySet<string> = new Set([
	"onUpstreamResponse",
	"onUpstreamError",
]);

/** Logs what a hook threw. Such a failure changes nothing about the request. */
function logFailure(ctx: RequestContext, hook: string, err: unknown): void {
	const details = { err, route: ctx.plan.info.id };
	ctx.runtime.logger.error(details, `${hook} failed`);
}

/** Step 1: tells policies that a request has begun. */
export function tellStart(
	ctx: RequestContext,
	hooks: NonNullable<StartHooks>,
): void {
	for (const onStart of hooks) {
		try {
			onStart(ctx);
		} catch (error) {
			logFailure(ctx, "onStart", error);
		}
	}
}

/** Step 9: calls what `whenOver` was given. */
export function tellOver(
	ctx: RequestContext,
	acts: readonly (() => void)[],
): void {
	for (const act of acts) {
		try {
			act();
		} catch (error) {
			logFailure(ctx, "whenOver", error);
		}
	}
}

/** Step 9: tells policies how a request ended. */
export function tellFinish(
	ctx: RequestContext,
	hooks: NonNullable<FinishHooks>,
	outcome: Outcome,
): void {
	const onError = (error: unknown): void => logFailure(ctx, "onFinish", error);
	for (const onFinish of hooks) {
		try {
			const result: unknown = onFinish(ctx, outcome);
			// The hook may be written as an async function: its rejection would be unhandled.
			if (result !== undefined) Promise.resolve(result).catch(onError);
		} catch (error) {
			onError(error);
		}
	}
}

/** Compiles `onUpstreamAttempt` of all policies; null where no policy has it. */
export function compileAttempts(
	hooks: readonly NamedHooks[],
): WatchAttempts | null {
	const found = collectHooks(hooks, "onUpstreamAttempt");
	if (found === null) return null;
	const begin = (
		ctx: RequestContext,
		hook: Hook<"onUpstreamAttempt">,
		attempt: Parameters<WatchAttempts>[1],
	): WatchedAttempt => {
		try {
			return hook(ctx, attempt);
		} catch (error) {
			logFailure(ctx, "onUpstreamAttempt", error);
			return undefined;
		}
	};
	const end = (
		ctx: RequestContext,
		tell: WatchedAttempt,
		...ended: Parameters<ReturnType<WatchAttempts>>
	): void => {
		if (typeof tell !== "function") return;
		try {
			tell(...ended);
		} catch (error) {
			logFailure(ctx, "onUpstreamAttempt", error);
		}
	};
	const [only] = found;
	// One hook needs no list of ends for each call.
	if (only !== undefined && found.length === 1) {
		return (ctx, attempt) => {
			const tell = begin(ctx, only, attempt);
			return (ended) => end(ctx, tell, ended);
		};
	}
	return (ctx, attempt) => {
		const tells = found.map((hook) => begin(ctx, hook, attempt));
		return (ended) => {
			for (const tell of tells) end(ctx, tell, ended);
		};
	};
}

/** Compiles `runWithin` of all policies, the first outermost; null where no policy has it. */
export function compileWithin(hooks: readonly NamedHooks[]): RunWithin | null {
	const found = collectHooks(hooks, "runWithin")?.map(guardWithin) ?? [];
	return found.reduceRight<RunWithin | null>(
		(inner, outer) =>
			inner === null ? outer : (ctx, run) => outer(ctx, () => inner(ctx, run)),
		null,
	);
}

/** However the hook behaves, the steps run once and at once. */
function guardWithin(hook: RunWithin): RunWithin {
	return (ctx, run) => {
		let hasRun = false;
		const once = (): void => {
			if (hasRun) return;
			hasRun = true;
			run();
		};
		try {
			hook(ctx, once);
		} catch (error) {
			logFailure(ctx, "runWithin", error);
		}
		once();
	};
}

type Timed = Pick<Plan, "steps" | "act" | "actInfo">;

/** The same steps, each with its time measured. */
export function timed({ steps, act, actInfo }: Timed): Timed {
	return {
		steps: steps.map((step, i) => ({
			...step,
			run: timeStep(step.run, i),
		})),
		act: timeStep(act as Step["run"], steps.length) as Plan["act"],
		actInfo,
	};
}

/** A step that rejects the request took its time too. */
function timeStep(run: Step["run"], place: number): Step["run"] {
	return (ctx) => {
		const sinceMs = performance.now();
		const note = (): void => {
			const { stepMs } = ctx.meter ?? {};
			if (stepMs) stepMs[place] = performance.now() - sinceMs;
		};
		let result: ReturnType<Step["run"]>;
		try {
			result = run(ctx);
		} catch (error) {
			note();
			throw error;
		}
		if (!isThenable(result)) {
			note();
			return result;
		}
		return Promise.resolve(result).finally(note);
	};
}
