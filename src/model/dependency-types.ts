import type { Reply } from "../http/reply.ts";
import type { Schema } from "../params/schema.ts";
import type { Context, DocsContribution } from "./types.ts";

/** Where a dependency's own input comes from. */
export type InputSource = "path" | "query" | "header" | "cookie" | "form";

/** One input of a dependency: made by `header()`, `query()`, `path()`, `cookie()` or `form()`. */
export interface Input<out T = unknown> {
	readonly kind: "input";
	readonly source: InputSource;
	readonly name: string;
	readonly schema: Schema;
	/** Carries the type alone; never there at run time. */
	readonly "~type"?: T;
}

/** What a dependency needs before it can resolve: other dependencies, and inputs of its own. */
export type Needs = Readonly<Record<string, Dependency | Input>>;

/** The values that answer a dependency's needs. */
export type NeedValues<N> = {
	readonly [K in keyof N]: N[K] extends Dependency<infer T>
		? T
		: N[K] extends Input<infer T>
			? T
			: never;
};

/** What a dependency's resolve function may give back. */
export type Resolved<R> =
	R extends AsyncGenerator<infer Y, unknown, unknown>
		? Exclude<Y, Reply>
		: Exclude<Awaited<R>, Reply>;

/** Makes a typed value before the upstream is called. Made by `dependency()`. */
export interface Dependency<out T = unknown> {
	readonly kind: "dependency";
	readonly name: string;
	readonly needs: Needs;
	readonly resolve: (values: never, ctx: Context) => unknown;
	readonly docs: DocsContribution | null;
	/** Whether it can make the request wait. */
	readonly isAsync: boolean;
	/** Carries the type alone; never there at run time. */
	readonly "~type"?: T;
}

/** Dependencies by the names under which a route sees them. */
export type Dependencies = Readonly<Record<string, Dependency>>;

/** The values of named dependencies. */
export type DependencyValues<D> = {
	readonly [K in keyof D]: D[K] extends Dependency<infer T> ? T : never;
};

/** Test doubles and the like: what stands in for a dependency. */
export type Overrides = ReadonlyMap<Dependency, Dependency>;
