/**
 * Every failure the gateway answers itself, by code. Clients see the code and
 * the sentence beside it, never an upstream's host, port, message or stack.
 */
export type ErrorCode =
	| "ERR_BAD_REQUEST"
	| "ERR_BAD_PATH"
	| "ERR_BAD_BODY"
	| "ERR_UNAUTHORIZED"
	| "ERR_FORBIDDEN"
	| "ERR_NO_ROUTE"
	| "ERR_METHOD_NOT_ALLOWED"
	| "ERR_REQUEST_TIMEOUT"
	| "ERR_BODY_TOO_LARGE"
	| "ERR_MEDIA_TYPE"
	| "ERR_EXPECTATION"
	| "ERR_MISDIRECTED"
	| "ERR_VALIDATION"
	| "ERR_RATE_LIMITED"
	| "ERR_HEAD_TOO_LARGE"
	| "ERR_CLIENT_GONE"
	| "ERR_INTERNAL"
	| "ERR_UPSTREAM_RESET"
	| "ERR_UPSTREAM_INVALID"
	| "ERR_UPSTREAM_UNREACHABLE"
	| "ERR_UPSTREAM_BUSY"
	| "ERR_UPSTREAM_CONNECT_TIMEOUT"
	| "ERR_UPSTREAM_HEADERS_TIMEOUT"
	| "ERR_UPSTREAM_BODY_TIMEOUT"
	| "ERR_UPSTREAM_TOTAL_TIMEOUT"
	| "ERR_UNAVAILABLE";

interface Failure {
	readonly status: number;
	readonly detail: string;
}

/** The one table from failure to status (RFC 9110 section 15). */
const failures: Readonly<Record<ErrorCode, Failure>> = {
	ERR_BAD_REQUEST: { status: 400, detail: "The request is malformed." },
	ERR_BAD_PATH: { status: 400, detail: "The request path is not allowed." },
	ERR_BAD_BODY: {
		status: 400,
		detail: "The request body could not be parsed.",
	},
	ERR_UNAUTHORIZED: { status: 401, detail: "Authentication is required." },
	ERR_FORBIDDEN: { status: 403, detail: "Access is denied." },
	ERR_NO_ROUTE: { status: 404, detail: "No route matches this path." },
	ERR_METHOD_NOT_ALLOWED: {
		status: 405,
		detail: "This path does not take this method.",
	},
	ERR_REQUEST_TIMEOUT: { status: 408, detail: "The request took too long." },
	ERR_BODY_TOO_LARGE: {
		status: 413,
		detail: "The request body is too large.",
	},
	ERR_MEDIA_TYPE: {
		status: 415,
		detail: "The media type or encoding of the body is not supported.",
	},
	ERR_EXPECTATION: {
		status: 417,
		detail: "The expectation can not be met.",
	},
	ERR_MISDIRECTED: {
		status: 421,
		detail: "This host is not served here.",
	},
	ERR_VALIDATION: { status: 422, detail: "The request is not valid." },
	ERR_RATE_LIMITED: { status: 429, detail: "Too many requests." },
	ERR_HEAD_TOO_LARGE: {
		status: 431,
		detail: "The request head is too large.",
	},
	ERR_CLIENT_GONE: { status: 499, detail: "The client left." },
	ERR_INTERNAL: { status: 500, detail: "The gateway failed." },
	ERR_UPSTREAM_RESET: {
		status: 502,
		detail: "The service ended the connection before it answered.",
	},
	ERR_UPSTREAM_INVALID: {
		status: 502,
		detail: "The service gave an invalid answer.",
	},
	ERR_UPSTREAM_UNREACHABLE: {
		status: 503,
		detail: "The service can not be reached.",
	},
	ERR_UPSTREAM_BUSY: { status: 503, detail: "The service is at capacity." },
	ERR_UPSTREAM_CONNECT_TIMEOUT: {
		status: 504,
		detail: "The service did not accept a connection in time.",
	},
	ERR_UPSTREAM_HEADERS_TIMEOUT: {
		status: 504,
		detail: "The service did not answer in time.",
	},
	ERR_UPSTREAM_BODY_TIMEOUT: {
		status: 504,
		detail: "The service stopped sending its answer.",
	},
	ERR_UPSTREAM_TOTAL_TIMEOUT: {
		status: 504,
		detail: "The service did not finish in time.",
	},
	ERR_UNAVAILABLE: { status: 503, detail: "Temporarily unavailable." },
};

