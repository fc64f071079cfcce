import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { breakOff, cutOff, lingerOnClose } from "../connection/closing.ts";
import type { Chain } from "../connection/forwarding.ts";
import type { PaceLimits } from "../connection/pace.ts";
import { type ErrorCode, failure, type HttpError } from "../http/errors.ts";
import {
	HeaderEdits,
	type HeaderValue,
	toFieldText,
} from "../http/header-edits.ts";
import type {
	AttemptEnd,
	UpstreamAttempt,
	UpstreamReader,
} from "../model/outcome.ts";
import type {
	Fields,
	RouteInfo,
	UpstreamRequest,
	WithheldSource,
} from "../model/types.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import { finishGenerators } from "./dependencies.ts";
import { tellFinish, tellOver } from "./hooks.ts";
import { RequestOutcome } from "./outcome.ts";
import { previewOutgoing } from "./outgoing.ts";
import type { RequestContext, WatchAttempts } from "./request.ts";
import { RequestState } from "./request.ts";
import { answerInstead } from "./response.ts";
import { Withheld } from "./withheld-credentials.ts";

const readBefore =
	"the request body was read before the gateway got the request; put the gateway in front of body parsers such as express.json()";

/**
 * One request on its way through its plan. It has no fields but those of
 * {@link RequestState} and what is made only when it is asked for.
 */
export class LiveContext extends RequestState implements RequestContext {
	#id: string | null = null;
	#chain: Chain | null = null;
	#state: Map<symbol | string, unknown> | null = null;
	#abort: AbortController | null = null;
	#whenOver: (() => void)[] | null = null;

	get route(): RouteInfo {
		return this.plan.info;
	}

	get id(): string {
		this.#id ??= randomUUID();
		return this.#id;
	}

	set id(value: string) {
		this.#id = value;
	}

	get chain(): Chain {
		this.#chain ??= this.peer.chainOf(this.head);
		return this.#chain;
	}

	get address(): string {
		return this.chain.address;
	}

	get isPeerTrusted(): boolean {
		return this.peer.isTrusted;
	}

	get hasState(): boolean {
		return this.#state !== null;
	}

	get state(): Map<symbol | string, unknown> {
		this.#state ??= new Map();
		return this.#state;
	}

	get signal(): AbortSignal {
		if (this.#abort === null) {
			this.#abort = new AbortController();
			if (this.isOver) this.#abort.abort();
		}
		return this.#abort.signal;
	}

	whenOver(act: () => void): void {
		if (this.isOver) act();
		else if (this.#whenOver === null) this.#whenOver = [act];
		else this.#whenOver.push(act);
	}

	get isRequestOpen(): boolean {
		return this.head.hasBody && !this.req.complete;
	}

	setResponseHeader(name: string, value: HeaderValue | null): void {
		this.responseHeaders ??= new HeaderEdits();
		this.responseHeaders.set(name, toResponseText(name, value));
	}

	appendResponseHeader(name: string, value: HeaderValue): void {
		this.responseHeaders ??= new HeaderEdits();
		this.responseHeaders.append(name, toResponseText(name, value) as string);
	}

	responseHeader(name: string): string | null {
		return this.responseHeaders?.get(name.toLowerCase()) ?? null;
	}

	setUpstreamHeader(name: string, value: HeaderValue | null): void {
		const { outgoing } = this;
		const edits = outgoing === null ? this.#upstreamEdits : new HeaderEdits();
		edits.set(name, value === null ? null : this.#toUpstreamText(name, value));
		if (outgoing !== null) outgoing.headers = edits.apply(outgoing.headers);
	}

	appendUpstreamHeader(name: string, value: HeaderValue): void {
		this.#upstreamEdits.append(name, this.#toUpstreamText(name, value));
	}

	get #upstreamEdits(): HeaderEdits {
		this.upstreamHeaders ??= new HeaderEdits();
		return this.upstreamHeaders;
	}

	/** What a client says may become a header's value: one that no header can carry is its mistake, not the gateway's. */
	#toUpstreamText(name: string, value: HeaderValue): string {
		const text = toFieldText(value);
		if (text !== null) return text;
		const cause = noHeader(name);
		const details = { err: cause, header: name, route: this.plan.info.id };
		this.runtime.logger.warn(details, "a header for the service was rejected");
		throw failure("ERR_BAD_REQUEST", { cause });
	}

	get origin(): string {
		return this.chain.origin;
	}

	get upstreamPath(): string | null {
		const { outgoing } = this.plan;
		return outgoing === null ? null : outgoing.toTarget(this);
	}

	get forwardHeaders(): Fields | null {
		return this.plan.outgoing?.toExtra(this) ?? null;
	}

	previewUpstream(): UpstreamRequest | null {
		const { outgoing } = this.plan;
		return outgoing === null ? null : previewOutgoing(this, outgoing);
	}

