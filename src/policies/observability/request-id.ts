import { randomUUID } from "node:crypto";
import type { Policy, PolicyHooks } from "../../index.ts";
import {
	type Checks,
	checkOptions,
	flag,
	func,
	matching,
	oneOf,
} from "../kit/kit.ts";

/** Where a request's id comes from, and who is told. */
export interface RequestIdOptions {
	/** The header that carries it, in, out and upstream. Default `"x-request-id"`. */
	readonly header?: string;
	/**
	 * From whom an id is kept: from a peer in `trustedProxies`, from every client, or from nobody.
	 * A client that chooses its id can make two requests look like one in the log. Default `"trusted"`.
	 */
	readonly accept?: "trusted" | "all" | "none";
	/** Whether the answer carries it. Default true. */
	readonly echo?: boolean;
	/** Whether the service gets it; else the client's own header is taken off. Default true. */
	readonly forward?: boolean;
	/** Makes an id of 1 to 128 printable characters. Default: a random UUID. */
	readonly generate?: () => string;
}

/** Of one or several services that hand ids on. A comma would make one of two lines. */
const validId = /^[\w.~:+/=@-]{1,128}$/;
const checks: Checks<RequestIdOptions> = {
	header: matching("a header name", /^[\w!#$%&'*+.^`|~-]+$/),
	accept: oneOf("trusted", "all", "none"),
	echo: flag,
	forward: flag,
	generate: func,
};

/**
 * Gives each request an id: the one that a trusted peer sent where it is valid,
 * else a new one. It is `ctx.id`, is sent upstream in place of the client's, and
 * stands in the answer.
 *
 * @throws TypeError for options that do not make sense.
 */
export function requestId(options: RequestIdOptions = {}): Policy {
	checkOptions("requestId", options, checks);
	const hooks = compileHooks(options);
	return {
		name: "request-id",
		docs: {},
		forRoute: () => hooks,
	};
}

function compileHooks(options: RequestIdOptions): PolicyHooks {
	const { accept = "trusted", echo = true, forward = true } = options;
	const { generate = randomUUID } = options;
	const header = (options.header ?? "x-request-id").toLowerCase();
	return {
		guards: false,
		onRequest(ctx) {
			let id: unknown = null;
			if (accept === "all" || (accept === "trusted" && ctx.isPeerTrusted)) {
				id = ctx.req.headers[header];
			}
			const valid =
				typeof id === "string" && validId.test(id) ? id : generate();
			ctx.id = valid;
			ctx.setUpstreamHeader(header, forward ? valid : null);
			if (echo) ctx.setResponseHeader(header, valid);
		},
	};
}
