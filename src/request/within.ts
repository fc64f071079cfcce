import type { NamedHooks, RunWithin } from "./request.ts";

/** The `runWithin` of every policy that has it, the first outermost; null where none has. One that fails is logged, and the steps run all the same. */
export function compileWithin(hooks: readonly NamedHooks[]): RunWithin | null {
	const found = hooks.flatMap(({ hooks: own }) =>
		own.runWithin === undefined ? [] : [guard(own.runWithin.bind(own))],
	);
	return found.reduceRight<RunWithin | null>(
		(inner, outer) =>
			inner === null ? outer : (ctx, run) => outer(ctx, () => inner(ctx, run)),
		null,
	);
}

/** However the hook behaves, the steps run once and at once. */
function guard(hook: RunWithin): RunWithin {
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
			ctx.runtime.logger.error(
				{ err: error, route: ctx.plan.info.id },
				"runWithin failed",
			);
		}
		once();
	};
}
