import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Peer } from "../connection/peer.ts";
import type { HttpError } from "../http/errors.ts";
import type { RequestHead } from "../http/headers.ts";
import type { Fields, UpstreamRequest } from "../model/types.ts";
import type { MultipartForm } from "../params/form/form-multipart.ts";
import type { Forward } from "../proxy/forward.ts";
import type { ForwardObserver } from "../proxy/forward-owner.ts";
import type { Plan } from "../startup/compile.ts";
import type { BodyWatch } from "./body-watch.ts";
import type { Cleanup } from "./dependencies.ts";
import type { Runtime } from "./runtime.ts";
import { Meter } from "./timings.ts";
import type { Upgrade } from "./upgrade.ts";
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
	/** A declared multipart form that is being read; null where there is none. */
	multipart: MultipartForm | null;
	/** What `setReplyHeader` was given: names and values in turn. */
	replyHeaders: string[] | null;
	/** What `setUpstreamHeader` was given: names and values in turn, null where a name is only taken off. */
	upstreamHeaders: (string | null)[] | null;
	/** What `withhold` was given; null where nothing is held back. */
	withheld: Withheld | null;
	/** Path and query as they go upstream; null until somebody asks. */
	target: string | null;
	/** What `forward.query` and `forward.headers` gave, each called once; null until then. */
	extraQuery: Fields | null;
	extraHeaders: Fields | null;
	forward: Forward | null;
	bodyObserver: ForwardObserver | null;
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
	upgrade: Upgrade | null;
	/** Null where nobody asks how the request went. */
	readonly meter: Meter | null;
	/** Looks after a body that is still to come; null where there is none. */
	bodyWatch: BodyWatch | null;

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
		this.multipart = null;
		this.replyHeaders = null;
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
		this.meter = plan.finishHooks === null ? null : new Meter(plan.timesSteps);
		this.bodyWatch = null;
	}
}