	askUpstream(request: UpstreamRequest, reader: UpstreamReader): void {
		const { ask } = this.plan;
		if (ask === null) throw new TypeError("a handler answers this route");
		ask(this, request, reader);
	}

	withhold(source: WithheldSource, name: string): void {
		if (source === "query") this.target = null;
		this.withheld ??= new Withheld();
		this.withheld.add(source, name);
	}

	/** Tells a client that waits for it that its body is wanted (RFC 9110 section 10.1.1). */
	wantBody(): void {
		const { readableDidRead, readableEnded } = this.req;
		if (readableDidRead || readableEnded) throw new Error(readBefore);
		if (!this.awaitsContinue) return;
		this.awaitsContinue = false;
		this.res.writeContinue();
	}

	onAttempt(attempt: UpstreamAttempt): (end: AttemptEnd) => void {
		return (this.plan.watchAttempt as WatchAttempts)(this, attempt);
	}

	onAnswerHead(head: AnswerHead): boolean {
		return this.plan.answer(this, head);
	}

	/** Whether this connection can serve another request after this answer is known only now. */
	onHeadOut(): void {
		// node ends the connection where the 100 that a client waits for is never sent.
		const isCut = this.isRequestOpen || this.isLast || this.awaitsContinue;
		// When the gateway closes, the answers to what is pipelined behind this one still go out.
		const isLast = this.runtime.isClosing && this.peer.latest === this;
		if (!isCut && !isLast) return;
		this.res.shouldKeepAlive = false;
		this.peer.isEnding = true;
		if (isCut) lingerOnClose(this.socket);
	}

	onUpgraded(head: AnswerHead, socket: Duplex): void {
		this.upgrade?.join(this, head, socket);
	}

	onForwardFailed(error: HttpError): void {
		this.runtime.warnings.onFailure(this.plan.info.upstream, error);
		if (!answerInstead(this, error)) this.runtime.fail(this, error);
	}

	onAnswerBroken(error: HttpError): void {
		this.runtime.warnings.onFailure(this.plan.info.upstream, error);
		this.failure ??= error;
		breakOff(this.res);
	}

	/** The rest of the request can not be parsed: it is this one that is broken. */
	onUnreadable(code: ErrorCode): void {
		// Told already: node says so again for all that comes behind the first broken byte.
		if (this.res.writableEnded) return;
		const error = failure(code);
		this.forward?.abort(error);
		this.runtime.fail(this, error);
	}

	get sendLimits(): PaceLimits | null {
		return this.upgrade?.isJoined === true ? null : this.plan.sendPace;
	}

	onTooSlow(): void {
		const cause = new Error("the client took its response too slowly");
		this.failure ??= failure("ERR_CLIENT_GONE", { cause });
		this.peer.isEnding = true;
		// First: node 22 counts what is written to a socket that is gone as sent.
		this.finish();
		cutOff(this.socket);
	}

	/** Whether the client got its answer to the last byte. */
	get isWhole(): boolean {
		return this.res.writableFinished || this.upgrade?.isJoined === true;
	}

	/** Step 9: the response has closed, whole or not. */
	finish(): void {
		if (this.isOver) return;
		this.isOver = true;
		const { plan } = this;
		this.bodyWatch?.end();
		this.peer.leave(this);
		// Idle from now on; an injected request has a plain stream, which ends with it.
		if (this.runtime.isClosing && this.peer.isIdle) {
			this.socket.destroySoon?.();
		}
		if (!this.isWhole) {
			const gone = failure("ERR_CLIENT_GONE");
			this.failure ??= gone;
			this.forward?.leave(gone);
		}
		this.#abort?.abort();
		if (this.#whenOver !== null) tellOver(this, this.#whenOver);
		if (plan.finishHooks !== null || this.cleanups !== null) {
			const outcome = new RequestOutcome(this);
			if (plan.finishHooks !== null) {
				tellFinish(this, plan.finishHooks, outcome);
			}
			this.#finishCleanups(outcome);
		}
		this.runtime.open.end();
	}

	#finishCleanups(outcome: RequestOutcome): void {
		const { cleanups } = this;
		if (cleanups === null) return;
		this.cleanups = null;
		const { open, logger } = this.runtime;
		const onError = (err: unknown): void => {
			const details = { err, route: this.plan.info.id };
			logger.error(details, "a dependency failed while cleaning up");
		};
		// The request is open as long as that takes.
		open.begin();
		void finishGenerators(cleanups, outcome, onError).then(() => open.end());
	}
}

function toResponseText(
	name: string,
	value: HeaderValue | null,
): string | null {
	if (value === null) return null;
	const text = toFieldText(value);
	if (text === null) throw noHeader(name);
	return text;
}

function noHeader(name: string): TypeError {
	return new TypeError(`a value for ${name} that no header can carry`);
}