const codeByStatus = new Map<number, ErrorCode>([
	[400, "ERR_BAD_REQUEST"],
	[401, "ERR_UNAUTHORIZED"],
	[403, "ERR_FORBIDDEN"],
	[404, "ERR_NO_ROUTE"],
	[405, "ERR_METHOD_NOT_ALLOWED"],
	[408, "ERR_REQUEST_TIMEOUT"],
	[413, "ERR_BODY_TOO_LARGE"],
	[415, "ERR_MEDIA_TYPE"],
	[417, "ERR_EXPECTATION"],
	[422, "ERR_VALIDATION"],
	[429, "ERR_RATE_LIMITED"],
	[431, "ERR_HEAD_TOO_LARGE"],
	[500, "ERR_INTERNAL"],
	[502, "ERR_UPSTREAM_INVALID"],
	[503, "ERR_UNAVAILABLE"],
	[504, "ERR_UPSTREAM_HEADERS_TIMEOUT"],
]);

/** One thing that is wrong with a request: where, what, and of which kind. Never the value itself. */
export interface Problem {
	/** Where: `["path", "id"]`, `["body", "items", 3, "name"]`. */
	readonly loc: readonly (string | number)[];
	/** What is wrong, as a sentence for people. */
	readonly msg: string;
	/** The kind, for programs: `missing`, or the JSON Schema keyword that failed. */
	readonly type: string;
}

/** What an {@link HttpError} may carry besides its status and detail. */
export interface HttpErrorOptions {
	/** A stable code for programs. Default: the code that belongs to the status. */
	readonly code?: ErrorCode | (string & {});
	/** Response headers, such as `www-authenticate` or `retry-after`. */
	readonly headers?: Readonly<Record<string, string>>;
	/** All problems of the request, for a 422. */
	readonly problems?: readonly Problem[];
	/** What led to it. Logged, never sent. */
	readonly cause?: unknown;
}

/**
 * A refusal with an HTTP status. Thrown from a dependency, a policy or a
 * handler it becomes the answer (RFC 9457 problem details); `detail` is sent to
 * the client as it stands.
 *
 * @throws RangeError when `status` is not an integer in 400..599.
 */
export class HttpError extends Error {
	override readonly name: string = "HttpError";
	readonly status: number;
	readonly code: string;
	readonly headers: Readonly<Record<string, string>> | null;
	readonly problems: readonly Problem[] | null;

	constructor(status: number, detail?: string, options: HttpErrorOptions = {}) {
		if (!Number.isInteger(status) || status < 400 || status > 599) {
			throw new RangeError(
				`HttpError status must be an integer in 400..599, got ${status}`,
			);
		}
		const code = options.code ?? codeByStatus.get(status) ?? "ERR_HTTP";
		const fixed = failures[code as ErrorCode]?.detail;
		super(
			detail ?? fixed ?? "The request was refused.",
			options.cause === undefined ? undefined : { cause: options.cause },
		);
		this.status = status;
		this.code = code;
		this.headers = options.headers ?? null;
		this.problems = options.problems ?? null;
	}
}

/** The failure of that code, with its status and sentence from the table. */
export function failure(
	code: ErrorCode,
	options: Omit<HttpErrorOptions, "code"> = {},
): HttpError {
	return new HttpError(failures[code].status, failures[code].detail, {
		...options,
		code,
	});
}

/** What was thrown as an {@link HttpError}: anything unknown becomes a plain 500 that keeps it as its cause. */
export function toHttpError(thrown: unknown): HttpError {
	return thrown instanceof HttpError
		? thrown
		: failure("ERR_INTERNAL", { cause: thrown });
}
