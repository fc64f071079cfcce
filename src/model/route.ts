import { checkOptions } from "../http/options.ts";
import type { InferForm } from "../params/form/form.ts";
import type { Infer, InferShape } from "../params/schema.ts";
import type { PathNames, PathValues } from "./path-names.ts";
import type { ResponseSchema } from "./response-options.ts";
import { sharedChecks } from "./route-checks.ts";
import type {
	Handler,
	OtherOptions,
	Route,
	RouteOptions,
	RouteParts,
	SharedOptions,
} from "./route-options.ts";
import type { Context, Dependencies, DependencyValues } from "./types.ts";

/** The id of a route: its `operationId`, or `METHOD /path` with the prefix, `ALL` for every method and `|` between several. */
export type RouteId<M extends string, P extends string, S> = S extends {
	readonly operationId: infer Id extends string;
}
	? Id
	: `${M} ${P}`;

/** The methods of an id, as {@link RouteId} has them. */
type MethodNames<M extends string | readonly string[]> = M extends string
	? Uppercase<M>
	: M extends readonly [infer One extends string]
		? Uppercase<One>
		: M extends readonly [
					infer One extends string,
					...infer Rest extends readonly string[],
				]
			? `${Uppercase<One>}|${MethodNames<Rest>}`
			: string;

/** The context of a route at path `P` with parts `S`, behind a builder's dependencies `D`. */
export type RouteContext<
	P extends string,
	S,
	D extends Dependencies,
> = Context<{
	readonly path: PathValues<P, S extends { path: infer X } ? X : object>;
	readonly query: S extends { query: infer X }
		? X extends "drop"
			? Record<never, never>
			: InferShape<X>
		: Record<never, never>;
	readonly headers: S extends { headers: infer X }
		? InferShape<X>
		: Record<never, never>;
	readonly cookies: S extends { cookies: infer X }
		? InferShape<X>
		: Record<never, never>;
	readonly body: S extends { body: infer X } ? Infer<X> : undefined;
	readonly form: S extends { form: infer X }
		? InferForm<X>
		: Record<never, never>;
	readonly deps: DependencyValues<
		S extends { dependencies: infer X } ? Merged<D, X> : D
	>;
}>;

/** The dependencies of a builder and those put on top: of two with one name the later. */
export type Merged<D, X> = {
	readonly [K in keyof D | keyof X]: K extends keyof X
		? X[K]
		: K extends keyof D
			? D[K]
			: never;
};

/** What a route's parts must agree on; each disagreement names itself in the compiler's message. */
export type CheckParts<P extends string, S> = string extends P
	? unknown
	: CheckPath<P, S> & CheckTemplate<P, S> & CheckPayload<S>;

type CheckPath<P extends string, S> = S extends { path: infer X }
	? {
			readonly path?: {
				readonly [K in Exclude<
					keyof X,
					PathNames<P>
				>]: `the path has no parameter :${K & string}`;
			};
		}
	: unknown;

type CheckTemplate<P extends string, S> = S extends {
	upstreamPath: infer U extends string;
}
	? CheckNames<Exclude<PathNames<U>, PathNames<P>>>
	: unknown;

type CheckNames<Missing extends string> = [Missing] extends [never]
	? unknown
	: "*" extends Missing
		? { readonly upstreamPath?: Refused<"nothing declares *"> }
		: { readonly forward: Given<`forward.path must give :${Missing}`> };

/** What gives a name of `upstreamPath` that the path lacks. */
interface Given<Reason extends string> {
	readonly path: object;
	readonly "~needed"?: Reason;
}

/** A text that may not stand where it is. A message alone would make the whole type `never`. */
interface Refused<Reason extends string> {
	readonly refused: Reason;
}

type CheckPayload<S> = S extends { body: unknown; form: unknown }
	? { readonly form?: "a route takes a body or a form, not both" }
	: unknown;

/** A route's options with their types inferred from its own parts. */
export type TypedRouteOptions<
	P extends string,
	S extends RouteParts,
	D extends Dependencies,
	R extends ResponseSchema,
> = { readonly [K in keyof S & keyof RouteParts]?: S[K] } & OpenParts &
	CheckParts<P, NoInfer<S>> &
	OtherOptions<RouteContext<P, NoInfer<S>, D>, R>;

/**
 * Offers the names. Types other than `unknown` would be intersected with those of `S`: of a zod schema that costs
 * 6,000 instantiations (test/types/scale.test.ts).
 */
type OpenParts = { readonly [K in keyof RouteParts]?: unknown };

/** What stands behind the path of a route: its options, or its handler alone. */
export type Declared<
	P extends string,
	S extends RouteParts,
	D extends Dependencies,
	R extends ResponseSchema,
> =
	| (TypedRouteOptions<P, S, D, R> & NoFunction)
	| Handler<RouteContext<P, NoInfer<S>, D>>;

/** Options are no function, which would pass for an object without any. */
interface NoFunction {
	readonly bind?: never;
}

/** Declares one route: path, then a handler, or options and a handler. */
export type DeclareRoute<
	M extends string,
	Prefix extends string,
	D extends Dependencies,
> = <
	const P extends string,
	const S extends RouteParts = Record<never, never>,
	R extends ResponseSchema = ResponseSchema,
