import type {
	AttemptEnd,
	UpstreamAttempt,
	WatchedAttempt,
} from "../model/outcome.ts";
import type { PolicyHooks } from "../model/types.ts";
import type {
	NamedHooks,
	Plan,
	RequestContext,
	Step,
	WatchAttempts,
} from "./request.ts";

/** The `onUpstreamAttempt` of every policy that has it; null where none has. One that fails is logged, and fails nothing else. */
export function compileAttempts(
	hooks: readonly NamedHooks[],
): WatchAttempts | null {
	const found = hooks.flatMap(({ hooks: own }) =>
		own.onUpstreamAttempt === undefined
			? []
			: [own.onUpstreamAttempt.bind(own)],
	);
	const [only] = found;
	if (only === undefined) return null;
	if (found.length === 1) return watchAlone(only);
	return (ctx, attempt) => {
		const ends = found.map((hook) => tellBegin(ctx, hook, attempt));
		return (end) => {
			for (const tell of ends) tellEnd(ctx, tell, end);
		};
	};
}

type AttemptHook = NonNullable<PolicyHooks["onUpstreamAttempt"]>;

/** One hook needs no list of ends for each call. */
function watchAlone(hook: AttemptHook): WatchAttempts {
	return (ctx, attempt) => {
		const tell = tellBegin(ctx, hook, attempt);
		return (end) => tellEnd(ctx, tell, end);
	};
}

function tellBegin(
	ctx: RequestContext,
	hook: AttemptHook,
	attempt: UpstreamAttempt,
): WatchedAttempt {
	try {
		return hook(ctx, attempt);
	} catch (error) {
		logFailure(ctx, error);
		return undefined;
	}
}

function tellEnd(
	ctx: RequestContext,
	tell: WatchedAttempt,
	end: AttemptEnd,
): void {
	if (typeof tell !== "function") return;
	try {
		tell(end);
	} catch (error) {
		logFailure(ctx, error);
	}
}

function logFailure({ runtime, plan }: RequestContext, err: unknown): void {
	const details = { err, route: plan.info.id };
	runtime.logger.error(details, "onUpstreamAttempt failed");
}

type Timed = Pick<Plan, "steps" | "act" | "actInfo">;

/** The same steps, each with its time taken. */
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

/** A step that refuses took its time too. */
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
		if (
			typeof (result as { then?: unknown } | undefined)?.then !== "function"
		) {
			note();
			return result;
		}
		return Promise.resolve(result).finally(note);
	};
}
