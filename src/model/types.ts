import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpError } from "../http/errors.ts";
import type { HeaderValue } from "../http/header-edits.ts";
import type { Reply } from "../http/reply.ts";
import type { Schema } from "../params/schema.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type {
	BodyObserver,
	Outcome,
	TransformBody,
	UpstreamAttempt,
	UpstreamHead,
	UpstreamReader,
	WatchedAttempt,
} from "./outcome.ts";

/** What a request's values are, part by part. The parts a route does not declare keep their defaults. */
export interface ContextValues {
	readonly path: object;
	readonly query: object;
	readonly headers: object;
	readonly cookies: object;
	readonly body: unknown;
	readonly form: object;
	readonly deps: object;
}

/**
 * The one object of a request: what was declared about it, checked and typed,
 * and what stands behind it. Every phase sees the same one.
 */
export interface Context<V extends ContextValues = ContextValues> {
	/** The request's id; a policy such as `headgate/request-id` may set it in step 2. Default: random, made when first read. */
	id: string;
	/** The method as the client sent it. */
	readonly method: string;
	/** The request target as the client sent it, in origin form: path and query. */
	readonly url: string;
	/** Path values, decoded once and converted to their declared types. */
	readonly path: V["path"];
	/** Declared query values. */
	readonly query: V["query"];
	/** Declared header values. The rest is in `req.headers`. */
	readonly headers: V["headers"];
	/** Declared cookie values. */
	readonly cookies: V["cookies"];
	/** The declared body, checked; undefined before step 6 and where none is declared. */
	readonly body: V["body"];
	/** The declared form fields, and for each file what was said of it. */
	readonly form: V["form"];
	/** What the dependencies made, by the names they were given. */
	readonly deps: V["deps"];
	/**
	 * Scheme and authority that the client asked, in lower case, such as `https://api.example.com`; behind
	 * `trustedProxies` as they say it.
	 */
	readonly origin: string;
	/**
	 * Path and query as they will go upstream, known from step 5 on, where no `forward.query` reads the
	 * body; null where a handler answers.
	 */
	readonly upstreamPath: string | null;
	/** What the route's `forward.headers` gives, known when `upstreamPath` is; null where there is none. */
	readonly forwardHeaders: Fields | null;
	/** The address the request is accounted to: the peer's, or behind `trustedProxies` the first untrusted one from the right. */
	readonly address: string;
	/** Whether the peer is one of `trustedProxies`: what it says of the request may be believed. */
	readonly isPeerTrusted: boolean;
	/** The route that matched. */
	readonly route: RouteInfo;
	/** What policies want to tell one another and the log about this request. Made when first read. */
	readonly state: Map<symbol | string, unknown>;
	/** Whether anybody asked for `state`: who only looks need not make it. */
	readonly hasState: boolean;
	/** Aborts when the client leaves or the request ends otherwise. Made when first read. */
	readonly signal: AbortSignal;
	/** Calls it when the request has ended, whole or not, and at once where it has. Cheaper than `signal`. What it throws then is logged. */
	whenOver(act: () => void): void;
	readonly req: IncomingMessage;
	readonly res: ServerResponse;
	/**
	 * Sets a header of whatever response goes out, the gateway's or the service's, in place of every line of that name;
	 * null takes the name off. Text outside ASCII goes out as UTF-8, bytes go out as they are.
	 *
	 * @throws TypeError for a value that no header can carry, and for names that say where a body ends.
	 */
	setResponseHeader(name: string, value: HeaderValue | null): void;
	/** Adds one more line of that name, as `vary` and `set-cookie` need it. Throws as `setResponseHeader` does. */
	appendResponseHeader(name: string, value: HeaderValue): void;
	/** What policies have set and added of that name, joined by commas; null where there is none. */
	responseHeader(name: string): string | null;
	/**
	 * Sets a header of what goes upstream, in place of every line of that name: the client's, the gateway's own and
	 * what was set before; null takes the name off. Text outside ASCII goes out as UTF-8, bytes go out as they are.
	 * Works up to step 7.
	 *
	 * @throws HttpError 400 for a value that no header can carry; TypeError for names that say where a body ends.
	 */
	setUpstreamHeader(name: string, value: HeaderValue | null): void;
	/** Adds one more line of that name to what goes upstream. Throws as `setUpstreamHeader` does. */
	appendUpstreamHeader(name: string, value: HeaderValue): void;
	/** What would go upstream as things stand, a copy, from step 5 on and where no `forward` reads the body; null where a handler answers. */
	previewUpstream(): UpstreamRequest | null;
	/**
	 * Asks the route's upstream on the gateway's own account, without a body and whether or not the client
	 * stays: within the route's time-outs, and 60 s where no `totalMs` is set. `close` waits for it.
	 *
	 * @throws TypeError where a handler answers the route.
	 */
	askUpstream(request: UpstreamRequest, reader: UpstreamReader): void;
	/** Takes every value of that name off what the client sent before it goes upstream: a credential that was for the gateway alone. */
	withhold(source: WithheldSource, name: string): void;
}

