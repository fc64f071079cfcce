import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { createQuickstart } from "../../examples/quickstart/gateway.ts";
import { checkDocument } from "../openapi/document-of.ts";
import {
	call,
	json,
	locations,
	multipart,
	startQuickstart,
	urlencoded,
} from "./quickstart-stage.ts";

const url = await startQuickstart({ after });

const pair = { example_int: 1, example_str: "a" };
const login = { username: "ann", password: "p&w=é+ %" };
const file = new File(["hi"], "naïve.txt", { type: "text/plain" });
const loginText = new URLSearchParams(login).toString();

suite("each row answers what the original answers", () => {
	const rows: [string, RequestInit | undefined, unknown][] = [
		["GET /path_param/7", undefined, { foo: "bar", custom_int: "1337" }],
		["GET /path_param/-0", undefined, { foo: "bar", custom_int: "1337" }],
		[
			"POST /path_and_body/-3",
			json(pair),
			{ foo: "bar", path_int: -3, ...pair },
		],
		["GET /list_model", undefined, [{ foo_key: "foo" }, { foo_key: "bar" }]],
		[
			"GET /query?query_int=2&query_str=a%26b%3Dc+d%C3%A9",
			undefined,
			{ query_int: 2, query_str: "a&b=c dé" },
		],
		[
			"GET /query?query_str=&query_int=-2",
			undefined,
			{ query_int: -2, query_str: "" },
		],
		[
			"POST /query_and_body?query_int=2&query_str=x",
			json(pair),
			{ query_int: 2, query_str: "x", ...pair },
		],
		[
			"POST /query_and_body_path/9?query_int=2&query_str=x",
			json(pair),
			{ path: 9, query_int: 2, query_str: "x", ...pair },
		],
		[
			"GET /check_depends_header",
			{ headers: { "x-api-key": "k1" } },
			{ header: "k1", foo: "bar" },
		],
		["POST /form_data", urlencoded(loginText), { foo: "bar", ...login }],
		["POST /form_data", multipart(login), { foo: "bar", ...login }],
		[
			"POST /upload_file",
			multipart({ file }),
			{ filename: "naïve.txt", file_content_type: "text/plain" },
		],
		[
			"POST /form_and_upload_file",
			multipart({ ...login, file }),
			{
				username: "ann",
				pwd: login.password,
				filename: "naïve.txt",
				content_type: "text/plain",
			},
		],
		["POST /check_depends_form_1", urlencoded(loginText), login],
		["POST /check_depends_form_1", multipart(login), login],
		["POST /check_depends_form_2", urlencoded(loginText), login],
	];
	for (const [target, init, expected] of rows) {
		test(`${target} ${init?.body?.constructor.name ?? ""}`, async () => {
			const answer = await call(url, target, init);
			assert.deepEqual(
				{ status: answer.status, body: answer.body },
				{ status: 200, body: expected },
			);
			assert.match(
				answer.headers.get("content-type") ?? "",
				/^application\/json/,
			);
		});
	}
});

