import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { request } from "undici";
import {
	createGateway,
	dependency,
	type GatewayOptions,
	HttpError,
	input,
	route,
} from "../../src/index.ts";
import { listOrigins, toSecurityPolicy } from "../../src/openapi/page-html.ts";
import { startGateway } from "../../src/testing.ts";
import { checkDocument } from "./document-of.ts";

const hello = route.get("/hello", { handler: () => "hello" });
const assets = [
	"start.js",
	"swagger-ui.css",
	"swagger-ui-bundle.js",
	"favicon-32x32.png",
	"oauth2-redirect.html",
	"oauth2-redirect.js",
];

/** Starts a gateway and gives what a GET of it answers. */
async function start(
	t: TestContext,
	options: Partial<GatewayOptions> = {},
): Promise<
	(path: string, headers?: Record<string, string>) => Promise<Answer>
> {
	const gateway = createGateway({ routes: [hello], ...options });
	const { url } = await startGateway(t, gateway);
	return async (path, headers = {}) => {
		const answer = await request(`${url}${path}`, { headers });
		const bytes = Buffer.from(await answer.body.arrayBuffer());
		return {
			status: answer.statusCode,
			header: (name) => answer.headers[name],
			bytes,
			text: bytes.toString(),
		};
	};
}

interface Answer {
	readonly status: number;
	readonly header: (name: string) => string | string[] | undefined;
	readonly bytes: Buffer;
	readonly text: string;
}

test("the docs are on by default, at /openapi.json and /docs", async (t) => {
	const get = await start(t, { title: "Shop & <Co>", version: "3.0.0" });
	const document = await get("/openapi.json");
	assert.equal(document.status, 200);
	assert.equal(document.header("content-type"), "application/json");
	const parsed = JSON.parse(document.text);
	await checkDocument(parsed);
	assert.deepEqual(parsed.info, { title: "Shop & <Co>", version: "3.0.0" });
	assert.deepEqual(Object.keys(parsed.paths), ["/hello"]);

	const page = await get("/docs");
	assert.equal(page.status, 200);
	assert.equal(page.header("content-type"), "text/html; charset=utf-8");
	assert.match(page.text, /<title>Shop &amp; &lt;Co><\/title>/);
});

test("docs: false turns both off", async (t) => {
	const get = await start(t, { docs: false });
	for (const path of ["/openapi.json", "/docs", "/docs/start.js"]) {
		assert.equal((await get(path)).status, 404, path);
	}
	assert.equal((await get("/hello")).status, 200);
});

test("each of the page's files is served with its own type, and nothing else is", async (t) => {
	const get = await start(t);
	const types = [];
	for (const name of assets) {
		const { status, header, bytes } = await get(`/docs/${name}`);
		assert.equal(status, 200, name);
		assert.ok(bytes.length > 0, name);
		assert.equal(header("x-content-type-options"), "nosniff");
		types.push(header("content-type"));
	}
	const script = "text/javascript; charset=utf-8";
	const html = "text/html; charset=utf-8";
	const css = "text/css; charset=utf-8";
	assert.deepEqual(types, [script, css, script, "image/png", html, script]);
	for (const name of ["", "LICENSE", "version.json", "../gateway.js"]) {
		assert.notEqual((await get(`/docs/${name}`)).status, 200, name);
	}
});

test("a route below /docs is not shadowed", async (t) => {
	const handler = () => "mine";
	const get = await start(t, {
		routes: [
			route.get("/docs/mine", { handler }),
			route.get("/docs/*", { handler }),
		],
	});
	for (const path of ["/docs/mine", "/docs/", "/docs/other/deep"]) {
		assert.match((await get(path)).text, /mine/, path);
	}
	assert.match((await get("/docs")).text, /<!doctype html>/);
});

test("a route of the same path as the docs is a start-up error that names it", () => {
	const routes = [route.get("/docs", { handler: () => "mine" })];
	assert.throws(() => createGateway({ routes }), /GET \/docs/);
	createGateway({ routes, docs: { path: "/manual" } });
});

test("docs can be moved: the page finds the document and its files by relative URLs", async (t) => {
	const cases = [
		{ path: "/docs", openapi: "/openapi.json", root: "./" },
		{ path: "/", openapi: "/spec/v1/openapi.json", root: "../../" },
		{ path: "/a/b/docs", openapi: "/a/spec", root: "../" },
		{ path: "/manual/", openapi: "/manual/openapi.json", root: "../" },
	];
	for (const { path, openapi, root } of cases) {
		const get = await start(t, { docs: { path, openapi } });
		const { text } = await get(path);
		// Behind a prefix that a proxy in front takes off again.
		const base = new URL(`http://proxy/prefix${path}`);
		const resolve = (url = ""): string =>
			new URL(url, base).pathname.replace(/^\/prefix/, "");
		const [, document] = /data-openapi="([^"]*)"/.exec(text) ?? [];
		assert.equal(resolve(document), openapi);
		const links = [...text.matchAll(/(?:href|src|data-redirect)="([^"]*)"/g)];
		assert.equal(links.length, 5);
		for (const [, url = ""] of links) {
			assert.equal((await get(resolve(url))).status, 200, url);
		}
		const { servers } = JSON.parse((await get(openapi)).text);
		assert.deepEqual(servers, [{ url: root }]);
		const served = new URL(`http://proxy/prefix${openapi}`);
		assert.equal(new URL(root, served).pathname, "/prefix/");
	}
});