/** The parts of a request that carry named values from which one can be taken off. */
export type WithheldSource = "query" | "header" | "cookie";

/** What is about to go upstream: `onUpstreamRequest` may change it. */
export interface UpstreamRequest {
	method: string;
	/** Path and query, percent-encoded. */
	path: string;
	/** Names and values in turn. */
	headers: string[];
}

/** The head of an upstream's answer: `onUpstreamResponse` may change status and headers before it goes on. */
export interface UpstreamResponse extends UpstreamHead {
	/** Sees each chunk of the body as it passes, and how the body ended. Several may listen. */
	observe(observer: BodyObserver): void;
	/**
	 * Sends another value in place of a 2xx JSON body, behind `response.mode` and `response.body`. The body is read
	 * whole, 10 MiB at most; other responses pass untouched. A part of such a body (206) is a 502: a policy that
	 * transforms takes `range` off what goes upstream.
	 */
	transform(change: TransformBody): void;
}

/** What a policy does on the requests of one route. An absent phase costs nothing. */
export interface PolicyHooks {
	/**
	 * Whether `onRequest` answers CORS preflights. They ask, as OPTIONS, about another method (Fetch
	 * standard, section 4.8): then those about this route run its step 2, unless OPTIONS is declared there.
	 */
	readonly answersPreflight?: boolean;
	/**
	 * Whether `onRequest` and `onAdmit` protect the route: then other spellings of its path do not reach the service by
	 * a route without the policy. False for what only adds something, such as an id. Default true.
	 */
	readonly guards?: boolean;
	/** Whether the time of every step is taken, for `Outcome.steps`. Default false: the clock is not read then. */
	readonly timesSteps?: boolean;
	/** Step 1, synchronous: the route has a request, which an earlier policy or the head itself may yet refuse. One `onFinish` follows. */
	onStart?(ctx: Context): void;
	/**
	 * Step 1, synchronous, once per request whose head is good: calls `run`, which goes through the steps behind
	 * it. For what holds while they run and wait, such as `storage.run(value, run)` of an AsyncLocalStorage.
	 */
	runWithin?(ctx: Context, run: () => void): void;
	/** Step 2: nothing is known but the head. A reply ends the request. */
	onRequest?(ctx: Context): MaybePromise<Reply | undefined | void>;
	/** Step 5: identity is known, the body is not read. A reply ends the request. */
	onAdmit?(ctx: Context): MaybePromise<Reply | undefined | void>;
	/** Step 7: what goes out can be seen and changed. A reply ends the request. */
	onUpstreamRequest?(
		ctx: Context,
		request: UpstreamRequest,
	): MaybePromise<Reply | undefined | void>;
	/**
	 * Step 8, synchronous: a call to the upstream begins, the first or one more after a failure, by the
	 * gateway or by an interceptor. May add headers to it; what it gives back is told how the call ended.
	 */
	onUpstreamAttempt?(ctx: Context, attempt: UpstreamAttempt): WatchedAttempt;
	/** Step 8, synchronous: the head of the upstream's answer. A reply takes its place and its body is dropped. */
	onUpstreamResponse?(
		ctx: Context,
		response: UpstreamResponse,
	): Reply | undefined | void;
	/** Step 8, synchronous: no usable head came from the upstream. A reply takes the failure's place. */
	onUpstreamError?(ctx: Context, error: HttpError): Reply | undefined | void;
	/** Step 9: once for every request that reached the route, whatever happened. */
	onFinish?(ctx: Context, outcome: Outcome): void;
}

