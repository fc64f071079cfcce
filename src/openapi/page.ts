import type { Reply } from "../http/reply.ts";
import type { DocsOptions } from "../model/gateway-options.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Route } from "../model/route-options.ts";
import type { Context, Dependencies } from "../model/types.ts";
import { Content, toDigest } from "./content.ts";
import { pageFiles, pageVersion } from "./page-files.ts";
import {
	listOrigins,
	startScript,
	toHtml,
	toSecurityPolicy,
} from "./page-html.ts";

/** Makes a GET route out of a handler; `route.get` is one. */
export type MakeRoute = (
	path: string,
	options: {
		readonly handler: (ctx: Context) => MaybePromise<Reply>;
		readonly includeInDocs: false;
		readonly dependencies: Dependencies;
	},
) => Route;

/** The page's files by name, with their content types. */
const assetTypes: Readonly<Record<string, string>> = {
	"swagger-ui.css": "text/css; charset=utf-8",
	"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
	"favicon-32x32.png": "image/png",
	"oauth2-redirect.html": "text/html; charset=utf-8",
	"oauth2-redirect.js": "text/javascript; charset=utf-8",
};
const immutable = "max-age=31536000, immutable";

/**
 * The routes of the docs: the document, the page, and each of the page's files
 * by its own path, so that none of the gateway's other routes is shadowed. The
 * document is asked for once, when it is first read. Default: on; `false` is no
 * route at all.
 *
 * @throws TypeError when a path is no plain path, or both are the same.
 */
export function docsRoutes(
	options: DocsOptions | false | undefined,
	getDocument: () => object,
	makeRoute: MakeRoute,
): readonly Route[] {
	if (options === false) return [];
	const { path, openapi, dependencies } = readOptions(options);
	const urls = new PageUrls(path, openapi, version);
	const document = once(() => toDocument(getDocument(), urls));
	const page = once(() => toPage(getDocument(), urls));
	const make = (at: string, handler: (ctx: Context) => Promise<Reply>) =>
		makeRoute(at, { handler, includeInDocs: false, dependencies });
	return [
		make(openapi, (ctx) => document().answer(ctx)),
		make(path, (ctx) => page().answer(ctx)),
		make(urls.pathOf("start.js"), serve(version, readStart)),
		...Object.entries(assetTypes).map(([name, type]) =>
			make(
				urls.pathOf(name),
				serve(version, () => readAsset(name, type)),
			),
		),
	];
}

function readOptions({
	path = "/docs",
	openapi = "/openapi.json",
	dependencies = {},
}: DocsOptions = {}): Required<DocsOptions> {
	for (const [name, value] of Object.entries({ path, openapi })) {
		if (/^\/[^:*?#(]*$/.test(value)) continue;
		throw new TypeError(
			`docs.${name} must be a path without parameters, got ${JSON.stringify(value)}`,
		);
	}
	if (path === openapi) {
		throw new TypeError(`docs.path and docs.openapi are both ${path}`);
	}
	return { path, openapi, dependencies };
}

/** The URLs of the page's files carry it, so that they can be kept for good. */
const version = toDigest(pageVersion + startScript);

/** Where things are, as a request sees them and as the page names them. */
class PageUrls {
	readonly #path: string;
	readonly #version: string;
	/** The document, from the page. */
	readonly openapi: string;
	/** Where an authorization server sends the reader back to, from the page: without a version, since it is registered there. */
	readonly redirect: string;
	/** The gateway's root, from the document. */
	readonly root: string;

	constructor(path: string, openapi: string, version: string) {
		this.#path = path;
		this.#version = version;
		this.openapi = toRelative(path, openapi);
		this.redirect = toRelative(path, this.pathOf("oauth2-redirect.html"));
		this.root = toRelative(openapi, "/");
	}

	pathOf(asset: string): string {
		return `${this.#path.replace(/\/$/, "")}/${asset}`;
	}

	/** From the page. */
	urlOf(asset: string): string {
		const url = toRelative(this.#path, this.pathOf(asset));
		return `${url}?v=${this.#version}`;
	}
}

/** The way from one path to another, so that a prefix in front of both does not matter. */
function toRelative(from: string, to: string): string {
	const base = from.split("/").slice(1, -1);
	const target = to.split("/").slice(1);
	let shared = 0;
	while (shared < base.length && base[shared] === target[shared]) shared++;
	const up = "../".repeat(base.length - shared);
	return (up || "./") + target.slice(shared).join("/");
}

/** Without servers a reader takes the host's root, which is wrong behind a prefix: the gateway's own root is named from the document. */
function toDocument(document: object, urls: PageUrls): Content {
	const { openapi, info, ...rest } = document as Record<string, unknown>;
	const served = { openapi, info, servers: [{ url: urls.root }], ...rest };
	return new Content(Buffer.from(JSON.stringify(served)), {
		"content-type": "application/json",
	});
}

function toPage(document: object, urls: PageUrls): Content {
	const { info } = document as { info?: { title?: string } };
	const html = toHtml({
		title: info?.title ?? "API",
		openapi: urls.openapi,
		redirect: urls.redirect,
		asset: (name) => urls.urlOf(name),
	});
	return new Content(Buffer.from(html), {
		"content-type": "text/html; charset=utf-8",
		"content-security-policy": toSecurityPolicy(listOrigins(document)),
		"referrer-policy": "no-referrer",
	});
}

/** A file is read when it is first asked for; one named with its version is kept by the client for good. */
function serve(
	version: string,
	read: () => Promise<Content>,
): (ctx: Context) => Promise<Reply> {
	const content = once(read);
	return async (ctx) =>
		(await content()).answer(
			ctx,
			ctx.url.endsWith(`?v=${version}`) ? { "cache-control": immutable } : {},
		);
}

async function readAsset(name: string, type: string): Promise<Content> {
	const read = pageFiles[name] as () => Promise<Buffer>;
	return new Content(await read(), {
		"content-type": type,
		"content-security-policy": "default-src 'none'; script-src 'self'",
	});
}

async function readStart(): Promise<Content> {
	const type = "text/javascript; charset=utf-8";
	return new Content(Buffer.from(startScript), { "content-type": type });
}

function once<T>(make: () => T): () => T {
	let made: { readonly value: T } | null = null;
	return () => {
		made ??= { value: make() };
		return made.value;
	};
}
