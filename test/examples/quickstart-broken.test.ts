import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { connectRaw } from "../helpers/raw-client.ts";
import { chunked, head } from "../helpers/raw-http.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";
import { call, json, startFront, urlencoded } from "./quickstart-stage.ts";

const service = await startRawUpstream();
after(() => service.close());
const url = await startFront({ after }, service.url);
afterEach(async () => {
	await service.closeConnections();
	service.connections = [];
});

const field = (name: string): string =>
	`--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nvalue\r\n`;
const file = (bytes: string): string =>
	`--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n${bytes}`;
const formHead = (target: string, ...lines: string[]): string =>
	head(
		`POST ${new URL(url).pathname}${target} HTTP/1.1`,
		"Host: gateway.test",
		"Content-Type: multipart/form-data; boundary=B",
		...lines,
	);

/** Sends a form that ends before its last boundary, and reads the answer. */
async function breakOff(target: string, body: string, isChunked: boolean) {
	await using client = await connectRaw({ port: Number(new URL(url).port) });
	const message = isChunked
		? formHead(target, "Transfer-Encoding: chunked") + chunked(body)
		: formHead(target, `Content-Length: ${body.length}`) + body;
	const { status, body: bytes } = await client.exchange(message);
	return { status, answer: JSON.parse(bytes.toString()) as unknown };
}

/** No request that came to its end. */
function assertNothingWhole(): void {
	const whole = service.requests.filter((request) => request.complete);
	assert.deepEqual(whole, []);
}

suite("a multipart body that breaks off is a 400", () => {
	const first = `${field("username")}${field("password")}`;
	const bodies: [string, string, string][] = [
		["within a field", "/form_data", `${field("username")}--B\r\nContent-Disp`],
		["behind a field", "/form_data", first],
		["before the first boundary", "/form_data", "no boundary at all"],
		["within a file", "/upload_file", file("half a fi")],
		["within a large file", "/upload_file", file("x".repeat(300_000))],
		["behind a file", "/upload_file", `${file("whole")}\r\n--B`],
		["behind the fields", "/form_and_upload_file", first],
		[
			"within a file behind the fields",
			"/form_and_upload_file",
			first + file("x"),
		],
		["in the dependency's form", "/check_depends_form_1", first],
		["in front of the dependency's form", "/check_depends_form_2", first],
	];
	for (const isChunked of [false, true]) {
		for (const [where, target, body] of bodies) {
			test(`${where}, ${isChunked ? "chunked" : "with a length"}`, async () => {
				const { status, answer } = await breakOff(target, body, isChunked);
				assert.equal(status, 400);
				const { detail } = answer as { detail: unknown };
				assert.ok(typeof detail === "string" && detail);
				assertNothingWhole();
			});
		}
	}

	test("and one whose client leaves reaches no service whole", async () => {
		const client = await connectRaw({ port: Number(new URL(url).port) });
		const body = file("x".repeat(100_000));
		await client.send(
			formHead("/upload_file", "Content-Length: 200000") + body,
		);
		await service.request();
		await client.close();
		await assert.rejects((await service.request()).whole);
		assertNothingWhole();
	});
});

test("a service that is not reachable is a 503 with a detail, for every kind of request", async (t) => {
	const gone = await startRawUpstream();
	await gone.close();
	const front = await startFront(t, gone.url);
	const login = urlencoded("username=a&password=b");
	const upload = new FormData();
	upload.append("file", new File(["x".repeat(100_000)], "f"));
	const targets: [string, RequestInit?][] = [
		["GET /path_param/7"],
		["GET /list_model"],
		["POST /path_and_body/7", json({ example_int: 1, example_str: "" })],
		["POST /form_data", login],
		["POST /upload_file", { body: upload }],
		["POST /check_depends_form_1", login],
		["POST /check_depends_form_2", login],
	];
	for (const [target, init] of targets) {
		const { status, body } = await call(front, target, init);
		assert.equal(status, 503, target);
		assert.deepEqual(body, { detail: "The service can not be reached." });
	}
	// What is wrong with a request is told before anybody looks for the service.
	assert.equal((await call(front, "GET /path_param/x")).status, 422);
});
