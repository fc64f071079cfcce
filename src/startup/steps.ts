import { encodeWide } from "../http/header-edits.ts";
import type { Reply } from "../http/reply.ts";
import { isThenable, modeOf } from "../model/maybe-promise.ts";
import type { Route } from "../model/route-options.ts";
import type { Dependency, Input } from "../model/types.ts";
import {
	type DependencyOrder,
	type DependencyPlan,
	resolveDependency,
} from "../request/dependencies.ts";
import {
	compileDeclaredForm,
	compileInputForm,
	compileReplacement,
} from "../request/form-body.ts";
import { compileBody } from "../request/json-body.ts";
import {
	compileParameters,
	readBehindProblems,
} from "../request/parameters.ts";
import type {
	NamedHooks,
	Outgoing,
	PayloadPlan,
	RequestContext,
	Step,
	StepResult,
} from "../request/request.ts";

/** Steps 2 and 5: a hook of each policy that has it. */
export function policySteps(
	phase: number,
	hook: "onRequest" | "onAdmit",
	hooks: readonly NamedHooks[],
): Step[] {
	return hooks.flatMap(({ name, hooks: own }) => {
		const run = own[hook]?.bind(own) as Step["run"] | undefined;
		if (run === undefined) return [];
		return [{ phase, name: `${hook} ${name}`, mode: modeOf(own[hook]), run }];
	});
}

/** Step 3. */
export function parameterSteps(
	route: Route,
	order: DependencyOrder,
	waitsForBody: boolean,
): Step[] {
	const run = compileParameters(route.options, order.inputs, waitsForBody);
	if (run === null) return [];
	return [{ phase: 3, name: "parameters", mode: "sync", run }];
}

/** Steps 4 and 6: the dependencies that resolve before the body is read, or after. */
export function dependencySteps(
	phase: number,
	order: DependencyOrder,
	dependencies: Readonly<Record<string, Dependency>>,
	isLate: boolean,
): Step[] {
	const names = Object.keys(dependencies);
	const steps = order.plans
		.filter((plan) => plan.isLate === isLate)
		.map((plan): Step => toStep(phase, plan));
	if (steps.length === 0) return steps;
	const taken = names.flatMap((name, i) => {
		const place = order.places[i] as number;
		return order.plans[place]?.isLate === isLate ? [{ name, place }] : [];
	});
	const last = steps[steps.length - 1] as Step;
	steps[steps.length - 1] = { ...last, run: thenTake(last.run, taken) };
	return steps;
}

function toStep(phase: number, plan: DependencyPlan): Step {
	return {
		phase,
		name: `dependency ${plan.dependency.name}`,
		mode: plan.dependency.isAsync ? "async" : "sync",
		run: (ctx) => resolveDependency(plan, ctx),
	};
}

/** After the last dependency the values stand in `ctx.deps` under the route's names. */
function thenTake(
	run: Step["run"],
	taken: readonly { readonly name: string; readonly place: number }[],
): Step["run"] {
	const take = (ctx: RequestContext): void => {
		for (const { name, place } of taken) ctx.deps[name] = ctx.resolved[place];
	};
	return (ctx) => {
		const result = run(ctx);
		if (result instanceof Promise) {
			return result.then((value) => {
				take(ctx);
				return value;
			});
		}
		take(ctx);
		return result;
	};
}

/** Step 6. */
export function payloadSteps(
	route: Route,
	payload: PayloadPlan | null,
	isBehindProblems: boolean,
): Step[] {
	if (payload === null) return [];
	const name = route.options.body === undefined ? "form" : "body";
	const run = isBehindProblems
		? readBehindProblems(payload.read)
		: payload.read;
	return [{ phase: 6, name, mode: "async", run }];
}

/** Step 7: what goes out, and the policies that look at it. */
export function outgoingSteps(
	route: Route,
	{ write }: Outgoing,
	payload: PayloadPlan | null,
	hooks: readonly NamedHooks[],
): Step[] {
	const replace = compileReplacement(route, payload?.form ?? null);
	const steps: Step[] = [
		{
			phase: 7,
			name: "outgoing",
			mode: "sync",
			run(ctx) {
				if (replace !== null) replace(ctx);
				ctx.outgoing = write(ctx);
				return undefined;
			},
		},
	];
	for (const { name, hooks: own } of hooks) {
		const hook = own.onUpstreamRequest?.bind(own);
		if (hook === undefined) continue;
		steps.push({
			phase: 7,
			name: `onUpstreamRequest ${name}`,
			mode: modeOf(own.onUpstreamRequest),
			run(ctx) {
				const request = ctx.outgoing as NonNullable<typeof ctx.outgoing>;
				const result = hook(ctx, request) as StepResult;
				if (!isThenable(result)) {
					encodeWide(request.headers);
					return result;
				}
				return Promise.resolve(result).then((value) => {
					encodeWide(request.headers);
					return value as Reply | undefined;
				});
			},
		});
	}
	return steps;
}

/**
 * Compiles step 6: the declared body or form, or the form that a dependency
 * needs. Null where nothing reads the body: then it streams.
 */
export function compilePayload(
	route: Route,
	inputs: readonly Input[],
): PayloadPlan | null {
	const { body, form } = route.options;
	if (body !== undefined) {
		return { read: compileBody(route, body), form: null };
	}
	if (form !== undefined) return compileDeclaredForm(route, form, inputs);
	const asks = inputs.some((value) => value.source === "form");
	return asks ? { read: compileInputForm(route, inputs), form: null } : null;
}
