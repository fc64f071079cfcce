import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { createQuickstart } from "../../examples/quickstart/gateway.ts";
import { startMicroservice } from "../../examples/quickstart/microservice.ts";
import { toMultipart } from "../helpers/multipart.ts";

/** What is used of autocannon, which has no types of its own. */
interface LoadRequest {
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string | Buffer;
	onResponse(status: number, body: string): void;
}
type Autocannon = (options: {
	readonly url: string;
	readonly connections: number;
	readonly amount: number;
	readonly requests: readonly LoadRequest[];
}) => Promise<{ errors: number; timeouts: number }>;
const autocannon: Autocannon = createRequire(import.meta.url)("autocannon");

const connections = 100;
const amount = 10_000;

/** One kind of request, and the only answer that is right. */
interface Kind {
	readonly target: string;
	readonly type?: string;
	readonly body?: string | Buffer;
	readonly headers?: Readonly<Record<string, string>>;
	readonly status: number;
	readonly answer: unknown;
}

const json = "application/json";
const urlencoded = "application/x-www-form-urlencoded";
const multipart = "multipart/form-data; boundary=B";
const pair = { example_int: 1, example_str: "a" };
const login = { username: "ann", password: "p&w" };
const fields = Object.entries(login).map(([name, value]) => ({ name, value }));
const upload = { name: "file", filename: "f.bin", type: "image/png" };
const problem = (...loc: string[]) => ({ detail: [{ loc }] });

const kinds: readonly Kind[] = [
	{
		target: "GET /path_param/7",
		status: 200,
		answer: { foo: "bar", custom_int: "1337" },
	},
	{
		target: "GET /path_param/x",
		status: 422,
		answer: problem("path", "random_int"),
	},
	{
		target: "POST /path_and_body/3",
		type: json,
		body: JSON.stringify(pair),
		status: 200,
		answer: { foo: "bar", path_int: 3, ...pair },
	},
	{
		target: "GET /list_model",
		status: 200,
		answer: [{ foo_key: "foo" }, { foo_key: "bar" }],
	},
	{
		target: "GET /query?query_int=2&query_str=x&other=1",
		status: 200,
		answer: { query_int: 2, query_str: "x" },
	},
	{
		target: "POST /query_and_body?query_int=2&query_str=x",
		type: json,
		body: '{"example_int":1}',
		status: 422,
		answer: problem("body", "example_str"),
	},
	{
		target: "GET /check_depends_header",
		headers: { "x-api-key": "k" },
		status: 200,
		answer: { header: "k", foo: "bar" },
	},
	{
		target: "GET /check_depends_header",
		status: 401,
		answer: { detail: "The X-API-Key header is missing." },
	},
	{
		target: "POST /form_data",
		type: urlencoded,
		body: new URLSearchParams(login).toString(),
		status: 200,
		answer: { foo: "bar", ...login },
	},
	{
		target: "POST /form_data",
		type: multipart,
		body: toMultipart(fields),
		status: 200,
		answer: { foo: "bar", ...login },
	},
	{
		target: "POST /upload_file",
		type: multipart,
		body: toMultipart([{ ...upload, value: Buffer.alloc(50_000, 1) }]),
		status: 200,
		answer: { filename: "f.bin", file_content_type: "image/png" },
	},
	{
		target: "POST /form_and_upload_file",
		type: multipart,
		body: toMultipart([...fields, { ...upload, value: "x" }]),
		status: 200,
		answer: {
			username: "ann",
			pwd: "p&w",
			filename: "f.bin",
			content_type: "image/png",
		},
	},
	{
		target: "POST /upload_file",
		type: multipart,
		body: toMultipart([{ ...upload, value: "x" }]).subarray(0, -6),
		status: 400,
		answer: { detail: "The request body could not be parsed." },
	},
	{
		target: "POST /check_depends_form_1",
		type: urlencoded,
		body: new URLSearchParams(login).toString(),
		status: 200,
		answer: login,
	},
	{
		target: "POST /check_depends_form_2",
		type: urlencoded,
		body: new URLSearchParams(login).toString(),
		status: 200,
		answer: login,
	},
	{ target: "GET /nowhere", status: 404, answer: {} },
];

/** What came that was not right, and how much came of each kind. */
class Tally {
	readonly counts: number[] = kinds.map(() => 0);
	readonly wrong: string[] = [];

	add(at: number, kind: Kind, status: number, body: string): void {
		this.counts[at] = (this.counts[at] ?? 0) + 1;
		try {
			assert.equal(status, kind.status);
			assert.partialDeepStrictEqual(JSON.parse(body), kind.answer);
		} catch {
			this.wrong.push(`${kind.target}: ${status} ${body.slice(0, 200)}`);
		}
	}
}

function toRequest(kind: Kind, at: number, tally: Tally): LoadRequest {
	const [method = "GET", path] = kind.target.split(" ");
	const type = kind.type === undefined ? {} : { "content-type": kind.type };
	return {
		method,
		path: `/gateway_endpoint${path}`,
		headers: { ...type, ...kind.headers },
		...(kind.body === undefined ? {} : { body: kind.body }),
		onResponse: (status, body) => tally.add(at, kind, status, body),
	};
}

/** What is open now and was not before. */
function leftOpen(before: readonly string[]): readonly string[] {
	const rest = [...before];
	return process.getActiveResourcesInfo().filter((kind) => {
		const at = rest.indexOf(kind);
		if (at >= 0) rest.splice(at, 1);
		return at < 0;
	});
}

/** The kernel takes a moment over each socket; what has not gone after a while stays. */
async function assertNothingLeftOpen(before: readonly string[]): Promise<void> {
	const deadline = Date.now() + 5_000;
	while (leftOpen(before).length > 0 && Date.now() < deadline) {
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.deepEqual(leftOpen(before), []);
}

const complaints: unknown[] = [];
const note = (complaint: unknown): unknown => complaints.push(complaint);
before(() => {
	process.on("unhandledRejection", note).on("warning", note);
});
after(() => {
	process.off("unhandledRejection", note).off("warning", note);
});

test("10,000 mixed requests over 100 connections: each its own answer, nothing left open", {
	timeout: 120_000,
}, async () => {
	const baseline = process.getActiveResourcesInfo();
	const service = await startMicroservice();
	const gateway = createQuickstart(service.url);
	const { url } = await gateway.listen();
	const tally = new Tally();
	const result = await autocannon({
		url,
		connections,
		amount,
		requests: kinds.map((kind, at) => toRequest(kind, at, tally)),
	});
	await gateway.close();
	await service.close();

	assert.deepEqual(tally.wrong.slice(0, 5), []);
	assert.equal(result.errors, 0);
	assert.equal(result.timeouts, 0);
	assert.equal(
		tally.counts.reduce((sum, count) => sum + count),
		amount,
	);
	assert.ok(Math.min(...tally.counts) > amount / kinds.length / 2);
	await assertNothingLeftOpen(baseline);
	assert.deepEqual(complaints, []);
});
