import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type FormatError,
	type Gateway,
	HttpError,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { connectRaw } from "../helpers/raw-client.ts";

function gatewayWith(
	t: TestContext,
	errorFormat: FormatError,
): { gateway: Gateway; log: KeptLog } {
	const log = new KeptLog();
	const gateway = createGateway({
		errorFormat,
		logger: log,
		routes: [
			route.get("/users/:id", {
				path: { id: Type.Integer() },
				handler(ctx) {
					if (ctx.path.id !== 401) throw new Error("secret");
					const headers = { "www-authenticate": "Bearer" };
					throw new HttpError(401, "Log in.", { headers });
				},
			}),
			route.get("/gone", { upstream: "http://127.0.0.1:1" }),
		],
	});
	t.after(() => gateway.close());
	return { gateway, log };
}

suite("errorFormat as a function", () => {
	test("gives status, headers and body of every error", async (t) => {
		const { gateway } = gatewayWith(t, (error, ctx) => ({
			headers: {
				"content-type": "application/vnd.own+json",
				"x-code": error.code,
			},
			body: {
				message: error.message,
				path: ctx?.url,
				problems: error.problems,
			},
		}));
		for (const [url, status, code] of [
			["/nothing", 404, "ERR_NO_ROUTE"],
			["/users/x", 422, "ERR_VALIDATION"],
			["/users/401", 401, "ERR_UNAUTHORIZED"],
			["/users/7", 500, "ERR_INTERNAL"],
			["/gone", 503, "ERR_UPSTREAM_UNREACHABLE"],
		] as const) {
			const got = await gateway.inject(url);
			assert.equal(got.status, status);
			assert.equal(got.headers["content-type"], "application/vnd.own+json");
			const body = got.json() as { path: string; message: string };
			assert.equal(body.path, url);
			assert.doesNotMatch(got.body, /secret/);
			if (code !== "ERR_UNAUTHORIZED")
				assert.equal(got.headers["x-code"], code);
		}
	});

	test("a reply does as well; headers of the error stay with its status", async (t) => {
		const { gateway } = gatewayWith(t, (error) =>
			error.status === 401
				? reply(401, "<p>Log in</p>", { "content-type": "text/html" })
				: reply(200, `was ${error.status}`),
		);
		const login = await gateway.inject("/users/401");
		assert.equal(login.headers["www-authenticate"], "Bearer");
		assert.equal(login.headers["content-type"], "text/html");
		assert.equal(login.body, "<p>Log in</p>");
		assert.equal((await gateway.inject("/nothing")).body, "was 404");
		const method = await gateway.inject({ url: "/gone", method: "POST" });
		assert.equal(method.body, "was 405");
		assert.equal(method.headers.allow, undefined);
	});

	const failing: Record<string, FormatError> = {
		"a throw": () => {
			throw new Error("on purpose");
		},
		"a promise": (async () => ({})) as unknown as FormatError,
		nothing: (() => undefined) as unknown as FormatError,
		"a status that is none": () => ({ status: 1 }),
		"a header that cannot be sent": () => ({ headers: { "x-a": "a\r\nb: c" } }),
		"a body that cannot be sent": () => ({ body: new Map() }),
	};
	for (const [what, format] of Object.entries(failing)) {
		test(`${what} is logged, and falls back`, async (t) => {
			const { gateway, log } = gatewayWith(t, format);
			const got = await gateway.inject("/nothing");
			assert.equal(got.status, 404);
			assert.equal(got.headers["content-type"], "application/problem+json");
			assert.deepEqual(
				log.lines.map(({ message }) => message),
				["errorFormat failed"],
			);
		});
	}

	test("bytes that are no request have no context, and get no stream", async (t) => {
		const { gateway, log } = gatewayWith(t, (error, ctx) => ({
			headers: { "x-own": "é", "content-length": "3" },
			body: error.status === 431 ? Readable.from(["x"]) : `own ${ctx === null}`,
		}));
		const { port } = await startGateway(t, gateway);
		await using client = await connectRaw({ port });
		void client.send("NONSENSE\r\n\r\n");
		const answer = await client.readResponse();
		assert.equal(answer.status, 400);
		assert.equal(answer.body.toString(), "own true");
		await using other = await connectRaw({ port });
		void other.send(`GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`);
		const large = await other.readResponse();
		assert.equal(large.status, 431);
		assert.match(large.body.toString(), /ERR_HEAD_TOO_LARGE/);
		assert.equal(log.lines.length, 1);
	});

	test("the docs say nothing of what errors look like", async (t) => {
		const { gateway } = gatewayWith(t, () => ({}));
		const { paths } = gateway.openapi() as never as {
			paths: Record<string, { get: { responses: Record<string, object> } }>;
		};
		assert.deepEqual(paths["/users/{id}"]?.get.responses["422"], {
			description: "Unprocessable Entity",
		});
	});
});
