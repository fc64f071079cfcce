// First: an older Node is named before undici fails on it.
import "../../index.ts";

import { createHash } from "node:crypto";
import { request } from "undici";
import {
	type Context,
	type Dependency,
	type MaybePromise,
	type Reply,
	type ReplyHeaders,
	reply,
} from "../../index.ts";
import {
	type ForwardAuthOptions,
	type ForwardAuthPlan,
	toPlan,
} from "./forward-auth-options.ts";
import { AuthError, RefusedWithReply, unavailable } from "./refusals.ts";
import { scheme } from "./scheme.ts";
import { TtlCache } from "./ttl-cache.ts";

export type { ForwardAuthOptions } from "./forward-auth-options.ts";
export type { TlsOptions } from "./json-client.ts";
export type { AuthDecision, SchemeOptions } from "./scheme.ts";

/** What a service said yes with. */
export interface ForwardAuthIdentity {
	/** What `idHeader` says; null without. */
	readonly id: string | null;
	/** Those of `upstreamHeaders` that it sent, in lower case. */
	readonly headers: Readonly<Record<string, string>>;
}

/**
 * Callers that another service knows. It gets a GET with chosen headers of the
 * request, and `x-forwarded-method`, `-uri`, `-host`, `-proto` and `-for`. With a
 * 2xx it lets the request in, and chosen headers of its answer go on to the
 * service behind. Any other answer below 500 is the client's. No answer in time,
 * one of 500 or more, or one of more than 256 KiB is a 503. It is not asked any
 * longer when the client leaves.
 *
 * @throws TypeError or RangeError for options that can not be used.
 */
export function forwardAuth(
	options: ForwardAuthOptions,
): Dependency<ForwardAuthIdentity> {
	const plan = toPlan(options);
	const known = new TtlCache<ForwardAuthIdentity>(
		plan.maxEntries,
		options.now ?? Date.now,
	);
	return scheme({
		name: "forward-auth",
		needs: {},
		docs: {
			...(options.security !== undefined && { security: options.security }),
			responses: {
				401: { description: "The authentication service lets nobody in so." },
			},
		},
		// Also where another scheme decides: nobody but that service may say these.
		withhold: (_values, ctx) => {
			for (const name of plan.upstreamHeaders)
				ctx.setUpstreamHeader(name, null);
		},
		mayWait: true,
		identify: (_values, ctx) => identify(ctx, plan, known),
		onDecision: options.onDecision,
	});
}

function identify(
	ctx: Context,
	plan: ForwardAuthPlan,
	known: TtlCache<ForwardAuthIdentity>,
): MaybePromise<ForwardAuthIdentity> {
	if (ctx.req.headersDistinct.authorization?.[1] !== undefined) throw twice();
	const headers = toQuestion(ctx, plan);
	const digest = plan.cacheMs === 0 ? null : digestOf(headers);
	const found = digest === null ? undefined : known.get(digest);
	if (found !== undefined) return pass(ctx, found);
	return ask(ctx, plan, headers).then((answer) => {
		if (answer.status < 200 || answer.status > 299) {
			throw new RefusedWithReply(toReply(answer, plan));
		}
		const identity = toIdentity(answer.headers, plan);
		const isPlain = tell(ctx, answer.headers, plan.replyHeaders);
		// What it told this client alone, such as a new session, is not for the next.
		if (digest !== null && isPlain) known.set(digest, identity, plan.cacheMs);
		return pass(ctx, identity);
	});
}

/** That service may read one, and the service behind the other. */
function twice(): AuthError {
	const detail = "More than one credential was sent.";
	return new AuthError("refused", detail, { reason: "ambiguous" });
}

function pass(
	ctx: Context,
	identity: ForwardAuthIdentity,
): ForwardAuthIdentity {
	for (const [name, value] of Object.entries(identity.headers)) {
		ctx.setUpstreamHeader(name, Buffer.from(value, "latin1"));
	}
	return identity;
}

/** Names and values in turn: what the service that decides gets to see. */
function toQuestion(
	ctx: Context,
	{ requestHeaders }: ForwardAuthPlan,
): string[] {
	const { rawHeaders } = ctx.req;
	const [scheme = "", host = ""] = ctx.origin.split("://");
	const question = ["accept-encoding", "identity"];
	question.push("x-forwarded-method", ctx.method);
	question.push("x-forwarded-uri", ctx.url);
	question.push("x-forwarded-host", host, "x-forwarded-proto", scheme);
	question.push("x-forwarded-for", ctx.address);
	for (let i = 0; i < rawHeaders.length; i += 2) {
		const name = (rawHeaders[i] as string).toLowerCase();
		if (!requestHeaders.includes(name) || name.startsWith("x-forwarded-")) {
			continue;
		}
		question.push(name, rawHeaders[i + 1] as string);
	}
	return question;
}

function digestOf(question: readonly string[]): string {
	return createHash("sha256")
		.update(JSON.stringify(question))
		.digest("base64url");
}

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

interface Answer {
	readonly status: number;
	readonly headers: AnswerHeaders;
	readonly body: Uint8Array;
}

async function ask(
	ctx: Context,
	{ url, agent, timeoutMs }: ForwardAuthPlan,
	headers: string[],
): Promise<Answer> {
	const { signal } = ctx;
	try {
		const answer = await request(url, {
			dispatcher: agent,
			headers,
			signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
		});
		const body = await answer.body.bytes();
		const { statusCode: status } = answer;
		if (status === 304 || status >= 500) {
			throw new Error(`${url.origin} answered ${status}`);
		}
		return { status, headers: answer.headers, body };
	} catch (cause) {
		signal.throwIfAborted();
		throw unavailable("no-answer", cause);
	}
}

function toIdentity(
	headers: AnswerHeaders,
	plan: ForwardAuthPlan,
): ForwardAuthIdentity {
	// Two lines name two callers: joined they would name a third.
	if (plan.idHeader !== null && Array.isArray(headers[plan.idHeader])) {
		throw unavailable("ambiguous-id");
	}
	const named = plan.upstreamHeaders.flatMap((name) => {
		const value = headers[name];
		return value === undefined ? [] : [[name, [value].flat().join(", ")]];
	});
	const passed = Object.freeze(
		Object.fromEntries(named) as Record<string, string>,
	);
	const id = plan.idHeader === null ? null : (passed[plan.idHeader] ?? null);
	return Object.freeze({ id, headers: passed });
}

/** Whether there was nothing to tell. */
function tell(
	ctx: Context,
	headers: AnswerHeaders,
	names: readonly string[],
): boolean {
	let isPlain = true;
	for (const name of names) {
		for (const [i, text] of [headers[name] ?? []].flat().entries()) {
			isPlain = false;
			const value = Buffer.from(text, "latin1");
			if (i > 0 || name === "set-cookie") ctx.appendResponseHeader(name, value);
			else ctx.setResponseHeader(name, value);
		}
	}
	return isPlain;
}

function toReply(
	{ status, headers, body }: Answer,
	{ refusalHeaders }: ForwardAuthPlan,
): Reply {
	const kept: Record<string, string | string[]> = {};
	for (const name of refusalHeaders) {
		const value = headers[name];
		if (value !== undefined) kept[name] = value;
	}
	return reply(status, body.length === 0 ? null : body, kept as ReplyHeaders);
}
