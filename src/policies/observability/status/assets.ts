import { createHash } from "node:crypto";
import { type Context, type Reply, reply } from "../../../index.ts";
import { pageFiles } from "./page-files.ts";

/** The page's own files, with their content types. */
const types = {
	"status.css": "text/css; charset=utf-8",
	"status.js": "text/javascript; charset=utf-8",
	"charts.js": "text/javascript; charset=utf-8",
	"dom.js": "text/javascript; charset=utf-8",
	"gauges.js": "text/javascript; charset=utf-8",
	"format.js": "text/javascript; charset=utf-8",
	"tables.css": "text/css; charset=utf-8",
	"table.js": "text/javascript; charset=utf-8",
	"tables.js": "text/javascript; charset=utf-8",
	"tiles.js": "text/javascript; charset=utf-8",
	"icon.svg": "image/svg+xml",
} as const;

/** Nothing but the page's own files and its own data, and no text is ever taken for markup (W3C CSP 3, Trusted Types). */
const pagePolicy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
].join("; ");

const common = {
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
	"cross-origin-resource-policy": "same-origin",
};

/** One of the page's files, as it is answered with. */
class Asset {
	readonly #bytes: Buffer;
	readonly #headers: Readonly<Record<string, string>>;
	readonly #etag: string;

	constructor(bytes: Buffer, headers: Readonly<Record<string, string>>) {
		const digest = createHash("sha256").update(bytes).digest("base64url");
		this.#bytes = bytes;
		this.#etag = `"${digest.slice(0, 22)}"`;
		this.#headers = {
			...common,
			...headers,
			// Asked for anew each time: who may see it is decided each time.
			"cache-control": "private, no-cache",
			etag: this.#etag,
		};
	}

	/** 304 where the client has these bytes. */
	answer(ctx: Context): Reply {
		const { "content-type": _type, ...bare } = this.#headers;
		return ctx.req.headers["if-none-match"] === this.#etag
			? reply(304, null, bare)
			: reply(200, this.#bytes, this.#headers);
	}
}

/** Answers with the page. `base` is the last segment of its path, from which its files are named. */
export function pageAnswer(
	base: string,
	title: string,
): (ctx: Context) => Reply {
	const html = (pageFiles["index.html"] as string)
		.replaceAll("%BASE%", escapeHtml(base))
		.replaceAll("%TITLE%", () => escapeHtml(title));
	const asset = new Asset(Buffer.from(html), {
		"content-type": "text/html; charset=utf-8",
		"content-security-policy": pagePolicy,
		"cross-origin-opener-policy": "same-origin",
	});
	return (ctx) => asset.answer(ctx);
}

/** What answers for each of the page's files, by name. */
export function assetAnswers(): [string, (ctx: Context) => Reply][] {
	return Object.entries(types).map(([name, type]) => {
		const asset = new Asset(Buffer.from(pageFiles[name] as string), {
			"content-type": type,
			"content-security-policy": "default-src 'none'",
		});
		return [name, (ctx) => asset.answer(ctx)];
	});
}

function escapeHtml(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