suite("each row says where a request is wrong, as FastAPI would", () => {
	const both = [
		["body", "example_int"],
		["body", "example_str"],
	];
	const rows: [string, RequestInit | undefined, unknown][] = [
		["GET /path_param/abc", undefined, [["path", "random_int"]]],
		["GET /path_param/1.5", undefined, [["path", "random_int"]]],
		["POST /path_and_body/x", json(pair), [["path", "path_int"]]],
		["POST /path_and_body/1", undefined, [["body"]]],
		["POST /path_and_body/1", json({}), both],
		["POST /path_and_body/1", json({ example_int: "1", example_str: 1 }), both],
		[
			"GET /query?query_int=x",
			undefined,
			[
				["query", "query_int"],
				["query", "query_str"],
			],
		],
		[
			"GET /query?query_int=1&query_int=2&query_str=a",
			undefined,
			[["query", "query_int"]],
		],
		[
			"POST /query_and_body",
			json(pair),
			[
				["query", "query_int"],
				["query", "query_str"],
			],
		],
		["POST /query_and_body?query_int=1&query_str=a", undefined, [["body"]]],
		[
			"POST /query_and_body_path/x?query_str=a",
			json(pair),
			[
				["path", "path"],
				["query", "query_int"],
			],
		],
		["POST /form_data", urlencoded("username=ann"), [["body", "password"]]],
		["POST /form_data", multipart({ password: "p" }), [["body", "username"]]],
		[
			"POST /form_data",
			undefined,
			[
				["body", "username"],
				["body", "password"],
			],
		],
		["POST /upload_file", multipart({ other: "x" }), [["body", "file"]]],
		["POST /upload_file", multipart({ file: "no file" }), [["body", "file"]]],
		[
			"POST /form_and_upload_file",
			multipart({ file, username: "ann" }),
			[["body", "password"]],
		],
		["POST /form_and_upload_file", multipart(login), [["body", "file"]]],
		[
			"POST /check_depends_form_1",
			urlencoded("username=ann"),
			[["body", "password"]],
		],
		[
			"POST /check_depends_form_2",
			undefined,
			[
				["body", "username"],
				["body", "password"],
			],
		],
		[
			"POST /check_depends_form_2",
			urlencoded("username=a&username=b&password=c"),
			[["body", "username"]],
		],
	];
	for (const [target, init, expected] of rows) {
		test(`${target} ${init?.body ?? ""}`, async () => {
			const answer = await call(url, target, init);
			assert.equal(answer.status, 422, JSON.stringify(answer.body));
			assert.deepEqual(locations(answer), expected);
			const { detail } = answer.body as { detail: Record<string, unknown>[] };
			assert.deepEqual(Object.keys(answer.body as object), ["detail"]);
			for (const { msg, type } of detail) {
				assert.ok(typeof msg === "string" && typeof type === "string");
			}
		});
	}

	test("a value is never echoed", async () => {
		const secret = "hunter2-hunter2";
		const answers = await Promise.all([
			call(url, `GET /path_param/${secret}`),
			call(url, `GET /query?query_int=${secret}&query_str=a`),
			call(url, "POST /path_and_body/1", json({ example_int: secret })),
		]);
		for (const answer of answers) {
			assert.equal(answer.status, 422);
			assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/);
		}
	});
});

suite("refusals that are one sentence", () => {
	const sentences: [string, string, RequestInit | undefined, number][] = [
		["no API key", "GET /check_depends_header", undefined, 401],
		[
			"an empty API key",
			"GET /check_depends_header",
			{ headers: { "x-api-key": "" } },
			401,
		],
		["no such route", "GET /nope", undefined, 404],
		["another method", "PATCH /query", undefined, 405],
		["a body that is no JSON", "POST /path_and_body/1", json("x"), 422],
		[
			"a body cut short",
			"POST /path_and_body/1",
			{ headers: { "content-type": "application/json" }, body: '{"a":' },
			400,
		],
		[
			"a body of another type",
			"POST /path_and_body/1",
			{ headers: { "content-type": "text/plain" }, body: "{}" },
			415,
		],
		[
			"a form of another type",
			"POST /form_data",
			{ headers: { "content-type": "application/json" }, body: "{}" },
			415,
		],
	];
	for (const [what, target, init, status] of sentences) {
		test(`${what}: ${status}`, async () => {
			const answer = await call(url, target, init);
			assert.equal(answer.status, status);
			const { detail } = answer.body as { detail: unknown };
			if (status !== 422) assert.ok(typeof detail === "string" && detail);
		});
	}
});

interface Shown {
	readonly components: { readonly securitySchemes: Record<string, object> };
	readonly paths: Record<string, { get?: { security?: object } }>;
}

test("the gateway's document is valid and has every row", async () => {
	const gateway = createQuickstart("http://127.0.0.1:9");
	await checkDocument(gateway.openapi());
	assert.equal(Object.keys(gateway.openapi().paths).length, 12);
	const { components, paths } = gateway.openapi() as unknown as Shown;
	assert.deepEqual(components.securitySchemes.APIKeyHeader, {
		type: "apiKey",
		in: "header",
		name: "x-api-key",
	});
	const path = "/gateway_endpoint/check_depends_header";
	assert.deepEqual(paths[path]?.get?.security, [{ APIKeyHeader: [] }]);
	await gateway.close();
});
