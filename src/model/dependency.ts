import { Type } from "typebox";
import {
	anyText,
	type Checks,
	checkOptions,
	flag,
	func,
	mapOf,
	must,
	object,
	throwProblems,
} from "../http/options.ts";
import type { Reply } from "../http/reply.ts";
import type { InferInput, Schema } from "../params/schema.ts";
import type { Outcome } from "./outcome.ts";
import type {
	Context,
	Dependency,
	DocsContribution,
	Input,
	InputSource,
	Needs,
	NeedValues,
	Resolved,
} from "./types.ts";

/** What may be said of a dependency besides how it resolves. */
export interface DependencyOptions {
	/** The name in `explain` and in errors. Default: the resolve function's own. */
	readonly name?: string;
	/** What it adds to the docs of its routes. */
	readonly docs?: DocsContribution;
	/** Whether it can make the request wait, for `explain`. Default: whether it was written as an async function. */
	readonly mayWait?: boolean;
}

/**
 * A typed value made before the upstream is called, at most once a request.
 * `resolve` may be synchronous, asynchronous, or an async generator that yields
 * the value once and cleans up behind it: `const outcome = yield value`. The
 * clean-up runs when the response has ended, however it ended; `outcome` says
 * how. It rejects by throwing {@link HttpError}, or responds by returning a reply.
 *
 * @throws TypeError when a need is neither a dependency nor an input, or an option is not known.
 */
export function dependency<Y>(
	resolve: (ctx: Context) => AsyncGenerator<Y, unknown, Outcome>,
	options?: DependencyOptions,
): Dependency<Exclude<Y, Reply>>;
/** The same, made from other dependencies and from inputs of its own: `dependency({ caller, page: input.query('page') }, ({ caller, page }) => ...)`. */
export function dependency<const N extends Needs, Y>(
	needs: N,
	resolve: (
		values: NeedValues<N>,
		ctx: Context,
	) => AsyncGenerator<Y, unknown, Outcome>,
	options?: DependencyOptions,
): Dependency<Exclude<Y, Reply>>;
export function dependency<R>(
	resolve: (ctx: Context) => R,
	options?: DependencyOptions,
): Dependency<Resolved<R>>;
export function dependency<const N extends Needs, R>(
	needs: N,
	resolve: (values: NeedValues<N>, ctx: Context) => R,
	options?: DependencyOptions,
): Dependency<Resolved<R>>;
export function dependency(
	first: Needs | ((ctx: Context) => unknown),
	second?: DependencyOptions | ((values: never, ctx: Context) => unknown),
	third?: DependencyOptions,
): Dependency {
	if (typeof first === "function") {
		const resolve = first;
		return create(
			{},
			(_values, ctx) => resolve(ctx),
			resolve,
			second as DependencyOptions | undefined,
		);
	}
	throwProblems("dependency", needs(first, "needs"));
	throwProblems("dependency", func(second, "the second argument"));
	return create(first, second as never, second as never, third);
}

function create(
	needs: Needs,
	resolve: (values: never, ctx: Context) => unknown,
	written: { readonly name: string },
	options: DependencyOptions = {},
): Dependency {
	checkOptions("dependency", options, checks);
	return Object.freeze({
		kind: "dependency" as const,
		name: options.name ?? written.name,
		needs,
		resolve,
		docs: options.docs ?? null,
		isAsync: options.mayWait ?? modeOf(written) !== "sync",
		yields: modeOf(written) === "generator",
	});
}

const checks: Checks<DependencyOptions> = {
	name: anyText,
	docs: object,
	mayWait: flag,
};
const needs = mapOf(
	must("a dependency or an input", (need: { kind?: unknown } | null) =>
		["dependency", "input"].includes(need?.kind as string),
	),
);

/** How a function was written. */
function modeOf(value: object): "sync" | "async" | "generator" {
	const tag = Object.prototype.toString.call(value);
	if (tag === "[object AsyncGeneratorFunction]") return "generator";
	return tag === "[object AsyncFunction]" ? "async" : "sync";
}

function declare<S extends Schema>(
	source: InputSource,
	name: string,
	schema: S,
): Input<InferInput<S>> {
	return Object.freeze({ kind: "input" as const, source, name, schema });
}

/** What {@link input} offers: for each part of a request an input of that name, a string unless a schema says more. */
export interface InputBuilder {
	<S extends Schema>(
		source: InputSource,
		name: string,
		schema: S,
	): Input<InferInput<S>>;
	path(name: string): Input<string>;
	path<S extends Schema>(name: string, schema: S): Input<InferInput<S>>;
	query(name: string): Input<string>;
	query<S extends Schema>(name: string, schema: S): Input<InferInput<S>>;
	header(name: string): Input<string>;
	header<S extends Schema>(name: string, schema: S): Input<InferInput<S>>;
	cookie(name: string): Input<string>;
	cookie<S extends Schema>(name: string, schema: S): Input<InferInput<S>>;
	form(name: string): Input<string>;
	form<S extends Schema>(name: string, schema: S): Input<InferInput<S>>;
}

function from(source: InputSource) {
	return (name: string, schema: Schema = Type.String()): Input<never> =>
		declare(source, name, schema) as Input<never>;
}

/**
 * Inputs of a dependency's own: `input.header('x-api-key')`,
 * `input.query('page', Type.Integer({ default: 1 }))`. They are read and checked
 * in the same pass as the route's own parameters, and documented with them.
 */
export const input: InputBuilder = Object.assign(declare, {
	path: from("path"),
	query: from("query"),
	header: from("header"),
	cookie: from("cookie"),
	form: from("form"),
});

/** Whether it was made by `dependency()`. */
export function isDependency(value: unknown): value is Dependency {
	return (value as { kind?: unknown } | null)?.kind === "dependency";
}
