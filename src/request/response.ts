import { gatewayName } from "../connection/forwarding.ts";
import { type HttpError, toHttpError } from "../http/errors.ts";
import { Reply } from "../http/reply.ts";
import type { BodyObserver } from "../model/outcome.ts";
import type { Route } from "../model/route-options.ts";
import type { PolicyHooks, UpstreamResponse } from "../model/types.ts";
import type { Upstream } from "../model/upstream.ts";
import type { ForwardObserver } from "../proxy/forward-owner.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import { readsAnswer } from "./outgoing.ts";
import { compileRead } from "./read-response.ts";
import { sendReply } from "./reply.ts";
import type { RequestContext, TakeAnswer } from "./request.ts";

type ResponseHook = NonNullable<PolicyHooks["onUpstreamResponse"]>;

/**
 * Compiles the way back of step 8: which headers pass, what policies say, whether the body is read.
 */
export function compileAnswer(
	route: Route,
	upstream: Upstream,
	hooks: readonly ResponseHook[],
): TakeAnswer {
	const choose = compileChoice(route, upstream);
	const read = readsAnswer(route) ? compileRead(route) : null;
	return (ctx, head) => {
		ctx.isUpstreamAnswer = true;
		const received = head.headers;
		head.headers = choose(received);
		for (const hook of hooks) {
			const taken = runHook(ctx, head, received, hook);
			if (taken !== null) return taken;
		}
		const { responseHeaders } = ctx;
		if (responseHeaders !== null) {
			head.headers = responseHeaders.apply(head.headers);
			head.setNames = responseHeaders.names;
		}
		return read === null || !read(ctx, head);
	};
}

/** Whether a policy has answered instead of a failure of the upstream. */
export function answerInstead(ctx: RequestContext, error: HttpError): boolean {
	const hooks = ctx.plan.errorHooks;
	if (hooks === null || ctx.isOver) return false;
	for (const hook of hooks) {
		let result: Reply | undefined | void;
		try {
			result = hook(ctx, error);
		} catch (cause) {
			ctx.runtime.fail(ctx, toHttpError(cause));
			return true;
		}
		if (!(result instanceof Reply)) continue;
		ctx.failure ??= error;
		ctx.isUpstreamAnswer = false;
		sendReply(ctx, result);
		return true;
	}
	return false;
}

/** Headers that say what the body is: they pass whatever `responseHeaders` says. */
const bodyFields: ReadonlySet<string> = new Set([
	"content-type",
	"content-length",
	"content-encoding",
]);

/** The headers that go on of those received; the same list where all do. */
export function compileChoice(
	route: Route,
	upstream: Upstream,
): (received: string[]) => string[] {
	const filter = compileFilter(route);
	const via = upstream.options.via !== "none";
	return (received) => {
		const headers = filter === null ? received : filter(received);
		if (via) headers.push("via", `1.1 ${gatewayName}`);
		return headers;
	};
}

function compileFilter(route: Route): ((headers: string[]) => string[]) | null {
	const choice = route.options.responseHeaders ?? "upstream";
	if (choice === "upstream") return null;
	const names = new Set(bodyFields);
	if (choice !== "gateway") {
		for (const name of choice) names.add(name.toLowerCase());
	}
	return (headers) => {
		const kept: string[] = [];
		for (let i = 0; i < headers.length; i += 2) {
			const name = headers[i] as string;
			if (names.has(name.toLowerCase()))
				kept.push(name, headers[i + 1] as string);
		}
		return kept;
	};
}

/** Null lets the answer go on; else what `onAnswerHead` returns. */
function runHook(
	ctx: RequestContext,
	head: AnswerHead,
	received: readonly string[],
	hook: ResponseHook,
): boolean | null {
	const response: UpstreamResponse = {
		status: head.status,
		headers: head.headers,
		received,
		observe: (observer) => observe(ctx, observer),
	};
	let result: Reply | undefined | void;
	try {
		result = hook(ctx, response);
	} catch (cause) {
		ctx.forward?.abort(cause as Error);
		ctx.runtime.fail(ctx, toHttpError(cause));
		return false;
	}
	head.status = response.status;
	head.headers = response.headers;
	if (!(result instanceof Reply)) return null;
	ctx.forward?.replace(new Error("a policy answered in the upstream's stead"));
	ctx.isUpstreamAnswer = false;
	sendReply(ctx, result);
	return false;
}

function observe(ctx: RequestContext, observer: BodyObserver): void {
	const other = ctx.bodyObserver;
	ctx.bodyObserver = other === null ? observer : both(other, observer);
}

function both(
	first: ForwardObserver,
	second: ForwardObserver,
): ForwardObserver {
	return {
		onChunk(chunk) {
			first.onChunk(chunk);
			second.onChunk(chunk);
		},
		onEnd() {
			first.onEnd();
			second.onEnd();
		},
		onAbort(error) {
			first.onAbort(error);
			second.onAbort(error);
		},
		wantsRest: () =>
			first.wantsRest?.() === true || second.wantsRest?.() === true,
	};
}
