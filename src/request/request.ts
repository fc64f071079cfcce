import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import type { Chain, TrustedProxies } from "../connection/forwarding.ts";
import type { PaceLimits } from "../connection/pace.ts";
import type { Peer, PeerRequest } from "../connection/peer.ts";
import type { DeadlineWatch } from "../http/deadlines.ts";
import type { HttpError, Problem } from "../http/errors.ts";
import type { HeaderEdits } from "../http/header-edits.ts";
import type { RequestHead } from "../http/headers.ts";
import type { ByHost } from "../http/hosts.ts";
import type { Reply } from "../http/reply.ts";
import type { GatewayLimits } from "../model/gateway-options.ts";
import type {
	AttemptEnd,
	BodyObserver,
	Outcome,
	StepInfo,
	UpstreamAttempt,
	UpstreamReader,
} from "../model/outcome.ts";
import type {
	Context,
	Fields,
	Logger,
	PolicyHooks,
	RouteInfo,
	UpstreamRequest,
} from "../model/types.ts";
import type { MultipartForm } from "../params/form/form-multipart.ts";
import type { CompiledForm } from "../params/form/form-reader.ts";
import type { Forward } from "../proxy/forward.ts";
import type { ForwardOwner } from "../proxy/forward-owner.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import type { Tunnel } from "../proxy/tunnel.ts";
import type { AttemptWatcher } from "../upstream/attempts.ts";
import type { Cleanup } from "./dependencies.ts";
import type { RenderError } from "./error-reply.ts";
import type { OpenRequests } from "./open-requests.ts";
import { Meter } from "./timings.ts";
import type { UpstreamWarnings } from "./upstream-warnings.ts";
import type { Withheld } from "./withheld-credentials.ts";

const nothing: Readonly<Record<string, never>> = Object.freeze({});
const noValues: readonly unknown[] = Object.freeze([]);

/**
 * What is known of one request. Every field is set in the constructor, in one
 * order, so that all requests share one hidden class (test/request/same-shape.test.ts).
 */
export class RequestState {
	readonly runtime: Runtime;
	readonly plan: Plan;
	readonly req: IncomingMessage;
	readonly res: ServerResponse;
	/** Kept here, because undici takes the socket off a request that it has sent. */
	readonly socket: Socket;
	readonly head: RequestHead;
	readonly peer: Peer;
	readonly method: string;
	readonly url: string;
	/** Where the path ends in `url`. */
	readonly pathEnd: number;
	path: Record<string, unknown>;
	query: Record<string, unknown>;
	headers: Record<string, unknown>;
	cookies: Record<string, unknown>;
	body: unknown;
	form: Readonly<Record<string, unknown>>;
	deps: Record<string, unknown>;
	resolved: unknown[];
	inputs: unknown[];
	cleanups: Cleanup[] | null;
	/** What is about to go upstream; null until step 7. */
	outgoing: UpstreamRequest | null;
	/** The body that goes upstream in place of the client's bytes; null where those go, or nothing. */
	payload: Readable | Uint8Array | null;
	payloadType: string | null;
	/** In bytes; null where it is not known. */
	payloadLength: number | null;
	/** Whether `payload` takes the place of the client's body, even where it is null. */
	hasPayload: boolean;
	/** What is wrong with the parameters, where it waits to be listed with what is wrong with the body; else null. */
	problems: Problem[] | null;
	/** A declared multipart form that is being read; null where there is none. */
	multipart: MultipartForm | null;
	/** What `setResponseHeader` and `appendResponseHeader` were given. */
	responseHeaders: HeaderEdits | null;
	/** What `setUpstreamHeader` was given. */
	upstreamHeaders: HeaderEdits | null;
	/** What `withhold` was given; null where nothing is held back. */
	withheld: Withheld | null;
	/** Path and query as they go upstream; null until somebody asks. */
	target: string | null;
	/** What `forward.query` and `forward.headers` gave, each called once; null until then. */
	extraQuery: Fields | null;
	extraHeaders: Fields | null;
	forward: Forward | null;
	bodyObserver: BodyObserver | null;
	failure: HttpError | null;
	/** Whether the upstream's status is the one the client got. */
	isUpstreamAnswer: boolean;
	isOver: boolean;
	isAnswered: boolean;
	/** Whether the client waits for `100 Continue`. */
	awaitsContinue: boolean;
	/** Whether the connection ends with this answer whatever was read. */
	isLast: boolean;
	/** How the connection is taken over when the upstream switches protocols; null for plain HTTP. */
	upgrade: PendingUpgrade | null;
	/** Null where nobody asks how the request went. */
	readonly meter: Meter | null;
	/** Looks after a body that is still to come; null where there is none. */
	bodyWatch: BodyGuard | null;

