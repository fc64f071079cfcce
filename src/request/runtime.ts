import type { BlockList } from "node:net";
import type { HttpError } from "../http/errors.ts";
import type { ErrorFormat } from "../http/reply.ts";
import type { Logger } from "../model/types.ts";
import type { DeadlineWatch } from "../proxy/deadlines.ts";
import type { RequestContext } from "./context.ts";
import type { OpenRequests } from "./open-requests.ts";

/** Limits on what clients may send and how long they may take. */
export interface GatewayLimits {
	/** Bytes of a request head; more is a 431. Default 16 KiB. */
	readonly headerBytes: number;
	/** For a whole head, in milliseconds; later is a 408. Default 30,000. */
	readonly headersMs: number;
	/** Of silence within a request body, in milliseconds; longer is a 408. Default 30,000. */
	readonly bodyIdleMs: number;
	/** An idle connection is closed after so many milliseconds. Default 65,000. */
	readonly keepAliveMs: number;
	/** Connections at the same time; more are closed at once. Default 0: no limit. */
	readonly connections: number;
}

/** What all requests of one gateway share. */
export interface Runtime {
	readonly watch: DeadlineWatch;
	readonly logger: Logger;
	readonly errorFormat: ErrorFormat;
	readonly limits: GatewayLimits;
	readonly trustedProxies: BlockList | null;
	readonly open: OpenRequests;
	/** Whether `close` has been called: every answer then says `connection: close`. */
	readonly isClosing: boolean;
	/** Answers a request with a failure, or destroys its socket where an answer has begun. */
	fail(ctx: RequestContext, error: HttpError): void;
}
