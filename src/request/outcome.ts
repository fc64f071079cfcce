import { type Cleanup, finishGenerators } from "./dependencies.ts";
import { RequestOutcome } from "./finish.ts";
import type { FinishHooks, RequestContext, StartHooks } from "./request.ts";

/** Step 1: tells every policy that wants to know that a request has begun. */
export function tellStart(
	ctx: RequestContext,
	hooks: NonNullable<StartHooks>,
): void {
	for (const onStart of hooks) {
		try {
			onStart(ctx);
		} catch (error) {
			ctx.runtime.logger.error(
				{ err: error, route: ctx.plan.info.id },
				"onStart failed",
			);
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
			ctx.runtime.logger.error(
				{ err: error, route: ctx.plan.info.id },
				"whenOver failed",
			);
		}
	}
}

/** Step 9: tells every policy that wants to know how a request ended; one that fails does not keep it from the next. */
export function tellPolicies(
	ctx: RequestContext,
	hooks: NonNullable<FinishHooks>,
): void {
	const outcome = new RequestOutcome(ctx);
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
