import { Readable } from "node:stream";
import { checkBodilessHead } from "../http/bodiless.ts";
import type { HttpError } from "../http/errors.ts";
import { removeNames } from "../http/header-list.ts";
import {
	type ErrorFormat,
	hasHeader,
	Reply,
	reply,
	toErrorReply,
	toHeaderList,
} from "../http/reply.ts";
import type { FormatError } from "../model/gateway-options.ts";
import { isThenable } from "../model/maybe-promise.ts";
import type { Context, Logger } from "../model/types.ts";

/** Makes the response to an error. `ctx` is null where the head of the request could not be read. */
export type RenderError = (error: HttpError, ctx: Context | null) => Reply;

/** Compiles `errorFormat`. A function that fails is logged, and the error is a problem document. */
export function compileErrors(
	format: ErrorFormat | FormatError,
	logger: Logger,
): RenderError {
	if (typeof format !== "function") {
		return (error) => toErrorReply(error, format);
	}
	return (error, ctx) => {
		try {
			return render(error, ctx, format);
		} catch (err) {
			logger.error({ err, route: ctx?.route.id ?? null }, "errorFormat failed");
			return toErrorReply(error, "problem");
		}
	};
}

/** What the gateway says itself of its connection and of where the body ends. */
const ownNames: ReadonlySet<string> = new Set([
	"connection",
	"content-length",
	"transfer-encoding",
]);

/** @throws TypeError for what is no response. */
function render(
	error: HttpError,
	ctx: Context | null,
	format: FormatError,
): Reply {
	const made: unknown = format(error, ctx);
	if (typeof made !== "object" || made === null || isThenable(made)) {
		throw new TypeError("errorFormat must return a status, headers and a body");
	}
	const given = made instanceof Reply ? made : toGiven(error, made);
	const { status, body } = given;
	const headers = removeNames(given.headers, ownNames);
	// Such as www-authenticate, retry-after and allow, which clients need beside their statuses.
	const own = status === error.status ? error.headers : null;
	for (const [name, value] of Object.entries(own ?? {})) {
		if (!hasHeader(headers, name.toLowerCase())) {
			headers.push(...toHeaderList({ [name]: value }));
		}
	}
	// What node would not send must fail here, where a fallback is.
	checkBodilessHead(headers);
	if (ctx === null && body instanceof Readable) {
		body.destroy();
		throw new TypeError("without a request, an error has no stream for a body");
	}
	return new Reply(status, headers, body);
}

function toGiven(
	error: HttpError,
	{ status = error.status, body, headers }: ReturnType<FormatError>,
): Reply {
	return reply(status, body, headers);
}
