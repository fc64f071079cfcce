import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import {
	type Context,
	createGateway,
	type DocsContribution,
	dependency,
	file,
	type GatewayOptions,
	route,
	Type,
} from "../../src/index.ts";
import { startGateway, startUpstream } from "../../src/testing.ts";
import { skipReason, useBrowser } from "../helpers/chromium.ts";
import { DocsPage } from "./docs-browser.ts";

const openContext = useBrowser();
const skip = { skip: skipReason };

/** The docs page of a gateway, in a browser. */
async function openDocs(
	t: TestContext,
	options: GatewayOptions,
): Promise<DocsPage> {
	const { url } = await startGateway(t, createGateway(options));
	return DocsPage.open(t, await openContext(), `${url}/docs`);
}

/** An identity that shows which credentials arrived. */
function credentials(security: DocsContribution["security"]) {
	return dependency(
		(ctx) => ctx.req.headers["x-api-key"] ?? ctx.req.headers.authorization,
		{ docs: { security: security ?? {} } },
	);
}

test(
	"the page opens, lists the routes, executes one and shows its answer",
	skip,
	async (t) => {
		const { url: upstream } = await startUpstream(t, (req, res) => {
			res.setHeader("content-type", "application/json");
			res.end(JSON.stringify({ service: `${req.method} ${req.url}` }));
		});
		const docs = await openDocs(t, {
			title: "Shop Gateway",
			routes: [
				route.get("/users/:id", {
					upstream,
					upstreamPath: "/v1/users/:id",
					path: { id: Type.Integer() },
					query: { verbose: Type.Optional(Type.Boolean()) },
					tags: ["Users"],
				}),
				route.post("/users", {
					upstream,
					body: Type.Object({ name: Type.String() }),
				}),
				route.all("/legacy/*", { upstream }),
				route.get("/hidden", { upstream, includeInDocs: false }),
			],
		});
		assert.equal(await docs.page.title(), "Shop Gateway");
		assert.deepEqual((await docs.listOperations()).sort(), [
			"DELETE /legacy/{path}",
			"GET /legacy/{path}",
			"GET /users/{id}",
			"PATCH /legacy/{path}",
			"POST /legacy/{path}",
			"POST /users",
			"PUT /legacy/{path}",
		]);

		const block = await docs.tryOut("getUsersById");
		await block.locator('[data-param-name="id"] input').fill("7");
		await block
			.locator('[data-param-name="verbose"] select')
			.selectOption("true");
		const { status, body } = await docs.execute(block);
		assert.match(status, /^200/);
		assert.deepEqual(JSON.parse(body), {
			service: "GET /v1/users/7?verbose=true",
		});
		assert.deepEqual(docs.faults, []);
	},
);

test(
	"a body is sent as the page's example has it, and a refusal is shown",
	skip,
	async (t) => {
		const docs = await openDocs(t, {
			routes: [
				route.post("/users", {
					body: Type.Object({ name: Type.String({ examples: ["Ada"] }) }),
					handler: (ctx) => ({ got: ctx.body }),
				}),
			],
		});
		const block = await docs.tryOut("postUsers");
		const sent = await docs.execute(block);
		assert.deepEqual(JSON.parse(sent.body), { got: { name: "Ada" } });
		assert.deepEqual(docs.faults, []);

		await block.locator("textarea").fill('{"name": 3}');
		await block.locator(".execute").click();
		await block
			.locator(".live-responses-table", { hasText: "ERR_VALIDATION" })
			.waitFor();
	},
);

test("a form with a file is sent as multipart", skip, async (t) => {
	const docs = await openDocs(t, {
		routes: [
			route.post("/avatar", {
				form: { caption: Type.String(), image: file() },
				handler: ({ form }) => ({
					caption: form.caption,
					filename: form.image.filename,
					size: form.image.bytes?.length ?? null,
				}),
			}),
		],
	});
	const block = await docs.tryOut("postAvatar");
	await block.locator('[data-property-name="caption"] input').fill("Me");
	await block.locator('[data-property-name="image"] input').setInputFiles({
		name: "me.png",
		mimeType: "image/png",
		buffer: Buffer.alloc(1000, 1),
	});
	const { body } = await docs.execute(block);
	assert.deepEqual(JSON.parse(body), {
		caption: "Me",
		filename: "me.png",
		size: 1000,
	});
	assert.deepEqual(docs.faults, []);
});

