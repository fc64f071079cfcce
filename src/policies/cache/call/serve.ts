import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { type Reply, reply } from "../../../index.ts";
import { conditionalStatus, headersOf304 } from "../http/conditional.ts";
import { currentAge, toAge } from "../http/freshness.ts";
import { headersOf206, partialContent } from "../http/partial.ts";
import { rangeOf, unsatisfiedRange } from "../http/range.ts";
import type { RequestFacts } from "../http/request-facts.ts";
import type { StoredAnswer } from "../store/stored-response.ts";
import type { LiveAnswer } from "./filling.ts";

/** Answers a request from a stored answer: whole, not modified, or in part. `status` is the member for Cache-Status. */
export function serveStored(
	method: string,
	facts: RequestFacts,
	answer: StoredAnswer,
	nowMs: number,
	status: string,
): Reply {
	const { body } = answer;
	if (facts.isConditional) {
		const unchanged = notModified(facts, answer, nowMs, status);
		if (unchanged !== null) return unchanged;
	}
	if (facts.hasRange) {
		const part = partOf(method, facts, answer, nowMs, status);
		if (part !== null) return part;
	}
	const headers = headFrom(answer.headers, answer, nowMs, status);
	if (answer.status === 204) return reply(204, null, headers);
	headers.push("content-length", String(body.length));
	return reply(answer.status, body, headers);
}

/** Answers a request with an answer whose body is still on its way; null where only a whole one will do. */
export function serveLive(
	method: string,
	facts: RequestFacts,
	{ head, contentLength, collector }: LiveAnswer,
	nowMs: number,
	status: string,
): Reply | null {
	if (facts.hasRange || collector.error !== null) return null;
	if (facts.isConditional) {
		const unchanged = notModified(facts, head, nowMs, status);
		if (unchanged !== null) return unchanged;
	}
	const headers = headFrom(head.headers, head, nowMs, status);
	headers.push("content-length", String(contentLength));
	const body = method === "HEAD" ? null : collector.follow();
	return reply(head.status, body, headers);
}

/** Whether the client of a request with a condition has what is stored. */
export function isNotModified(
	facts: RequestFacts,
	{ status, headers, freshness }: StoredAnswer,
): boolean {
	const { responseTimeMs } = freshness;
	const stored = { status, headers, responseTimeMs };
	return conditionalStatus(facts.headers, stored) === 304;
}

function notModified(
	facts: RequestFacts,
	answer: StoredAnswer,
	nowMs: number,
	status: string,
): Reply | null {
	if (!isNotModified(facts, answer)) return null;
	const kept = headersOf304(answer.headers);
	return reply(304, null, headFrom(kept, answer, nowMs, status));
}

function partOf(
	method: string,
	{ headers: asked }: RequestFacts,
	answer: StoredAnswer,
	nowMs: number,
	status: string,
): Reply | null {
	const { body, headers, freshness } = answer;
	const stored = { ...answer, responseTimeMs: freshness.responseTimeMs };
	const range = rangeOf(method, asked, stored, body.length);
	if (range === null) return null;
	if (range.status === 416) {
		const head = headFrom([], answer, nowMs, status);
		head.push("content-range", unsatisfiedRange(body.length));
		return reply(416, null, head);
	}
	const { ranges } = range;
	const part = partialContent(ranges, body, headers, randomUUID());
	const head = headFrom(
		headersOf206(headers, asked, ranges.length),
		answer,
		nowMs,
		status,
	);
	for (const text of part.headers) head.push(text);
	head.push("content-length", String(part.length));
	const [only] = part.pieces;
	const isOne = part.pieces.length === 1 && only !== undefined;
	return reply(206, isOne ? only : Readable.from(part.pieces), head);
}

/** A copy with what is said anew each time. */
function headFrom(
	kept: readonly string[],
	{ freshness }: StoredAnswer,
	nowMs: number,
	status: string,
): string[] {
	const headers = kept.slice();
	headers.push("age", toAge(currentAge(freshness, nowMs)));
	headers.push("cache-status", status);
	return headers;
}
