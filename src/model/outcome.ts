import type { ErrorCode } from "../http/errors.ts";
import type { StepInfo } from "./types.ts";

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
