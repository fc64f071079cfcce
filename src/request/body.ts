import type { Readable } from "node:stream";
import { failure } from "../http/errors.ts";
import { type MediaType, parseMediaType } from "../http/media-type.ts";
import type { RequestContext } from "./request.ts";

/** What a declared body may be where the route does not say: 1 MiB. */
export const defaultMaxBodyBytes = 1_048_576;

/** Waits for a body that is being read; measured where somebody asks. */
export function waitForBody<T>(
	{ meter, req }: RequestContext,
	body: Promise<T>,
): Promise<T> {
	return meter === null ? body : meter.waitForBody(req, body);
}

/**
 * The type of a body that is about to be read.
 *
 * @throws HttpError 400 for several `content-type` lines: the service may believe another one.
 */
export function readMediaType({ head, req }: RequestContext): MediaType | null {
	if (head.contentTypeCount > 1) throw failure("ERR_BAD_REQUEST");
	return parseMediaType(req.headers["content-type"]);
}

/** A body that is not there. */
export const noBytes: Buffer = Buffer.alloc(0);

/**
 * The bytes of a value that goes out.
 *
 * @throws TypeError for what JSON has no word for.
 */
export function writeJson(value: unknown): Buffer {
	const text: string | undefined = JSON.stringify(value);
	if (text === undefined) {
		throw new TypeError(`a ${typeof value} can not go out as a JSON body`);
	}
	return Buffer.from(text);
}

/** Sets what goes upstream instead of the client's bytes; a null type keeps the client's. */
export function setPayload(
	ctx: RequestContext,
	payload: Readable | Uint8Array | null,
	type: string | null,
	length: number | null = payload instanceof Uint8Array ? payload.length : null,
): void {
	ctx.payload = payload;
	ctx.payloadLength = length;
	ctx.payloadType = type ?? ctx.req.headers["content-type"] ?? null;
	ctx.hasPayload = true;
}

/** Sends no body, whatever the client sent. */
export function setNoPayload(ctx: RequestContext): void {
	ctx.payload = null;
	ctx.payloadLength = 0;
	ctx.payloadType = null;
	ctx.hasPayload = true;
}
