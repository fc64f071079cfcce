import type { RequestContext } from "./context.ts";
import { type Cleanup, finishGenerators } from "./resolution.ts";
import type { FinishHooks } from "./steps.ts";
import type { Outcome } from "./types.ts";

/** Step 9: tells every policy that wants to know how a request ended; one that fails does not keep it from the next. */
export function tellPolicies(
	ctx: RequestContext,
	hooks: NonNullable<FinishHooks>,
): void {
	const outcome = toOutcome(ctx);
	const onError = (error: unknown): void => {
		ctx.runtime.logger.error(
			{ err: error, route: ctx.plan.info.id },
			"onFinish failed",
		);
	};
	for (const onFinish of hooks) {
		try {
			const result: unknown = onFinish(ctx, outcome);
			// A function that gives nothing may be written as an async one: nobody else hears of its failure.
			if (result !== undefined) Promise.resolve(result).catch(onError);
		} catch (error) {
			onError(error);
		}
	}
}

/** Finishes the generators of a request, which is open as long as that takes. */
export function cleanUp(
	{ runtime, plan }: RequestContext,
	cleanups: Cleanup[],
): void {
	runtime.open.begin();
	const onError = (error: unknown): void => {
		runtime.logger.error(
			{ err: error, route: plan.info.id },
			"a dependency failed while cleaning up",
		);
	};
	void finishGenerators(cleanups, onError).then(() => runtime.open.end());
}

function toOutcome(ctx: RequestContext): Outcome {
	const { res, forward, failure: error } = ctx;
	const isComplete = ctx.isWhole;
	const isGone = !isComplete && error?.code === "ERR_CLIENT_GONE";
	return {
		status: isGone ? 499 : res.statusCode,
		source: isGone ? "client" : ctx.isUpstreamAnswer ? "upstream" : "gateway",
		code: error?.code ?? null,
		error: error?.cause ?? error,
		upstream: forward?.origin ?? null,
		complete: isComplete,
		attempts: forward?.attempts ?? 0,
		durationMs: performance.now() - ctx.startedMs,
	};
}
