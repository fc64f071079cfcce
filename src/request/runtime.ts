import type { BlockList } from "node:net";
import type { DeadlineWatch } from "../http/deadlines.ts";
import type { HttpError } from "../http/errors.ts";
import type { ErrorFormat } from "../http/reply.ts";
import type { GatewayLimits } from "../model/gateway-options.ts";
import type { Logger } from "../model/types.ts";
import type { RequestContext } from "./context.ts";
import type { OpenRequests } from "./open-requests.ts";

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
