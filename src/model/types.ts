import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpError } from "../http/errors.ts";
import type { Reply } from "../http/reply.ts";
import type {
	FilePart,
	FileSchema,
	FormLimits,
	FormShape,
	InferForm,
} from "../params/form/form.ts";
import type {
	Infer,
	InferInput,
	InferShape,
	Schema,
	Shape,
} from "../params/schema.ts";
import type {
	BodyObserver,
	UpstreamHead,
	UpstreamReader,
} from "./body-types.ts";
import type { Dependencies } from "./dependency-types.ts";
import type { DocsContribution } from "./docs.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { Outcome, UpstreamAttempt, WatchedAttempt } from "./outcome.ts";
import type { Fields, RouteOptions } from "./route-options.ts";
import type { Upstream } from "./upstream.ts";

export type {
	BodyObserver,
	UpstreamHead,
	UpstreamReader,
} from "./body-types.ts";
export type {
	Dependencies,
	Dependency,
	DependencyValues,
	Input,
	InputSource,
	Needs,
	NeedValues,
	Resolved,
} from "./dependency-types.ts";
export type {
	DocsContribution,
	SecurityScheme,
	SecuritySchemes,
} from "./docs.ts";
export type { MaybePromise } from "./maybe-promise.ts";
export type {
	AttemptEnd,
	Outcome,
	StepTiming,
	UpstreamAttempt,
	WatchedAttempt,
} from "./outcome.ts";
export type { OptionalNames, PathNames, PathValues } from "./path-names.ts";
export type {
	Fields,
	FieldValue,
	Forward,
	ReplyValue,
	ResponseMode,
	RouteDocs,
	RouteOptions,
	SharedOptions,
} from "./route-options.ts";
export type {
	FilePart,
	FileSchema,
	FormLimits,
	FormShape,
	Infer,
	InferForm,
	InferInput,
	InferShape,
	Schema,
	Shape,
	Upstream,
};

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
	 * `trustedProxies` from `x-forwarded-proto` and `x-forwarded-host`.
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
	/** Adds a header to whatever answer goes out, the gateway's or the upstream's. */
	setReplyHeader(name: string, value: string): void;
	/** Takes every line of that name off what goes upstream, the client's and what was set before, and adds this one; null only takes off. */
	setUpstreamHeader(name: string, value: string | null): void;
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
}

/** What a policy does on the requests of one route. An absent phase costs nothing. */
export interface PolicyHooks {
	/**
	 * Whether `onRequest` answers CORS preflights. They ask, as OPTIONS, about another method (Fetch
	 * standard, section 4.8): then those about this route run its step 2, unless OPTIONS is declared there.
	 */
	readonly answersPreflight?: boolean;
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

/** What acts on the requests of a route, in phases. Made once for each route at start-up. */
export interface Policy {
	readonly name: string;
	/** The hooks for that route; null when the policy has nothing to do there. */
	forRoute(route: RouteInfo): PolicyHooks | null;
	/** Told once which routes the gateway has, when all are compiled, the docs' own left out. What it throws is one of the problems of the start. */
	onRoutes?(routes: readonly RouteInfo[]): void;
	/** Told once when the gateway has been drained. */
	close?(): MaybePromise<void>;
	/** What the docs say about a route that has this policy. */
	readonly docs?: DocsContribution;
}

/** A declared route: a plain value. Made by `route`. */
export interface Route<out Id extends string = string> {
	readonly kind: "route";
	/** `operationId`, or `METHOD /path` with the builder's prefix. */
	readonly id: Id;
	readonly methods: readonly string[];
	/** With the builder's prefix. */
	readonly path: string;
	readonly options: RouteOptions<never>;
	/** Of the builders it came from, outermost first. */
	readonly policies: readonly Policy[];
	readonly dependencies: Dependencies;
	readonly upstream: Upstream | string | null;
	readonly tags: readonly string[];
}

/** What a policy or the log may know of a route. */
export interface RouteInfo {
	/** `operationId`, or `METHOD /path`. */
	readonly id: string;
	readonly methods: readonly string[];
	/** The template, such as `/users/:id`. */
	readonly path: string;
	readonly tags: readonly string[];
	/** Whether an upstream answers, rather than a handler. */
	readonly proxied: boolean;
	/** All that stand in front of it, the gateway's and the builders' included, by their names. */
	readonly dependencies: Dependencies;
	/** The upstream's name; null where a handler answers. */
	readonly upstream: string | null;
	/** The declared route. */
	readonly source: Route;
}

/** One compiled step of a route, as `explain` lists it. */
export interface StepInfo {
	/** The number in the life of a request (docs/lifecycle.md). */
	readonly phase: number;
	readonly name: string;
	/** Whether it can make the request wait. */
	readonly mode: "sync" | "async";
}

/** Where failures inside hooks and dependencies, and what validation in shadow found, are told. Any pino logger will do. */
export interface Logger {
	error(details: object, message: string): void;
	warn(details: object, message: string): void;
	info(details: object, message: string): void;
}
