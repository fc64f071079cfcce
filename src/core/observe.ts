import type { AttemptEnd, UpstreamAttempt } from "../proxy/attempts.ts";
import type { Plan } from "./compile.ts";
import type { RequestContext } from "./context.ts";
import type { WatchedAttempt } from "./observation.ts";
import type { NamedHooks, Step } from "./steps.ts";

/** Shows a call to the upstream to the policies; gives back what is told how it ended. */
export type WatchAttempts = (
	ctx: RequestContext,
	attempt: UpstreamAttempt,
) => (end: AttemptEnd) => void;

/** The `onUpstreamAttempt` of every policy that has it; null where none has. One that fails is logged, and fails nothing else. */
export function compileAttempts(
	hooks: readonly NamedHooks[],
): WatchAttempts | null {
	const found = hooks.flatMap(({ hooks: own }) =>
		own.onUpstreamAttempt === undefined
			? []
			: [own.onUpstreamAttempt.bind(own)],
	);
	if (found.length === 0) return null;
	return (ctx, attempt) => {
		const ends = found.map((hook) =>
			guard(ctx, (): WatchedAttempt => hook(ctx, attempt)),
		);
		return (end) => {
			for (const tell of ends) {
				if (typeof tell === "function") guard(ctx, () => tell(end));
			}
		};
	};
}

function guard<T>(ctx: RequestContext, act: () => T): T | undefined {
	try {
		return act();
	} catch (error) {
		ctx.runtime.logger.error(
			{ err: error, route: ctx.plan.info.id },
			"onUpstreamAttempt failed",
		);
		return undefined;
	}
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
