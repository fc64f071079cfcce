import { STATUS_CODES } from "node:http";
import type { HttpError } from "./errors.ts";
import { toFieldText } from "./header-edits.ts";
import {
	fromWebResponse,
	isWebResponse,
	type Payload,
	type ReplyValue,
	toBytes,
	toJson,
} from "./payload.ts";

/** What a reply may carry: text, bytes, a stream, a value that becomes JSON, or nothing. */
export type ReplyBody = ReplyValue | undefined;

/** Reply headers: one value, or several lines of one name. */
export type ReplyHeaders = Readonly<
	Record<string, string | number | readonly string[]>
>;

/** Names and values in turn, as they go out. */
export type HeaderList = readonly string[];

/** An answer the gateway gives itself. Made by {@link reply}. */
export class Reply {
	readonly status: number;
	readonly headers: HeaderList;
	readonly body: Payload;

	constructor(status: number, headers: HeaderList, body: Payload) {
		this.status = status;
		this.headers = headers;
		this.body = body;
	}
}

/** Whether a value is an answer made by {@link reply}: what a dependency gave may be one. */
export function isReply(value: unknown): value is Reply {
	return value instanceof Reply;
}

/**
 * An answer the gateway gives itself, from a `handler`, a policy, or a dependency.
 * A plain object or array becomes JSON; a string is sent as UTF-8 text; streams
 * are sent as they come. `content-type` is set unless `headers` has one, or is a
 * flat list: that goes out as it is, and a reply made of it may be given many times.
 *
 * @throws RangeError when `status` is not an integer in 200..599; TypeError for a body that cannot be sent.
 */
export function reply(
	status: number,
	body?: ReplyBody,
	headers?: ReplyHeaders | HeaderList,
): Reply {
	if (!Number.isInteger(status) || status < 200 || status > 599) {
		throw new RangeError(
			`reply status must be an integer in 200..599, got ${status}`,
		);
	}
	const [payload, type] = toPayload(body);
	if (isHeaderList(headers)) return new Reply(status, headers, payload);
	const list = toHeaderList(headers);
	if (type !== null && !hasHeader(list, "content-type")) {
		list.push("content-type", type);
	}
	return new Reply(status, list, payload);
}

function isHeaderList(
	headers: ReplyHeaders | HeaderList | undefined,
): headers is HeaderList {
	return Array.isArray(headers);
}

/** Names and values in turn. */
export function toHeaderList(headers: ReplyHeaders | undefined): string[] {
	const list: string[] = [];
	for (const [name, value] of Object.entries(headers ?? {})) {
		if (typeof value === "object") {
			for (const line of value) list.push(name, toFieldText(line) ?? line);
		} else {
			const line = String(value);
			// A line that no header can carry is a failure where it is sent.
			list.push(name, toFieldText(line) ?? line);
		}
	}
	return list;
}

function toPayload(body: ReplyBody): [Payload, string | null] {
	if (body === null || body === undefined) return [null, null];
	if (typeof body === "string") return [body, "text/plain; charset=utf-8"];
	return toBytes(body) ?? [toJson(body), "application/json"];
}

/**
 * The response that a handler's value stands for: a reply, a web `Response`, bytes, a stream, or a value that is sent
 * as JSON.
 *
 * @throws TypeError for what cannot be sent; RangeError for a status that is not in 200..599.
 */
export function toReply(value: unknown): Reply {
	if (value instanceof Reply) return value;
	if (isWebResponse(value)) {
		const { status, headers, body } = fromWebResponse(value);
		return reply(status, body, headers);
	}
	const [body, type] = toBytes(value) ?? [toJson(value), "application/json"];
	return new Reply(200, ["content-type", type], body);
}

/** Whether a flat header list has that name, given in lower case. */
export function hasHeader(list: readonly string[], name: string): boolean {
	for (let i = 0; i < list.length; i += 2) {
		const candidate = list[i] as string;
		if (candidate.length === name.length && candidate.toLowerCase() === name) {
			return true;
		}
	}
	return false;
}

/** How errors are rendered: RFC 9457 problem details, or what a FastAPI application would answer. */
export type ErrorFormat = "problem" | "fastapi";

/** The answer for a refusal or failure. */
export function toErrorReply(error: HttpError, format: ErrorFormat): Reply {
	const headers = toHeaderList(error.headers ?? undefined);
	if (format === "fastapi") {
		headers.push("content-type", "application/json");
		return new Reply(
			error.status,
			headers,
			JSON.stringify({ detail: error.problems ?? error.message }),
		);
	}
	headers.push("content-type", "application/problem+json");
	const document: Record<string, unknown> = {
		type: "about:blank",
		title: STATUS_CODES[error.status] ?? "Error",
		status: error.status,
		detail: error.message,
		code: error.code,
	};
	if (error.problems !== null) document.errors = error.problems;
	return new Reply(error.status, headers, JSON.stringify(document));
}

/** Whether headers (names and values in turn) announce a stream of events, which has no end of its own. */
export function isEventStream(headers: readonly string[]): boolean {
	return headers.some(
		(name, i) =>
			i % 2 === 0 &&
			name.toLowerCase() === "content-type" &&
			/^\s*text\/event-stream/i.test(headers[i + 1] ?? ""),
	);
}
