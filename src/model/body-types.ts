import type { HttpError } from "../http/errors.ts";

/** Sees a body pass. It can not change or delay it. */
export interface BodyObserver {
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

/** What comes before the body of an upstream's answer. */
export interface UpstreamHead {
	status: number;
	/** Names and values in turn, without the hop-by-hop ones. */
	headers: string[];
	/** The end-to-end headers as the upstream sent them, before `responseHeaders` chose: to read, not to change. */
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