test("paths of the docs must be plain and two", () => {
	for (const docs of [
		{ path: "docs" },
		{ path: "/docs/:name" },
		{ openapi: "/*" },
		{ path: "/same", openapi: "/same" },
	]) {
		assert.throws(
			() => createGateway({ routes: [hello], docs }),
			{ name: "TypeError", message: /^docs\./ },
			JSON.stringify(docs),
		);
	}
});

test("dependencies stand in front of the page, the document and the files", async (t) => {
	const key = dependency({ key: input.header("x-key") }, (values) => {
		if (values.key !== "right") throw new HttpError(401);
	});
	const get = await start(t, { docs: { dependencies: { key } } });
	for (const path of ["/docs", "/openapi.json", "/docs/start.js"]) {
		assert.equal((await get(path, { "x-key": "wrong" })).status, 401, path);
		assert.equal((await get(path, { "x-key": "right" })).status, 200, path);
	}
});

test("what a client has already is answered with 304 (RFC 9110 section 13.1.2)", async (t) => {
	const get = await start(t);
	for (const path of ["/openapi.json", "/docs", "/docs/swagger-ui.css"]) {
		const first = await get(path);
		const etag = String(first.header("etag"));
		assert.match(etag, /^W\/"[\w-]+"$/);
		assert.equal(first.header("cache-control"), "no-cache");
		for (const known of [etag, etag.slice(2), `"x", ${etag}`, "*"]) {
			const again = await get(path, { "if-none-match": known });
			assert.equal(again.status, 304, known);
			assert.equal(again.bytes.length, 0);
			assert.equal(again.header("etag"), etag);
		}
		const other = await get(path, { "if-none-match": 'W/"other"' });
		assert.equal(other.status, 200);
		assert.equal(other.text, first.text);
	}
});

test("another document has another tag", async (t) => {
	const one = await start(t, { title: "One" });
	const two = await start(t, { title: "Two" });
	assert.notEqual(
		(await one("/openapi.json")).header("etag"),
		(await two("/openapi.json")).header("etag"),
	);
});

test("a file named with its version is kept for good, with another version it is asked for again", async (t) => {
	const get = await start(t);
	const { text } = await get("/docs");
	const [, url] = /src="\.(\/docs\/start\.js\?v=[^"]+)"/.exec(text) ?? [];
	assert.ok(url);
	const immutable = "max-age=31536000, immutable";
	assert.equal((await get(url)).header("cache-control"), immutable);
	assert.equal((await get(`${url}x`)).header("cache-control"), "no-cache");
});

test("large answers are compressed for those who take gzip (RFC 9110 section 12.5.3)", async (t) => {
	const get = await start(t);
	const path = "/docs/swagger-ui.css";
	const plain = await get(path);
	assert.equal(plain.header("content-encoding"), undefined);
	assert.equal(plain.header("vary"), "accept-encoding");
	for (const accepted of ["gzip", "br;q=1, GZIP ; q=0.5", "deflate,gzip"]) {
		const packed = await get(path, { "accept-encoding": accepted });
		assert.equal(packed.header("content-encoding"), "gzip", accepted);
		assert.ok(packed.bytes.length < plain.bytes.length / 3);
		assert.deepEqual(gunzipSync(packed.bytes), plain.bytes);
	}
	for (const refused of ["gzip;q=0", "gzip; q=0.000", "br", "xgzip"]) {
		const answer = await get(path, { "accept-encoding": refused });
		assert.equal(answer.header("content-encoding"), undefined, refused);
	}
});

test("the page's policy allows its own files and no inline script or style", async (t) => {
	const get = await start(t);
	const { header } = await get("/docs");
	assert.equal(
		header("content-security-policy"),
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	);
});

test("the policy lets the page call the document's servers and token addresses", () => {
	const origins = listOrigins({
		servers: [
			{ url: "https://api.example/v1", description: "see https" },
			{ url: "/relative" },
			{ url: "https://{tenant}.example" },
		],
		components: {
			securitySchemes: {
				login: {
					type: "oauth2",
					flows: { password: { tokenUrl: "https://id.example:8443/token" } },
				},
				script: { type: "openIdConnect", openIdConnectUrl: "javascript:1" },
			},
		},
	});
	assert.deepEqual(origins, ["https://api.example", "https://id.example:8443"]);
	assert.match(
		toSecurityPolicy(origins),
		/connect-src 'self' https:\/\/api\.example https:\/\/id\.example:8443;/,
	);
});
