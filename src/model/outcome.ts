import type { ErrorCode, HttpError } from "../http/errors.ts";
import type { MaybePromise } from "./maybe-promise.ts";

/** How a request ended. Given to `onFinish` once. */
export interface Outcome {
	/** The status the client got; 499 when it left before the answer was complete. */
	readonly status: number;
	/** Where the status comes from. */
	readonly source: "gateway" | "upstream" | "client";
	/** The code of the failure or refusal; null when there was none. */
	readonly code: string | null;
	/** What was thrown, where something was. For the log only. */
	readonly error: unknown;
	/** The origin that was asked, such as `http://users:8002`; null when none was. */
	readonly upstream: string | null;
	/** What the upstream answered, whatever became of it; null when it did not. */
	readonly upstreamStatus: number | null;
	/** Whether the answer reached the client to its last byte. */
	readonly complete: boolean;
	/** How many times the upstream was called. */
	readonly attempts: number;
	/** Whole request, in milliseconds. */
	readonly durationMs: number;
	/** Waiting for the upstream, from the last byte sent to the last of its answer, less the client's slow reading. In milliseconds; null when none was asked. */
	readonly upstreamMs: number | null;
	/** Of that, until the head of the answer; null when there was none. */
	readonly upstreamHeadMs: number | null;
	/** The gateway's own: everything until the answer is handed over, less the waiting for the upstream and for the client's body. In milliseconds. */
	readonly overheadMs: number;
	/** Bytes of the request's body that were taken from the client; after an upgrade, all of its bytes. */
	readonly bytesIn: number;
	/** Bytes of the answer's body that were handed over for the client; after an upgrade, all that follow. */
	readonly bytesOut: number;
	/** Each step that ran and how long it took; null where no policy of the route has `timesSteps`. */
	readonly steps: readonly StepTiming[] | null;
}

/** How long a step of a request took. */
export interface StepTiming extends StepInfo {
	/** In milliseconds, what it waited for included. */
	readonly ms: number;
}

/** Told once how the call ended; nothing where nobody wants to know. */
export type WatchedAttempt = ((end: AttemptEnd) => void) | undefined | void;

/** One call to an upstream that is about to be made. */
export interface UpstreamAttempt {
	/** 1 for the first. */
	readonly number: number;
	/** Such as `http://users:8002`. */
	readonly origin: string;
	readonly method: string;
	/** Path and query as they go out. */
	readonly path: string;
	/** Names and values in turn, this call's own: may be added to. */
	readonly headers: string[];
}

/** How one call to an upstream ended. */
export interface AttemptEnd {
	/** The status of its answer; null when none came. */
	readonly status: number | null;
	/** Why it failed or broke off; null when the answer came to its end. */
	readonly code: ErrorCode | null;
	/** What was thrown, where something was. For the log only. */
	readonly error: unknown;
}

/** One compiled step of a route, as `explain` lists it. */
export interface StepInfo {
	/** The number in the life of a request (docs/lifecycle.md). */
	readonly phase: number;
	readonly name: string;
	/** Whether it can make the request wait. */
	readonly mode: "sync" | "async";
}

/** Sees a body pass. It can not change or delay it. */
export interface BodyObserver {
	/**
	 * Every policy has seen the head, and the body follows. `rewrite` makes a list of headers fit a body that the
	 * gateway writes anew; null where the body passes as it was received. `isOwn`: a policy has asked for that.
	 */
	onHead?(rewrite: RewriteHeaders | null, isOwn: boolean): void;
	onChunk(chunk: Uint8Array): void;
	/** The whole body has passed. */
	onEnd(): void;
	/** The body broke off: what was seen is not the whole. */
	onAbort(error: Error): void;
	/**
	 * Whether the body is wanted to its end whatever the client does: then it comes at the service's pace
	 * for one that reads slowly, and goes on for one that has left. Asked as it passes; the observer bounds
	 * how much that may be. Default false.
	 */
	wantsRest?(): boolean;
}

/** A list of headers (names and values in turn) as another body needs it. */
export type RewriteHeaders = (headers: readonly string[]) => string[];

/** Makes another value of a JSON body. */
export type TransformBody = (value: unknown) => MaybePromise<unknown>;

/** What comes before the body of an upstream's answer. */
export interface UpstreamHead {
	status: number;
	/** Names and values in turn, without the hop-by-hop ones. */
	headers: string[];
	/** The service's own end-to-end headers, before the route option `response` changed any: to read, not to change. */
	readonly received: readonly string[];
}

/** Collects the answer to a call that the gateway makes on its own account. */
export interface UpstreamReader {
	/** False ends the call there. */
	onHead(head: UpstreamHead): boolean;
	/** False ends the call there. */
	onChunk(chunk: Uint8Array): boolean;
	/** The whole answer has come. */
	onEnd(): void;
	/** It has not, and will not. */
	onError(error: HttpError): void;
}