/** What a route says of itself; `Route` says the rest. Made by `route`. */
export interface DeclaredRoute<out Id extends string = string> {
	/**
	 * `operationId`, or `METHOD /path` with the builder's prefix. It stands before `kind`: TypeScript tells the members
	 * of a union apart by their first literal, and else compares each with each (test/types/scale.test.ts).
	 */
	readonly id: Id;
	readonly kind: "route";
	readonly methods: readonly string[];
	/** With the builder's prefix. */
	readonly path: string;
	/** The hosts it is for, in lower case; empty for any. */
	readonly hosts: readonly string[];
}

/** What acts on the requests of a route, in phases. Made once for each route at start-up. */
export interface Policy {
	readonly name: string;
	/** The hooks for that route; null when the policy has nothing to do there. */
	forRoute(route: RouteInfo): PolicyHooks | null;
	/** Told once which routes the gateway has, when all are compiled, without those of the docs and of policies. What it throws is one of the problems of the start. */
	onRoutes?(routes: readonly RouteInfo[]): void;
	/** Told once when the gateway has been drained. */
	close?(): MaybePromise<void>;
	/** What the docs say about a route that has this policy. */
	readonly docs?: DocsContribution;
	/**
	 * Routes that come with it, such as a page. They stand behind the gateway's dependencies and their own, and behind
	 * no policy: they are not limited, cached, logged or counted. They are not in the docs. Default none.
	 */
	readonly routes?: readonly DeclaredRoute[];
}

/** What a policy or the log may know of a route. */
export interface RouteInfo {
	/** `operationId`, or `METHOD /path`. */
	readonly id: string;
	readonly methods: readonly string[];
	/** The template, such as `/users/:id`. */
	readonly path: string;
	/** The hosts it is for, in lower case; empty for any. */
	readonly hosts: readonly string[];
	readonly tags: readonly string[];
	/** Whether an upstream answers, rather than a handler. */
	readonly proxied: boolean;
	/** All that stand in front of it, the gateway's and the builders' included, by their names. */
	readonly dependencies: Dependencies;
	/** The upstream's name; null where a handler answers. */
	readonly upstream: string | null;
	/** The origins of its upstream's targets, such as `http://users:8002`; empty where a handler responds. */
	readonly origins: readonly string[];
	/** All policies in front of it, the gateway's first. */
	readonly policies: readonly Policy[];
	/** Protocols that a request may upgrade to. Default `["websocket"]`. */
	readonly upgrades: readonly string[];
	/** Whether the call to the upstream may depend on the body: one is declared, set by `forward`, or the upstream's method is not GET. */
	readonly usesBody: boolean;
	/** Whether `forward.headers` sets headers on what goes upstream. */
	readonly setsHeaders: boolean;
}

/** Where failures inside hooks and dependencies, and what validation in shadow found, are told. Any pino logger will do. */
export interface Logger {
	error(details: object, message: string): void;
	warn(details: object, message: string): void;
	info(details: object, message: string): void;
}

/** A value that can stand in a query, header or form field: undefined leaves it out, an array repeats it. */
export type FieldValue =
	| string
	| number
	| boolean
	| readonly (string | number | boolean)[]
	| undefined
	| null;

/** Names and values that go out. */
export type Fields = Readonly<Record<string, FieldValue>>;

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
	/** Whether it was written as an async generator, which learns how the request ended. */
	readonly yields: boolean;
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

/** A security scheme as OpenAPI 3.1 writes it. */
export type SecurityScheme = Readonly<Record<string, unknown>> & {
	/** The scopes or roles that the operation asks of it. They are no part of the scheme. Default none. */
	readonly requiredScopes?: readonly string[];
};

/** Security schemes by name, all of which are asked for. */
export type SecuritySchemes = Readonly<Record<string, SecurityScheme>>;

/** What a dependency or a policy adds to the OpenAPI operation of its routes. */
export interface DocsContribution {
	/** The operation requires all schemes of a set; of several sets it requires any one, and an empty one makes the rest optional. */
	readonly security?: SecuritySchemes | readonly SecuritySchemes[];
	/** Responses by status, as OpenAPI 3.1 writes them. */
	readonly responses?: Readonly<
		Record<number, Readonly<Record<string, unknown>>>
	>;
}
