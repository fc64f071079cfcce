import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	file,
	type Gateway,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { startUpstream } from "../../src/testing.ts";
import { KeptLog } from "../helpers/kept-log.ts";

/** A gateway that tells what it was asked. */
function createMirror(): Gateway {
	return createGateway({
		docs: false,
		logger: new KeptLog(),
		routes: [
			route.all("/*", {
				async handler(ctx) {
					const chunks: Buffer[] = [];
					for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
					const { method, url, address } = ctx;
					const { rawHeaders } = ctx.req;
					const body = Buffer.concat(chunks).toString("latin1");
					return { method, url, address, rawHeaders, body };
				},
			}),
		],
	});
}

interface Mirrored {
	readonly method: string;
	readonly url: string;
	readonly address: string;
	readonly rawHeaders: readonly string[];
	readonly body: string;
}

/** The values of a header, one for each line. */
function linesOf({ rawHeaders }: Mirrored, name: string): string[] {
	return rawHeaders.filter(
		(_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name,
	);
}

suite("a request", () => {
	test("is a GET of a path, if nothing else is said", async () => {
		for (const request of ["/a?b=c", { url: "/a?b=c" }]) {
			const got = (await createMirror().inject(request)).json() as Mirrored;
			assert.equal(got.method, "GET");
			assert.equal(got.url, "/a?b=c");
			assert.equal(got.body, "");
		}
	});

	test("has any method, in any case", async () => {
		for (const method of ["post", "DELETE", "Propfind"]) {
			const { json } = await createMirror().inject({ method, url: "/" });
			assert.equal((json() as Mirrored).method, method.toUpperCase());
		}
	});

	test("has several lines of one header", async () => {
		const { json } = await createMirror().inject({
			url: "/",
			headers: { "x-a": ["1", "2"], cookie: "c=d", host: "example.test" },
		});
		assert.deepEqual(linesOf(json() as Mirrored, "x-a"), ["1", "2"]);
		assert.deepEqual(linesOf(json() as Mirrored, "cookie"), ["c=d"]);
		assert.deepEqual(linesOf(json() as Mirrored, "host"), ["example.test"]);
	});

	const bodies: Record<string, [unknown, string, string[]]> = {
		"text as it is": ["é", "Ã©", []],
		"bytes as they are": [new Uint8Array([0, 255]), "\u0000\u00ff", []],
		"an object as JSON": [{ a: 1 }, '{"a":1}', ["application/json"]],
		"a number as JSON": [0, "0", ["application/json"]],
		"false as JSON": [false, "false", ["application/json"]],
		"no body for null": [null, "", []],
		"search parameters as a form": [
			new URLSearchParams({ a: "b c" }),
			"a=b+c",
			["application/x-www-form-urlencoded;charset=UTF-8"],
		],
	};
	for (const [what, [body, text, types]] of Object.entries(bodies)) {
		test(`sends ${what}`, async () => {
			const { json } = await createMirror().inject({
				method: "POST",
				url: "/",
				body,
			});
			const got = json() as Mirrored;
			assert.equal(got.body, text);
			assert.deepEqual(linesOf(got, "content-type"), types);
		});
	}

	test("says of what type its body is, in whatever case", async () => {
		const { json } = await createMirror().inject({
			method: "POST",
			url: "/",
			headers: { "Content-Type": "application/vnd.x+json" },
			body: { a: 1 },
		});
		assert.deepEqual(linesOf(json() as Mirrored, "content-type"), [
			"application/vnd.x+json",
		]);
	});

	test("sends form data with its files", async () => {
		const gateway = createGateway({
			docs: false,
			routes: [
				route.post("/", {
					form: { caption: Type.String(), image: file() },
					handler: ({ form }) => ({
						caption: form.caption,
						filename: form.image.filename,
						type: form.image.contentType,
						size: form.image.bytes?.length ?? 0,
					}),
				}),
			],
		});
		const body = new FormData();
		body.set("caption", "hi");
		body.set("image", new Blob(["12345"], { type: "image/png" }), "a.png");
		const { json } = await gateway.inject({ method: "POST", url: "/", body });
		assert.deepEqual(json(), {
			caption: "hi",
			filename: "a.png",
			type: "image/png",
			size: 5,
		});
	});

	test("comes from nowhere", async () => {
		const { json } = await createMirror().inject("/");
		assert.equal((json() as Mirrored).address, "unknown");
	});
});

suite("an answer", () => {
	test("has status, headers, text, bytes and JSON", async () => {
		const gateway = createGateway({
			docs: false,
			routes: [
				route.get("/", {
					handler: () =>
						reply(201, { a: "é" }, { "X-A": "b", "set-cookie": ["c", "d"] }),
				}),
				route.get("/bytes", {
					handler: () => reply(200, new Uint8Array([0, 255])),
				}),
			],
		});
		const answer = await gateway.inject("/");
		assert.equal(answer.status, 201);
		assert.equal(answer.headers["x-a"], "b");
		assert.deepEqual(answer.headers["set-cookie"], ["c", "d"]);
		assert.equal(answer.headers["x-nope"], undefined);
		assert.equal(answer.body, '{"a":"é"}');
		assert.deepEqual(answer.json(), { a: "é" });
		const { bytes, json } = await gateway.inject("/bytes");
		assert.deepEqual([...bytes], [0, 255]);
		assert.throws(json, SyntaxError);
	});

	test("comes from an upstream as well", async (t) => {
		const { url } = await startUpstream(t, (req, res) => {
			req.pipe(res);
		});
		const gateway = createGateway({
			docs: false,
			routes: [route.post("/", { upstream: url })],
		});
		t.after(() => gateway.close({ timeoutMs: 0 }));
		const body = "x".repeat(1_000_000);
		const answer = await gateway.inject({ method: "POST", url: "/", body });
		assert.equal(answer.body, body);
	});

	test("that breaks off is a rejection, not half an answer", async () => {
		const gateway = createGateway({
			docs: false,
			logger: new KeptLog(),
			routes: [
				route.get("/", {
					handler: () =>
						reply(
							200,
							(async function* () {
								yield "first";
								throw new Error("on purpose");
							})(),
						),
				}),
			],
		});
		await assert.rejects(gateway.inject("/"));
	});
});

test("many requests at the same time keep to themselves", async () => {
	const gateway = createMirror();
	const answers = await Promise.all(
		Array.from({ length: 50 }, (_, i) =>
			gateway.inject({ method: "POST", url: `/${i}`, body: String(i) }),
		),
	);
	answers.forEach((answer, i) => {
		const { url, body } = answer.json() as Mirrored;
		assert.deepEqual([url, body], [`/${i}`, String(i)]);
	});
});

test("nothing is left open behind them", async () => {
	const before = process.getActiveResourcesInfo().length;
	await createMirror().inject("/");
	await new Promise((resolve) => setImmediate(resolve));
	assert.ok(process.getActiveResourcesInfo().length <= before);
});