>(
	path: P,
	options?: Declared<`${Prefix}${P}`, S, D, R>,
	handler?: Handler<RouteContext<`${Prefix}${P}`, NoInfer<S>, D>>,
) => Route<RouteId<M, `${Prefix}${P}`, S>>;

/** Declares routes with prefix, upstream, dependencies, policies and tags already set. */
export interface RouteBuilder<
	Prefix extends string = "",
	D extends Dependencies = Record<never, never>,
> {
	/** For a method find-my-way and node know, or several. */
	<
		const M extends string | readonly string[],
		const P extends string,
		const S extends RouteParts = Record<never, never>,
		R extends ResponseSchema = ResponseSchema,
	>(
		method: M,
		path: P,
		options?: Declared<`${Prefix}${P}`, S, D, R>,
		handler?: Handler<RouteContext<`${Prefix}${P}`, NoInfer<S>, D>>,
	): Route<RouteId<MethodNames<M>, `${Prefix}${P}`, S>>;
	readonly get: DeclareRoute<"GET", Prefix, D>;
	readonly post: DeclareRoute<"POST", Prefix, D>;
	readonly put: DeclareRoute<"PUT", Prefix, D>;
	readonly patch: DeclareRoute<"PATCH", Prefix, D>;
	readonly delete: DeclareRoute<"DELETE", Prefix, D>;
	readonly head: DeclareRoute<"HEAD", Prefix, D>;
	readonly options: DeclareRoute<"OPTIONS", Prefix, D>;
	/** For every method. A route for one method goes before it. */
	readonly all: DeclareRoute<"ALL", Prefix, D>;
	/** A builder with more already set: prefixes and tags add up, policies and dependencies come after the outer ones, an upstream and hosts replace. */
	with<
		const P2 extends string = "",
		const D2 extends Dependencies = Record<never, never>,
	>(
		shared: SharedOptions<D2> & { readonly prefix?: P2 },
	): RouteBuilder<`${Prefix}${P2}`, Merged<D, D2>>;
}

/** Stands for every method in {@link Route.methods}. */
export const allMethods = "*";

type AnyOptions = RouteOptions<never>;

function build(
	shared: Required<Omit<SharedOptions, "upstream">> &
		Pick<SharedOptions, "upstream">,
): unknown {
	const declare = (
		method: string | readonly string[],
		path: string,
		first: AnyOptions | Handler<never> = {},
		handler?: Handler<never>,
	): Route => {
		const given = Array.isArray(method) ? method : [method];
		const methods = given.map((name) => String(name).toUpperCase());
		const whole = `${shared.prefix}${path}`;
		const options = toOptions(first, handler);
		if (options !== first && (first as AnyOptions)?.handler !== undefined) {
			throw new TypeError(`${toName(methods, whole)}: has two handlers`);
		}
		return Object.freeze({
			kind: "route" as const,
			id: options?.operationId ?? toName(methods, whole),
			methods,
			path: whole,
			options,
			policies: [...shared.policies, ...toList(options?.policies)],
			dependencies: { ...shared.dependencies, ...options?.dependencies },
			upstream: options?.upstream ?? shared.upstream ?? null,
			tags: [...shared.tags, ...toList(options?.tags)],
			hosts: toList(options?.hosts ?? shared.hosts).map((host) =>
				String(host).toLowerCase(),
			),
		});
	};
	const one =
		(method: string) =>
		(path: string, ...rest: [AnyOptions?, Handler<never>?]): Route =>
			declare(method, path, ...rest);
	return Object.assign(declare, {
		get: one("GET"),
		post: one("POST"),
		put: one("PUT"),
		patch: one("PATCH"),
		delete: one("DELETE"),
		head: one("HEAD"),
		options: one("OPTIONS"),
		all: one(allMethods),
		with: (more: SharedOptions) => {
			checkOptions("route.with", more, sharedChecks);
			return build({
				prefix: `${shared.prefix}${more.prefix ?? ""}`,
				policies: [...shared.policies, ...(more.policies ?? [])],
				dependencies: { ...shared.dependencies, ...more.dependencies },
				tags: [...shared.tags, ...(more.tags ?? [])],
				hosts: more.hosts ?? shared.hosts,
				...pickUpstream(more.upstream ?? shared.upstream),
			});
		},
	});
}

/** Options with the handler that stands beside them, or alone. */
function toOptions(
	first: AnyOptions | Handler<never>,
	handler: Handler<never> | undefined,
): AnyOptions {
	if (typeof first === "function") return { handler: first };
	return handler === undefined ? first : { ...first, handler };
}

/** How a route is named where it does not name itself: `METHOD /path`. */
export function toName(methods: readonly string[], path: string): string {
	const isAll = methods.includes(allMethods);
	return `${isAll ? "ALL" : methods.join("|")} ${path}`;
}

/** What is no list is one of the problems of the start. */
function toList<T>(value: readonly T[] | undefined): readonly T[] {
	return Array.isArray(value) ? value : [];
}

function pickUpstream(
	upstream: SharedOptions["upstream"],
): Pick<SharedOptions, "upstream"> {
	return upstream === undefined ? {} : { upstream };
}

/**
 * Declares routes: `route.get('/users/:id', { upstream, path: { id: Type.Integer() } })`.
 * `createGateway` checks all routes together and lists every problem at once.
 */
export const route: RouteBuilder = build({
	prefix: "",
	policies: [],
	dependencies: {},
	tags: [],
	hosts: [],
}) as RouteBuilder;
