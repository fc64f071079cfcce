import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { breakOff } from "../connection/closing.ts";
import { checkBodilessHead, isBodiless } from "../http/bodiless.ts";
import { failure, type HttpError } from "../http/errors.ts";
import { hasHeader, isEventStream, type Reply } from "../http/reply.ts";
import { flushHead, writeHead } from "../http/write-head.ts";
import { OwnEvents } from "./own-events.ts";
import type { RequestContext } from "./request.ts";

/**
 * Sends an answer of the gateway's own; one that can not be sent becomes a 500.
 * `addsHeaders`: whether what `setResponseHeader` was given is still to be applied.
 */
export function sendReply(
	ctx: RequestContext,
	answer: Reply,
	addsHeaders = true,
): void {
	try {
		send(ctx, answer, addsHeaders);
	} catch (cause) {
		sendFailure(ctx, failure("ERR_INTERNAL", { cause }));
	}
}

/** @throws TypeError for headers that node would not send, and a stream that is none any more. */
function send(ctx: RequestContext, answer: Reply, addsHeaders: boolean): void {
	const { res } = ctx;
	// node 22 counts what is written to a socket that is gone as sent.
	if (ctx.isOver || res.headersSent || ctx.socket.destroyed) {
		if (answer.body instanceof Readable) answer.body.destroy();
		return;
	}
	ctx.isAnswered = true;
	const { body } = answer;
	const isBare = isBodiless(answer.status);
	const headers = toHead(ctx, answer, addsHeaders, isBare);
	if (isBare) checkBodilessHead(headers);
	ctx.onHeadOut();
	if (body instanceof Readable) {
		sendStream(ctx, answer.status, headers, body);
		return;
	}
	writeHead(res, answer.status, headers);
	const hasBody = !isBare && ctx.method !== "HEAD" && body !== null;
	if (hasBody) endWith(res, body);
	else res.end();
	ctx.meter?.onHanded(hasBody ? lengthOf(body) : 0);
}

/** node joins a text to the head, and writes both in the text's encoding: a head is latin1 (bench/README.md). */
function endWith(res: ServerResponse, body: string | Uint8Array): void {
	if (typeof body !== "string") {
		if (body.length > maxJoinedBytes) res.end(body);
		else res.end(toLatin1(body), "latin1");
	} else if (Buffer.byteLength(body) === body.length) res.end(body, "latin1");
	else endWith(res, Buffer.from(body));
}

/** Bytes of up to so many leave in one write with their head. */
const maxJoinedBytes = 16 * 1024;

function toLatin1(bytes: Uint8Array): string {
	const { buffer, byteOffset, length } = bytes;
	return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

/** The headers of a reply with what is added to them. A reply may be given again: its own list is never changed. */
function toHead(
	ctx: RequestContext,
	{ headers, body }: Reply,
	addsHeaders: boolean,
	isBare: boolean,
): readonly string[] {
	const edits = addsHeaders ? ctx.responseHeaders : null;
	// It says nothing of a length that it does not have (RFC 9110 section 8.6).
	const isComplete =
		isBare || body instanceof Readable || hasHeader(headers, "content-length");
	if (edits === null && isComplete) return headers;
	const all = edits === null ? headers.slice() : edits.apply(headers);
	if (!isComplete && !hasHeader(all, "content-length")) {
		all.push("content-length", String(lengthOf(body)));
	}
	return all;
}

function lengthOf(body: Reply["body"]): number {
	if (body === null || body instanceof Readable) return 0;
	return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

function sendStream(
	ctx: RequestContext,
	status: number,
	headers: readonly string[],
	body: Readable,
): void {
	const { res } = ctx;
	if (ctx.method === "HEAD" || isBodiless(status)) {
		writeHead(res, status, headers);
		body.destroy();
		res.end();
		ctx.meter?.onHanded(0);
		return;
	}
	if (body.destroyed) {
		throw body.errored ?? new TypeError("the body of the reply is closed");
	}
	writeHead(res, status, headers);
	flushHead(res);
	ctx.meter?.onHanded(0);
	ctx.meter?.countOut(body);
	const onBroken = (cause?: unknown): void => {
		if (res.writableEnded) return;
		ctx.failure ??= failure("ERR_INTERNAL", { cause });
		breakOff(res);
	};
	body.on("error", onBroken);
	// Without an error, as when somebody destroys it: pipe alone would wait forever.
	body.on("close", onBroken);
	res.on("close", () => {
		body.off("close", onBroken);
		body.destroy();
	});
	if (isEventStream(headers)) new OwnEvents(ctx.runtime.watch, res, body);
	try {
		body.pipe(res);
	} catch (cause) {
		onBroken(cause);
	}
}

/** Answers with a failure, or destroys the socket where an answer has begun: a cut answer must not look whole. */
export function sendFailure(ctx: RequestContext, error: HttpError): void {
	ctx.failure ??= error;
	ctx.isUpstreamAnswer = false;
	if (error.code === "ERR_INTERNAL" && !isGivenUp(ctx, error)) {
		logFailure(ctx, error);
	}
	if (ctx.isOver) return;
	if (ctx.res.headersSent) {
		breakOff(ctx.res);
		return;
	}
	try {
		send(ctx, ctx.runtime.renderError(error, ctx), true);
	} catch (cause) {
		// Headers that node would not send: the answer goes out without any that a hook has set.
		const plain = failure("ERR_INTERNAL", { cause });
		logFailure(ctx, plain);
		send(ctx, ctx.runtime.renderError(plain, ctx), false);
	}
}

/** Whether something only stopped, as `ctx.signal` told it, because the client had left. */
function isGivenUp(ctx: RequestContext, error: HttpError): boolean {
	const { name } = (error.cause ?? {}) as { name?: unknown };
	return ctx.isOver && name === "AbortError";
}

function logFailure(ctx: RequestContext, error: HttpError): void {
	ctx.runtime.logger.error(
		{ err: error.cause ?? error, route: ctx.plan.info.id },
		"a request failed inside the gateway",
	);
}