	constructor(
		runtime: Runtime,
		plan: Plan,
		req: IncomingMessage,
		res: ServerResponse,
		head: RequestHead,
		peer: Peer,
		url: string,
		pathEnd: number,
		path: Record<string, unknown>,
	) {
		this.runtime = runtime;
		this.plan = plan;
		this.req = req;
		this.res = res;
		this.socket = req.socket;
		this.head = head;
		this.peer = peer;
		this.method = req.method as string;
		this.url = url;
		this.pathEnd = pathEnd;
		this.path = path;
		this.query = nothing;
		this.headers = nothing;
		this.cookies = nothing;
		this.body = undefined;
		this.form = nothing;
		this.deps = plan.hasDependencies ? {} : nothing;
		this.resolved = plan.hasDependencies ? [] : (noValues as unknown[]);
		this.inputs = plan.hasDependencies ? [] : (noValues as unknown[]);
		this.cleanups = null;
		this.outgoing = null;
		this.payload = null;
		this.payloadType = null;
		this.payloadLength = null;
		this.hasPayload = false;
		this.problems = null;
		this.multipart = null;
		this.responseHeaders = null;
		this.upstreamHeaders = null;
		this.withheld = null;
		this.target = null;
		this.extraQuery = null;
		this.extraHeaders = null;
		this.forward = null;
		this.bodyObserver = null;
		this.failure = null;
		this.isUpstreamAnswer = false;
		this.isOver = false;
		this.isAnswered = false;
		this.awaitsContinue = false;
		this.isLast = false;
		this.upgrade = null;
		this.meter = plan.isMeasured ? new Meter(plan.timesSteps) : null;
		this.bodyWatch = null;
	}
}

/**
 * One request on its way through its plan, as every step sees it. It is made in
 * context.ts; steps know only this, so that no file imports another in a circle.
 */
export interface RequestContext
	extends RequestState,
		Omit<ForwardOwner, "bodyObserver">,
		AttemptWatcher,
		PeerRequest,
		Omit<Context, keyof RequestState> {
	/** Whom the request is from and what it asked for. */
	readonly chain: Chain;
	/** Whether the client got the response to its last byte. */
	readonly isWhole: boolean;
	/**
	 * Tells a client that waits for it that its body is wanted (RFC 9110 section 10.1.1).
	 *
	 * @throws Error where something else has read the body: what is left of it must not pass for the whole.
	 */
	wantBody(): void;
}

/** What looks after a request body while it arrives. */
export interface BodyGuard {
	end(): void;
}

/** A client's connection that waits to be joined to the upstream's. */
export interface PendingUpgrade {
	readonly isJoined: boolean;
	/** Bytes that passed each way; null before the upstream has switched. */
	readonly tunnel: Tunnel | null;
	/** The upstream has switched: its response goes to the client, and the sockets are joined. */
	join(ctx: RequestContext, head: AnswerHead, upstream: Duplex): void;
}

/** What all requests of one gateway share. */
export interface Runtime {
	readonly watch: DeadlineWatch;
	readonly logger: Logger;
	/** Says why calls to upstreams fail. */
	readonly warnings: UpstreamWarnings;
	/** The response to an error. */
	readonly renderError: RenderError;
	readonly limits: GatewayLimits;
	readonly trustedProxies: TrustedProxies | null;
	/** Whether a host is served; null where any is. */
	readonly hosts: ByHost<boolean> | null;
	readonly open: OpenRequests;
	/** Whether `close` has been called: every answer then says `connection: close`. */
	readonly isClosing: boolean;
	/** Answers a request with a failure, or destroys its socket where an answer has begun. */
	fail(ctx: RequestContext, error: HttpError): void;
}

/** What a step gives back: nothing to go on, a reply to end with, or a promise of either. */
export type StepResult = undefined | Reply | Promise<Reply | undefined>;

/** One step of a plan: it gives nothing to go on, or a reply to end with, or a promise of either. */
export interface Step extends StepInfo {
	readonly run: (ctx: RequestContext) => StepResult;
}

