import { type ErrorCode, failure, HttpError } from "../http/errors.ts";

const byCode: Readonly<Record<string, ErrorCode>> = {
	UND_ERR_CONNECT_TIMEOUT: "ERR_UPSTREAM_CONNECT_TIMEOUT",
	UND_ERR_HEADERS_TIMEOUT: "ERR_UPSTREAM_HEADERS_TIMEOUT",
	UND_ERR_BODY_TIMEOUT: "ERR_UPSTREAM_BODY_TIMEOUT",
	UND_ERR_SOCKET: "ERR_UPSTREAM_RESET",
	UND_ERR_HEADERS_OVERFLOW: "ERR_UPSTREAM_INVALID",
	UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "ERR_UPSTREAM_INVALID",
	UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "ERR_BAD_BODY",
	UND_ERR_RES_EXCEEDED_MAX_SIZE: "ERR_UPSTREAM_INVALID",
	UND_ERR_CLOSED: "ERR_UNAVAILABLE",
	UND_ERR_DESTROYED: "ERR_UNAVAILABLE",
	UND_ERR_INVALID_ARG: "ERR_INTERNAL",
	UND_ERR_NOT_SUPPORTED: "ERR_INTERNAL",
	ECONNRESET: "ERR_UPSTREAM_RESET",
	EPIPE: "ERR_UPSTREAM_RESET",
	ETIMEDOUT: "ERR_UPSTREAM_CONNECT_TIMEOUT",
};

/** The code of whatever was thrown, where it has one. */
export function errorCode(error: unknown): string {
	const code = (error as { code?: unknown } | null)?.code;
	return typeof code === "string" ? code : "";
}

/**
 * The failure that an error of a call means. `hasStarted`: whether a connection
 * was there; without one every error of the network or of TLS means that the
 * service could not be reached.
 */
export function toFailure(error: unknown, hasStarted: boolean): HttpError {
	if (error instanceof HttpError) return error;
	const code = errorCode(error);
	const known = byCode[code];
	if (!hasStarted && (known === undefined || known === "ERR_UPSTREAM_RESET")) {
		return unreachable(error);
	}
	if (known !== undefined) return failure(known, { cause: error });
	return failure(
		isParserError(error) ? "ERR_UPSTREAM_INVALID" : "ERR_UPSTREAM_RESET",
		{ cause: error },
	);
}

/** undici leaves the code of these out. */
function isParserError(error: unknown): boolean {
	return error instanceof Error && error.name === "HTTPParserError";
}

function unreachable(cause: unknown): HttpError {
	return failure("ERR_UPSTREAM_UNREACHABLE", { cause });
}

/** The pool's queue is full (RFC 9110 section 10.2.3: Retry-After). */
export function busy(): HttpError {
	return failure("ERR_UPSTREAM_BUSY", { headers: { "retry-after": "1" } });
}

/** Whether an error of a call that was never sent says that its target cannot be connected to. */
export function isUnreachable(error: unknown): boolean {
	const { code } = toFailure(error, false);
	return (
		code === "ERR_UPSTREAM_UNREACHABLE" ||
		code === "ERR_UPSTREAM_CONNECT_TIMEOUT"
	);
}
