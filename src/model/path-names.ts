import type { InferInput } from "../params/schema.ts";

/** The parameter names in a find-my-way path, such as `id` in `/users/:id` and `*` in `/files/*`. */
export type PathNames<P extends string> = Unmarked<MarkedNames<PlainPath<P>>>;
type Unmarked<M extends string> = M extends `${infer N}?` ? N : M;

/** Those that a request may leave out, such as `id` in `/users/:id?`. */
export type OptionalNames<P extends string> = Marked<MarkedNames<PlainPath<P>>>;
type Marked<M extends string> = M extends `${infer N}?` ? N : never;

/** Without what is no name: `::` is a colon, and what stands in parentheses is an expression. */
type PlainPath<P extends string> = P extends `${infer A}::${infer B}`
	? PlainPath<`${A}-${B}`>
	: P extends `${infer A}(${infer B}`
		? PlainPath<`${A}-${AfterGroup<B>}`>
		: P;
type AfterGroup<
	S extends string,
	Depth extends 0[] = [],
> = S extends `\\${infer _}${infer R}`
	? AfterGroup<R, Depth>
	: S extends `(${infer R}`
		? AfterGroup<R, [...Depth, 0]>
		: S extends `)${infer R}`
			? Depth extends [0, ...infer Rest extends 0[]]
				? AfterGroup<R, Rest>
				: R
			: S extends `${infer _}${infer R}`
				? AfterGroup<R, Depth>
				: "";

type MarkedNames<P extends string> = P extends `${string}:${infer R}`
	? NameOf<R> | MarkedNames<R>
	: P extends `${string}*`
		? "*"
		: never;
type NameOf<
	S extends string,
	N extends string = "",
> = S extends `${infer C}${infer R}`
	? C extends "?"
		? `${N}?`
		: C extends "/" | "-" | "." | ":" | "*"
			? N
			: NameOf<R, `${N}${C}`>
	: N;

/** The path values of a route: a string for each name without a schema. */
export type PathValues<P extends string, S> = string extends P
	? Readonly<Record<string, string>>
	: {
			readonly [K in PathNames<P>]: K extends keyof S
				? InferInput<S[K]>
				: K extends OptionalNames<P>
					? string | undefined
					: string;
		};