/** A route made ready: what is decided once, at start-up. */
export interface Plan {
	readonly info: RouteInfo;
	/** Steps 2 to 7, those that this route has. */
	readonly steps: readonly Step[];
	/** What answers CORS preflights about this route: its step 2, then 204. Null where no policy of it does. */
	readonly preflight: Plan | null;
	/** What stands in front of it: dependencies, and policies with a hook in step 2 or 5. */
	readonly guards: ReadonlySet<object>;
	/** Whether the service tells every two spellings of a path apart. */
	readonly isOpaque: boolean;
	/** Other spellings of the paths that some route guards better; null where there is none. Set when all routes are known. */
	spellings: SpellingCheck | null;
	/** Step 8. */
	readonly act: (ctx: RequestContext) => void | Promise<void>;
	readonly actInfo: StepInfo;
	/** What becomes of the upstream's answer. */
	readonly answer: TakeAnswer;
	/** What policies may answer instead of a failure of the upstream; null where none does. */
	readonly errorHooks: readonly ErrorHook[] | null;
	/** Step 7; null where a handler answers. */
	readonly outgoing: Outgoing | null;
	/** Asks the upstream without a client; null where a handler answers. */
	readonly ask: AskUpstream | null;
	/** Null where no policy wants to know. */
	readonly startHooks: StartHooks;
	/** What the steps run inside of; null where no policy puts anything around them. */
	readonly within: RunWithin | null;
	/** Null where no policy wants to know. */
	readonly finishHooks: FinishHooks;
	/** Sees each call to the upstream; null where no policy does. */
	readonly watchAttempt: WatchAttempts | null;
	readonly timesSteps: boolean;
	/** Whether a policy or a dependency asks how requests end. */
	readonly isMeasured: boolean;
	readonly hasDependencies: boolean;
	/** What a client is held to that sends a body, and one that reads a response. */
	readonly receivePace: PaceLimits;
	readonly sendPace: PaceLimits;
	/** An upgraded connection without a byte for so many milliseconds is cut. 0 is off. */
	readonly upgradeIdleMs: number;
	/** Whether the end of one side of an upgraded connection leaves the other open. */
	readonly upgradeHalfOpen: boolean;
}

/** Finds routes that a service may take a path for. */
export interface SpellingCheck {
	/** Whether a path that matched a route may be read as another one. */
	isDoubtful(path: string): boolean;
	/** @throws HttpError 400 where the path may reach what another route guards. */
	check(plan: Plan, method: string, path: string, host: string | null): void;
}

/** A policy's hooks for one route. */
export interface NamedHooks {
	readonly name: string;
	readonly hooks: PolicyHooks;
}

/** What policies want to be told when a request begins; null where none does. */
export type StartHooks = readonly ((ctx: RequestContext) => void)[] | null;

/** What policies want to be told at the end of a request; null where none does. */
export type FinishHooks =
	| readonly ((ctx: RequestContext, outcome: Outcome) => void)[]
	| null;

/** Runs the steps of a request inside of what policies put around them. */
export type RunWithin = (ctx: RequestContext, run: () => void) => void;

/** Shows a call to the upstream to the policies; gives back what is told how it ended. */
export type WatchAttempts = (
	ctx: RequestContext,
	attempt: UpstreamAttempt,
) => (end: AttemptEnd) => void;

/** What becomes of the head of an upstream's answer; see `ForwardOwner.onAnswerHead`. */
export type TakeAnswer = (ctx: RequestContext, head: AnswerHead) => boolean;

/** A policy's answer to a failure of the upstream. */
export type ErrorHook = NonNullable<PolicyHooks["onUpstreamError"]>;

/** Asks a route's upstream without a client. */
export type AskUpstream = (
	ctx: RequestContext,
	request: UpstreamRequest,
	reader: UpstreamReader,
) => void;

/** Makes a part of what goes out. */
export type Write<T> = (ctx: RequestContext) => T;

/** Step 7 of a route. */
export interface Outgoing {
	/** Path and query as they go out. */
	readonly toTarget: Write<string>;
	/** What `forward.headers` says; null where there is none. */
	readonly toExtra: Write<Fields | null>;
	/** Makes `ctx.outgoing`. */
	readonly write: Write<UpstreamRequest>;
}

/** Reads the body of a request, step 6. */
export type ReadPayload = (ctx: RequestContext) => Promise<undefined>;

/** How a route reads its body, and how it writes a form again. */
export interface PayloadPlan {
	readonly read: ReadPayload;
	/** The declared form; null where none is. */
	readonly form: CompiledForm | null;
}

/** The routes, and what answers where none does. */
export interface Routes {
	readonly router: RouteFinder;
	/** For every request that no route takes: 404, 405, OPTIONS, or a head that is refused. */
	readonly fallback: Plan;
}

/** What a path and method lead to. */
export interface Match<T> {
	readonly value: T;
	/** Path values, decoded once. */
	readonly params: Record<string, unknown>;
}

/** What finds the route of a request. */
export interface RouteFinder {
	/** What a request leads to; null where there is nothing. `host` is the Host field; null is none. */
	find(method: string, url: string, host: string | null): Match<Plan> | null;
}