const schemes = [
	{
		name: "an API key",
		security: { key: { type: "apiKey", in: "header", name: "X-Api-Key" } },
		values: ["secret"],
		sent: "secret",
	},
	{
		name: "a bearer token",
		security: { token: { type: "http", scheme: "bearer" } },
		values: ["abc.def"],
		sent: "Bearer abc.def",
	},
	{
		name: "a user name and password",
		security: { login: { type: "http", scheme: "basic" } },
		values: ["ada", "pw"],
		sent: `Basic ${btoa("ada:pw")}`,
	},
];

for (const { name, security, values, sent } of schemes) {
	test(`Authorize takes ${name} and sends it along`, skip, async (t) => {
		const caller = credentials(security);
		const docs = await openDocs(t, {
			routes: [
				route.get("/me", {
					dependencies: { caller },
					handler: (ctx) => ({ saw: ctx.deps.caller ?? null }),
				}),
			],
		});
		await docs.authorize(values);
		const { body } = await docs.execute(await docs.tryOut("getMe"));
		assert.deepEqual(JSON.parse(body), { saw: sent });
		assert.deepEqual(docs.faults, []);
	});
}

test(
	"behind a prefix the page and what it sends stay below the prefix",
	skip,
	async (t) => {
		const gateway = createGateway({
			routes: [
				route.get("/hello", { handler: (ctx: Context) => ({ url: ctx.url }) }),
			],
			docs: { path: "/manual", openapi: "/api/openapi.json" },
		});
		const front = createServer((req, res) => {
			if (!req.url?.startsWith("/prefix/")) {
				res.writeHead(500).end();
				return;
			}
			req.url = req.url.slice("/prefix".length);
			gateway.handler(req, res);
		});
		await new Promise<void>((done) => front.listen(0, "127.0.0.1", done));
		t.after(() => gateway.close({ timeoutMs: 0 }));
		t.after(() => front.close());
		const { port } = front.address() as AddressInfo;
		const docs = await DocsPage.open(
			t,
			await openContext(),
			`http://127.0.0.1:${port}/prefix/manual`,
		);
		const block = await docs.tryOut("getHello");
		const { body } = await docs.execute(block);
		assert.deepEqual(JSON.parse(body), { url: "/hello" });
		const sent = block.locator(".request-url");
		assert.match(
			(await sent.textContent()) ?? "",
			/127\.0\.0\.1:\d+\/prefix\/hello/,
		);
		assert.deepEqual(docs.faults, []);
	},
);

/** Runs in the page: tries what the policy forbids. The debugger's own calls may use eval, those of a timer may not. */
const breakOut = `(async () => {
	const violations = [];
	const refused = new Promise((resolve) =>
		addEventListener("securitypolicyviolation", (event) => {
			violations.push(event.violatedDirective + " " + event.blockedURI);
			if (violations.length === 4) resolve();
		}));
	const script = document.createElement("script");
	script.textContent = "globalThis.ran = true";
	document.body.append(script);
	const style = document.createElement("style");
	style.textContent = "body { opacity: 0.5 }";
	document.head.append(style);
	const evaluated = await new Promise((resolve) => setTimeout(() => {
		try { resolve(eval("'ran'")); } catch (error) { resolve(error.name); }
	}));
	const other = await fetch("http://localhost:1/").catch(() => "refused");
	await Promise.race([refused, new Promise((late) => setTimeout(late, 5000))]);
	return {
		script: "ran" in globalThis,
		opacity: getComputedStyle(document.body).opacity,
		other,
		evaluated,
		violations: violations.sort(),
	};
})()`;

test(
	"the policy holds: no inline script, no inline style, no eval, no other host",
	skip,
	async (t) => {
		const docs = await openDocs(t, {
			routes: [route.get("/hello", { handler: () => "hello" })],
		});
		const result = await docs.page.evaluate(breakOut);
		assert.deepEqual(result, {
			script: false,
			opacity: "1",
			other: "refused",
			evaluated: "EvalError",
			violations: [
				"connect-src http://localhost:1/",
				"script-src eval",
				"script-src-elem inline",
				"style-src-elem inline",
			],
		});
		// The other tests rely on it that a violation is seen.
		assert.notEqual(docs.faults.length, 0);
	},
);
