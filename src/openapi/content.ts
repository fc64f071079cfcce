import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Reply, type ReplyHeaders, reply } from "../http/reply.ts";
import type { Context } from "../model/types.ts";

const compress = promisify(gzip);
/** Below this, compressing gains less than the header that tells of it. */
const minCompressedBytes = 1024;

/** Bytes that do not change while the gateway runs, and how they are answered with. */
export class Content {
	readonly #bytes: Buffer;
	readonly #headers: ReplyHeaders;
	readonly #etag: string;
	/** Made when first asked for, off the event loop's thread. */
	#compressed: Promise<Buffer> | null = null;

	constructor(bytes: Buffer, headers: ReplyHeaders) {
		this.#bytes = bytes;
		// Weak, because it names the compressed bytes as well (RFC 9110 section 8.8.1).
		this.#etag = `W/"${toDigest(bytes)}"`;
		this.#headers = {
			"cache-control": "no-cache",
			"x-content-type-options": "nosniff",
			...headers,
			etag: this.#etag,
			vary: "accept-encoding",
		};
	}

	/** The answer to a GET or HEAD: 304 where the client has it already. */
	async answer(ctx: Context, extra: ReplyHeaders = {}): Promise<Reply> {
		const headers = { ...this.#headers, ...extra };
		const { "if-none-match": known, "accept-encoding": accepted } =
			ctx.req.headers;
		if (known !== undefined && matches(known, this.#etag)) {
			const { "content-type": _type, ...rest } = headers;
			return reply(304, null, rest);
		}
		if (this.#bytes.length < minCompressedBytes || !takesGzip(accepted)) {
			return reply(200, this.#bytes, headers);
		}
		this.#compressed ??= compress(this.#bytes);
		return reply(200, await this.#compressed, {
			...headers,
			"content-encoding": "gzip",
		});
	}
}

/** A short name for these bytes, another for others. */
export function toDigest(bytes: Buffer | string): string {
	return createHash("sha256").update(bytes).digest("base64url").slice(0, 16);
}

/** Whether If-None-Match names that tag, compared weakly (RFC 9110 section 13.1.2). */
function matches(header: string, etag: string): boolean {
	if (header.trim() === "*") return true;
	const opaque = etag.slice(2);
	return header
		.split(",")
		.some((tag) => tag.trim().replace(/^W\//, "") === opaque);
}

/** Whether Accept-Encoding names gzip and does not refuse it (RFC 9110 section 12.5.3). */
function takesGzip(header: string | string[] | undefined): boolean {
	return String(header ?? "")
		.split(",")
		.some((item) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(item));
}
