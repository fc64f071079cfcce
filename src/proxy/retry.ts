import type { ForwardRequest } from "../upstream/attempts.ts";
import { wasNew } from "../upstream/connector.ts";
import { errorCode } from "../upstream/failures.ts";

const idempotent: ReadonlySet<string> = new Set([
	"GET",
	"HEAD",
	"OPTIONS",
	"PUT",
	"DELETE",
	"QUERY",
	"PROPFIND",
]);

/**
 * Whether a call that failed before any byte of a response may be made once more: it has
 * no body, and doing it twice is as good as doing it once (RFC 9110 section 9.2.2). Where
 * only the same target is left, it must have met a kept connection that the service had closed.
 */
export function isRetriable(
	request: ForwardRequest,
	error: unknown,
	hasOtherTarget: boolean,
): boolean {
	if (request.body !== null || !idempotent.has(request.method)) return false;
	return hasOtherTarget ? isReset(error) : isStaleConnection(error as Error);
}

function isReset(error: unknown): boolean {
	const code = errorCode(error);
	return ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(code);
}

function isStaleConnection(error: Error): boolean {
	if (wasNew(error)) return false;
	const code = errorCode(error);
	if (code === "ECONNRESET" || code === "EPIPE") return true;
	if (code !== "UND_ERR_SOCKET") return false;
	// Nothing was ever read from a connection that is new: then it was no stale one.
	const { socket } = error as Error & { socket?: { bytesRead?: number } };
	return socket?.bytesRead !== 0;
}
