import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, route, Type } from "../../src/index.ts";
import { startEcho } from "../helpers/echo.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { type Declare, pass } from "../helpers/pass.ts";

suite("forward.headers", () => {
	test("takes the place of the client's lines, in any case", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				forward: {
					headers: () => ({
						"X-User": "ann",
						"x-n": 7,
						"x-list": ["a", "b"],
						"x-none": null,
						"x-absent": undefined,
						"x-empty": [],
					}),
				},
			});
		const names = ["x-USER", "x-n", "X-List", "x-none", "x-absent", "x-empty"];
		const got = await pass(t, declare, {
			url: "/x",
			headers: {
				...Object.fromEntries(names.map((name) => [name, "evil"])),
				"x-kept": "kept",
			},
		});
		assert.equal(got.headers["x-user"], "ann");
		assert.equal(got.headers["x-n"], "7");
		assert.equal(got.headers["x-list"], "a, b");
		assert.equal(got.headers["x-kept"], "kept");
		assert.ok(!got.rawHeaders.includes("evil"));
	});

	test("takes the place of their twins, which CGI and WSGI read as the same names", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				forward: { headers: () => ({ "x-user-id": "ann", "x-none": null }) },
			});
		const names = ["x_user_id", "X-User_ID", "x_none"];
		const got = await pass(t, declare, {
			url: "/x",
			headers: {
				...Object.fromEntries(names.map((name) => [name, "evil"])),
				x_kept: "kept",
			},
		});
		assert.equal(got.headers["x-user-id"], "ann");
		assert.equal(got.headers.x_kept, "kept");
		assert.ok(!got.rawHeaders.includes("evil"));
	});

	test("and the address of the client have no twin that a client wrote", async (t) => {
		const declare: Declare = (upstream) => route.get("/x", { upstream });
		const names = [
			...["x_forwarded_for", "X-Forwarded_Host", "x_forwarded-proto"],
			"X_Real_IP",
		];
		const got = await pass(t, declare, {
			url: "/x",
			headers: {
				...Object.fromEntries(names.map((name) => [name, "evil"])),
				x_forward: "kept",
			},
		});
		assert.equal(got.headers.x_forward, "kept");
		assert.ok(!got.rawHeaders.includes("evil"));
	});

	test("sees declared headers and cookies, which go on themselves as well", async (t) => {
		const declare: Declare = (upstream) =>
			route.get("/x", {
				upstream,
				headers: { "X-Count": Type.Integer() },
				cookies: { theme: Type.String({ default: "light" }) },
				forward: {
					headers: (ctx) => ({
						"x-next": ctx.headers["X-Count"] + 1,
						"x-theme": ctx.cookies.theme,
					}),
				},
			});
		const got = await pass(t, declare, {
			url: "/x",
			headers: { "x-count": "07", cookie: "a=b" },
		});
		assert.equal(got.headers["x-next"], "8");
		assert.equal(got.headers["x-theme"], "light");
		assert.equal(got.headers["x-count"], "07");
		assert.equal(got.headers.cookie, "a=b");
	});

	test("may name the type of what goes out", async (t) => {
		const declare: Declare = (upstream) =>
			route.post("/x", {
				upstream,
				body: Type.Object({}),
				forward: {
					headers: () => ({ "content-type": "application/vnd.x+json" }),
				},
			});
		const got = await pass(t, declare, { method: "POST", url: "/x", body: {} });
		assert.equal(got.headers["content-type"], "application/vnd.x+json");
	});

	test("can not change how long the body is, where it ends, or what the connection does", async (t) => {
		const { url, requests } = await startEcho(t);
		const names = [
			"Content-Length",
			"transfer-encoding",
			"connection",
			"keep-alive",
			"te",
			"trailer",
			"upgrade",
			"expect",
			"x a",
			"",
		];
		for (const name of names) {
			const log = new KeptLog();
			const gateway = createGateway({
				docs: false,
				logger: log,
				routes: [
					route.post("/x", {
						upstream: url,
						body: Type.Object({}),
						forward: { headers: () => ({ [name]: "1" }) },
					}),
				],
			});
			t.after(() => gateway.close({ timeoutMs: 0 }));
			const answer = await gateway.inject({
				method: "POST",
				url: "/x",
				body: {},
			});
			assert.equal(answer.status, 500, name);
			assert.match(String(log.lines[0]?.details.err), /cannot be set/);
		}
		assert.equal(requests.length, 0);
	});

	test("with bytes that no header may have is refused before anything is sent", async (t) => {
		const { url, requests } = await startEcho(t);
		for (const value of ["a\r\nx-evil: 1", "a\u0000", "\u0142\n"]) {
			const gateway = createGateway({
				docs: false,
				routes: [
					route.get("/x", {
						upstream: url,
						forward: { headers: () => ({ "x-a": value }) },
					}),
				],
			});
			t.after(() => gateway.close({ timeoutMs: 0 }));
			const { status } = await gateway.inject("/x");
			assert.equal(status, 400);
		}
		assert.equal(requests.length, 0);
	});
});
