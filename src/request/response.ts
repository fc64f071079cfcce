import { type HttpError, toHttpError } from "../http/errors.ts";
import { Reply } from "../http/reply.ts";
import type { BodyObserver, TransformBody } from "../model/outcome.ts";
import type { PolicyHooks, UpstreamResponse } from "../model/types.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import { type BodyReading, maxReadBytes, type Read } from "./read-response.ts";
import { sendReply } from "./reply.ts";
import type { RequestContext, TakeAnswer } from "./request.ts";
import type { ShapeHead } from "./response-head.ts";

type ResponseHook = NonNullable<PolicyHooks["onUpstreamResponse"]>;

/**
 * Compiles the way back of step 8: what the route makes of the head, what policies say, whether the body is read.
 */
export function compileAnswer(
	shape: ShapeHead,
	reading: BodyReading,
	hooks: readonly ResponseHook[],
): TakeAnswer {
	return (ctx, head) => {
		ctx.isUpstreamAnswer = true;
		try {
			const received = head.headers;
			shape(ctx, head);
			let transforms: readonly TransformBody[] | null = null;
			if (hooks.length > 0) {
				const seen = new SeenHead(ctx, head, received);
				if (isReplaced(ctx, seen, hooks)) return false;
				head.status = seen.status;
				head.headers = seen.headers;
				transforms = seen.transforms;
			}
			const { responseHeaders } = ctx;
			if (responseHeaders !== null) {
				head.headers = responseHeaders.apply(head.headers);
				const { names } = responseHeaders;
				head.setNames =
					head.setNames === null ? names : head.setNames.concat(names);
			}
			const read =
				reading.isNeeded || transforms !== null
					? reading.plan(ctx, head, ctx.method, transforms)
					: null;
			const rewrite = read?.rewrite ?? null;
			ctx.bodyObserver?.onHead?.(rewrite, transforms !== null);
			if (read !== null) readBody(ctx, head, read);
			return read === null;
		} catch (cause) {
			ctx.forward?.abort(cause as Error);
			ctx.runtime.fail(ctx, toHttpError(cause));
			return false;
		}
	};
}

/** The head as policies see it, one after the other. */
class SeenHead implements UpstreamResponse {
	status: number;
	headers: string[];
	readonly received: readonly string[];
	transforms: TransformBody[] | null = null;
	readonly #ctx: RequestContext;

	constructor(
		ctx: RequestContext,
		{ status, headers }: AnswerHead,
		received: readonly string[],
	) {
		this.status = status;
		this.headers = headers;
		this.received = received;
		this.#ctx = ctx;
	}

	observe(observer: BodyObserver): void {
		const other = this.#ctx.bodyObserver;
		this.#ctx.bodyObserver = other === null ? observer : both(other, observer);
	}

	transform(change: TransformBody): void {
		this.transforms ??= [];
		this.transforms.push(change);
	}
}

/** Whether a policy has given a reply in place of the response. */
function isReplaced(
	ctx: RequestContext,
	seen: SeenHead,
	hooks: readonly ResponseHook[],
): boolean {
	for (const hook of hooks) {
		const result = hook(ctx, seen);
		if (!(result instanceof Reply)) continue;
		ctx.forward?.replace(
			new Error("a policy answered in the upstream's stead"),
		);
		ctx.isUpstreamAnswer = false;
		sendReply(ctx, result);
		return true;
	}
	return false;
}

function readBody(ctx: RequestContext, head: AnswerHead, read: Read): void {
	const send = (bytes: Buffer): void => {
		sendReply(ctx, new Reply(head.status, head.headers, bytes), false);
		// Who looks at the body sees what the client gets, in one piece.
		ctx.bodyObserver?.onChunk(bytes);
		ctx.bodyObserver?.onEnd();
	};
	ctx.forward?.gather(maxReadBytes, (bytes) => {
		read
			.convert(bytes)
			.then(send)
			.catch((cause: unknown) => {
				const error = toHttpError(cause);
				ctx.bodyObserver?.onAbort(error);
				ctx.runtime.fail(ctx, error);
			});
	});
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

function both(first: BodyObserver, second: BodyObserver): BodyObserver {
	return {
		onHead(rewrite, isOwn) {
			first.onHead?.(rewrite, isOwn);
			second.onHead?.(rewrite, isOwn);
		},
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
