import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { startRawUpstream } from "../helpers/raw-upstream.ts";
import { call, json, startFront, urlencoded } from "./quickstart-stage.ts";

// A second service, with nothing in common with the demo one: it records bytes and says `{}`.
const service = await startRawUpstream();
after(() => service.close());
service.script = async (request, connection) => {
	if ((await request.whole.catch(() => null)) === null) return;
	const body = '{"custom_int":1337,"more":1,"foo":"f"}';
	await connection.reply(
		200,
		body,
		"content-type: application/json",
		"x-internal: secret",
	);
};
const url = await startFront({ after }, service.url);
afterEach(async () => {
	await service.closeConnections();
	service.connections = [];
});

/** What reached the service of one call. */
async function sent(target: string, init?: RequestInit) {
	const answer = await call(url, target, init);
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	assert.equal(service.requests.length, 1);
	const request = await service.request();
	const type = request.header("content-type");
	const body = (await request.whole).toString("latin1");
	return { answer, request, type, body, line: request.startLine };
}

const pair = { example_int: 1, example_str: "a" };

suite("what reaches a service that is not ours", () => {
	test("a path value goes as path and as query, whatever the client said of that name", async () => {
		const { line, answer } = await sent(
			"GET /path_param/7?random_int=666&%72andom_int=5&other=1",
		);
		assert.equal(line, "GET /v1/path_param/7?other=1&random_int=7 HTTP/1.1");
		assert.deepEqual(answer.body, { foo: "f", custom_int: "1337" });
		assert.equal(answer.headers.get("x-internal"), null);
	});

	test("a checked body goes on written anew, without what is not declared", async () => {
		const { line, body, type, request } = await sent(
			"POST /path_and_body/7",
			json({ other: 1, example_str: "ü", example_int: 2 }),
		);
		assert.equal(line, "POST /v1/path_and_body/7?path_int=7 HTTP/1.1");
		assert.equal(type, "application/json");
		const text = Buffer.from(body, "latin1").toString();
		assert.equal(text, '{"example_int":2,"example_str":"ü"}');
		assert.equal(request.header("content-length"), String(body.length));
	});

	test("an undeclared query value does not reach it", async () => {
		const { line } = await sent(
			"GET /query?a=1&query_str=x%26y&query_int=007&query_int2=3&b",
		);
		assert.equal(line, "GET /v1/query?query_int=7&query_str=x%26y HTTP/1.1");
	});

	test("query, path and body together", async () => {
		const { line, body } = await sent(
			"POST /query_and_body_path/5?query_int=1&query_str=&x=y",
			json(pair),
		);
		assert.equal(
			line,
			"POST /v1/query_and_body_path/5?query_int=1&query_str= HTTP/1.1",
		);
		assert.equal(body, JSON.stringify(pair));
	});

	test("the key of the header dependency goes on once", async () => {
		const { request } = await sent("GET /check_depends_header", {
			headers: { "x-api-key": "k1" },
		});
		assert.equal(request.header("x-api-key"), "k1");
		assert.equal(request.startLine, "GET /v1/check_dependency_header HTTP/1.1");
	});

	test("a form goes on with its declared fields", async () => {
		const { body, type } = await sent(
			"POST /form_data",
			urlencoded("other=1&password=p+%26&username=%C3%A9"),
		);
		assert.equal(type, "application/x-www-form-urlencoded");
		assert.deepEqual(
			[...new URLSearchParams(body)],
			[
				["password", "p &"],
				["username", "é"],
			],
		);
	});

	test("what the password form gives is sent as a form", async () => {
		const { body, type } = await sent(
			"POST /check_depends_form_1",
			urlencoded("grant_type=password&password=p%26&username=ann"),
		);
		assert.equal(type, "application/x-www-form-urlencoded");
		assert.deepEqual(
			[...new URLSearchParams(body)],
			[
				["username", "ann"],
				["password", "p&"],
			],
		);
	});

	test("the client's own form goes on as it came where the dependency only stands in front", async () => {
		const text = "b=%7e&password=p+%20%2b&x&username=a%6En&&scope=";
		const { body, type, request } = await sent("POST /check_depends_form_2", {
			headers: {
				"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8",
			},
			body: text,
		});
		assert.equal(body, text);
		assert.equal(type, "Application/X-WWW-Form-Urlencoded; charset=utf-8");
		assert.equal(request.header("content-length"), String(text.length));
	});

	test("a refused request does not reach it at all", async () => {
		const targets: [string, RequestInit?][] = [
			["GET /path_param/x"],
			["GET /query?query_int=1"],
			["GET /check_depends_header"],
			["POST /path_and_body/1", json({})],
			["POST /form_data", urlencoded("username=a")],
			["POST /check_depends_form_1", urlencoded("username=a")],
			["POST /check_depends_form_2", urlencoded("username=a")],
		];
		for (const [target, init] of targets) {
			const { status } = await call(url, target, init);
			assert.ok(status === 422 || status === 401, `${target}: ${status}`);
		}
		assert.equal(service.connections.length, 0);
	});
});
