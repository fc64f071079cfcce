import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import { startMicroservice } from "../../examples/quickstart/microservice.ts";

let service: Awaited<ReturnType<typeof startMicroservice>>;
before(async () => {
	service = await startMicroservice();
});
after(() => service.close());

interface Answer {
	readonly status: number;
	readonly body: unknown;
}

async function call(target: string, init?: RequestInit): Promise<Answer> {
	const [method = "GET", path] = target.split(" ");
	const res = await fetch(`${service.url}${path}`, { method, ...init });
	return { status: res.status, body: await res.json() };
}

function json(value: unknown): RequestInit {
	const headers = { "content-type": "application/json" };
	return { headers, body: JSON.stringify(value) };
}

function form(fields: Record<string, string | File>): FormData {
	const data = new FormData();
	for (const [name, value] of Object.entries(fields)) data.append(name, value);
	return data;
}

function locations({ body }: Answer): unknown {
	return (body as { detail: { loc: unknown }[] }).detail.map(({ loc }) => loc);
}

const pair = { example_int: 1, example_str: "a" };
const login = { username: "ann", password: "p&w=é" };
const file = new File(["hi"], "naïve.txt", { type: "text/plain" });

suite("each endpoint answers what it took", () => {
	const rows: [string, RequestInit | undefined, unknown][] = [
		[
			"GET /v1/path_param/7?random_int=7",
			undefined,
			{
				foo: "bar",
				random_int: 7,
				custom_int: 1337,
				query: { random_int: "7" },
			},
		],
		[
			"POST /v1/path_and_body/-3",
			json(pair),
			{ foo: "bar", path_int: -3, ...pair },
		],
		["GET /v1/list_model", undefined, [{ foo_key: "foo" }, { foo_key: "bar" }]],
		[
			"GET /v1/query?query_int=2&query_str=x&other=1",
			undefined,
			{ query_int: 2, query_str: "x" },
		],
		[
			"POST /v1/query_and_body?query_int=2&query_str=",
			json(pair),
			{ query_int: 2, query_str: "", ...pair },
		],
		[
			"POST /v1/query_and_body_path/9?query_int=2&query_str=x",
			json(pair),
			{ path: 9, query_int: 2, query_str: "x", ...pair },
		],
		[
			"GET /v1/check_dependency_header",
			{ headers: { "x-api-key": "k" } },
			{ header: "k", foo: "bar" },
		],
		[
			"POST /v1/check_dependency_header",
			{ body: new URLSearchParams(login) },
			login,
		],
		[
			"POST /v1/form_data",
			{ body: new URLSearchParams(login) },
			{ foo: "bar", ...login },
		],
		["POST /v1/form_data", { body: form(login) }, { foo: "bar", ...login }],
		[
			"POST /v1/upload_file",
			{ body: form({ file }) },
			{ filename: "naïve.txt", file_content_type: "text/plain" },
		],
		[
			"POST /v1/form_and_upload_file",
			{ body: form({ ...login, file }) },
			{
				username: login.username,
				pwd: login.password,
				filename: "naïve.txt",
				content_type: "text/plain",
			},
		],
	];
	for (const [target, init, body] of rows) {
		test(`${target} ${init?.body?.constructor.name ?? ""}`, async () => {
			assert.deepEqual(await call(target, init), { status: 200, body });
		});
	}
});

suite("each wrong value is named where it stands", () => {
	const rows: [string, RequestInit | undefined, string[][]][] = [
		["GET /v1/path_param/abc", undefined, [["path", "random_int"]]],
		[
			"GET /v1/path_param/9007199254740993",
			undefined,
			[["path", "random_int"]],
		],
		[
			"GET /v1/query?query_int=1.5",
			undefined,
			[
				["query", "query_int"],
				["query", "query_str"],
			],
		],
		["POST /v1/query_and_body?query_int=1&query_str=a", undefined, [["body"]]],
		[
			"POST /v1/path_and_body/x",
			json({ example_int: "two", example_str: 2 }),
			[
				["path", "path_int"],
				["body", "example_int"],
				["body", "example_str"],
			],
		],
		["POST /v1/path_and_body/1", { body: "{" }, [["body"]]],
		["GET /v1/check_dependency_header", undefined, [["header", "x-api-key"]]],
		[
			"POST /v1/form_data",
			undefined,
			[
				["body", "username"],
				["body", "password"],
			],
		],
		[
			"POST /v1/upload_file",
			{ body: form({ file: "text" }) },
			[["body", "file"]],
		],
	];
	for (const [target, init, expected] of rows) {
		test(`${target} ${init?.body ?? ""}`, async () => {
			const answer = await call(target, init);
			assert.equal(answer.status, 422);
			assert.deepEqual(locations(answer), expected);
		});
	}
});

test("a path or method that is not served is a 404", async () => {
	for (const target of ["GET /nope", "DELETE /v1/query", "GET //[", "GET /"]) {
		const answer = await call(target);
		assert.deepEqual(answer, { status: 404, body: { detail: "Not Found" } });
	}
});

test("a multipart body that breaks off is a 400, and the connection goes on", async () => {
	const headers = { "content-type": "multipart/form-data; boundary=b" };
	const head =
		'--b\r\ncontent-disposition: form-data; name="file"; filename="f"';
	for (const body of ["--b\r\n", `${head}\r\n\r\nhalf a fi`, "no form"]) {
		const { status } = await call("POST /v1/upload_file", { headers, body });
		assert.equal(status, 400, body);
	}
});

test("a JSON body over 1 MiB is a 413", async () => {
	const body = json({ example_str: "x".repeat(1_100_000) });
	const { status } = await call("POST /v1/path_and_body/1", body);
	assert.equal(status, 413);
});

test("upload_digest tells the size and SHA-256 of a file that comes in parts", async () => {
	const chunk = randomBytes(65_536);
	const hash = createHash("sha256");
	const req = request(`${service.url}/v1/upload_digest`, {
		method: "POST",
		headers: { "content-type": "multipart/form-data; boundary=b" },
	});
	req.write(
		'--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n',
	);
	for (let sent = 0; sent < 320; sent += 1) {
		hash.update(chunk);
		if (!req.write(chunk)) await once(req, "drain");
	}
	req.end("\r\n--b--\r\n");
	const [res] = await once(req, "response");
	assert.deepEqual(JSON.parse((await res.toArray()).join("")), {
		bytes: 320 * chunk.length,
		sha256: hash.digest("hex"),
	});
});

test("a client that leaves in the middle of a body harms nobody", async () => {
	const { port } = new URL(service.url);
	for (const type of ["application/json", "multipart/form-data; boundary=b"]) {
		for (const path of ["path_and_body/1", "upload_file"]) {
			const socket = connect(Number(port), "127.0.0.1");
			socket.write(
				`POST /v1/${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: 99\r\n\r\n{"`,
				() => socket.resetAndDestroy(),
			);
			await once(socket, "close");
		}
	}
	assert.equal((await call("GET /v1/list_model")).status, 200);
});

test("a port in use is told to the caller, and close can be called twice", async () => {
	const other = await startMicroservice();
	const port = Number(new URL(other.url).port);
	await assert.rejects(startMicroservice(port), { code: "EADDRINUSE" });
	await other.close();
	await other.close();
	await assert.rejects(fetch(other.url));
});
