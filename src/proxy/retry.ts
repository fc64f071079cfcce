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
 * Whether a call that failed before any byte of an answer may be made once more:
 * it met a kept connection that the service had closed, it has no body, and
 * doing it twice is as good as doing it once (RFC 9110 section 9.2.2).
 */
export function isRetriable(request: ForwardRequest, error: unknown): boolean {
	return (
		request.body === null &&
		idempotent.has(request.method) &&
		isStaleConnection(error as Error)
	);
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
