import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { createGateway, HttpError, route } from "../../../src/index.ts";
import {
	type AccessLogOptions,
	accessLog,
} from "../../../src/policies/observability/log/access-log.ts";
import { compileRedaction } from "../../../src/policies/observability/log/redact.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

/** The paths of which a line is written, out of those that are asked for. */
async function logged(
	options: AccessLogOptions,
	paths: readonly string[],
): Promise<string[]> {
	const lines: string[] = [];
	const destination = { write: (line: string) => lines.push(line) };
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [accessLog({ destination, ...options } as AccessLogOptions)],
		routes: [
			route.get("/well", { handler: () => "well" }),
			route.get("/slow", {
				handler: () => new Promise((done) => setTimeout(done, 60, "well")),
			}),
			route.get("/bad", {
				handler: () => {
					throw new HttpError(500);
				},
			}),
		],
	});
	for (const path of paths) await gateway.inject(path);
	await gateway.close();
	return lines.map((line) => JSON.parse(line).path);
}

suite("a line is written", () => {
	const all = ["/well", "/slow", "/bad", "/lost"];

	test("of every request", async () => {
		assert.deepEqual(await logged({}, all), all);
	});

	test("only from a status on", async () => {
		assert.deepEqual(await logged({ minStatus: 404 }, all), ["/bad", "/lost"]);
	});

	test("only of slow requests and of failed ones", async () => {
		const options = { minStatus: 500, minDurationMs: 50 };
		assert.deepEqual(await logged(options, all), ["/slow", "/bad"]);
	});

	test("of a part of those that are well, and of all others", async () => {
		const chances = [0.05, 0.95, 0.3];
		const random = (): number => chances.shift() ?? 1;
		const paths = ["/well?1", "/well?2", "/well?3", "/bad", "/lost"];
		assert.deepEqual(await logged({ sample: 0.1, random }, paths), [
			"/well?1",
			"/bad",
			"/lost",
		]);
	});
});

test("lines carry fields of one's own", async () => {
	const lines: string[] = [];
	const gateway = createGateway({
		docs: false,
		policies: [
			accessLog({
				destination: { write: (line) => lines.push(line) },
				fields: (ctx) => ({ agent: ctx.req.headers["user-agent"] }),
			}),
		],
		routes: [route.get("/", { handler: () => "well" })],
	});
	await gateway.inject({ url: "/", headers: { "user-agent": "probe" } });
	await gateway.close();
	assert.equal(JSON.parse(lines[0] as string).agent, "probe");
});

function temporaryFile(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "headgate-log-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return join(folder, "access.log");
}

test("a file has every line when the gateway is closed", async (t) => {
	const destination = temporaryFile(t);
	const gateway = createGateway({
		docs: false,
		policies: [accessLog({ destination })],
		routes: [route.get("/", { handler: () => "well" })],
	});
	await Promise.all(Array.from({ length: 50 }, () => gateway.inject("/")));
	await gateway.close();
	const lines = readFileSync(destination, "utf8").trimEnd().split("\n");
	assert.equal(lines.length, 50);
	for (const line of lines) assert.equal(JSON.parse(line).status, 200);
});

test("a file is readable for people where that is asked for", async (t) => {
	const destination = temporaryFile(t);
	const gateway = createGateway({
		docs: false,
		policies: [accessLog({ destination, pretty: true })],
		routes: [route.get("/", { handler: () => "well" })],
	});
	await gateway.inject("/?token=x");
	await gateway.close();
	const text = readFileSync(destination, "utf8");
	assert.match(text, /INFO.*GET \/\?token=\[redacted\] 200 [\d.]+ ms/);
});

suite("it is an error at start-up to give", () => {
	const cases: readonly [string, AccessLogOptions, RegExp][] = [
		["a part beyond 1", { sample: 2 }, /sample must be a number from 0 to 1/],
		["a status that is none", { minStatus: Number.NaN }, /minStatus/],
		[
			"a logger and a destination",
			{ logger: new KeptLog(), destination: 1 } as unknown as AccessLogOptions,
			/a logger has its own destination/,
		],
	];
	for (const [name, options, message] of cases) {
		test(name, () => assert.throws(() => accessLog(options), message));
	}
});

suite("a path is written", () => {
	const { routes } = createGateway({
		docs: false,
		routes: [
			route.get("/a/:id", { handler: () => "" }),
			route.get("/invite/:token", { handler: () => "" }),
		],
	});
	const [plain, secret] = routes.map((info) =>
		compileRedaction(info, new Set(["who"])),
	);
	const cases: readonly [string, string][] = [
		["/a/1", "/a/1"],
		["/a/1?", "/a/1?"],
		["/a/1?x=1&y&&z=", "/a/1?x=1&y&&z="],
		["/a/1?WHO=me&x=1", "/a/1?WHO=[redacted]&x=1"],
		["/a/1?api%5Fkey=1", "/a/1?api%5Fkey=[redacted]"],
		["/a/1?client_secret=a=b", "/a/1?client_secret=[redacted]"],
		["/a/1?%zz=1", "/a/1?%zz=1"],
		["/a/1?token", "/a/1?token"],
	];
	for (const [url, expected] of cases) {
		test(`as ${expected}`, () => assert.equal(plain?.(url), expected));
	}

	test("as its template where a parameter is a secret", () => {
		assert.equal(secret?.("/invite/abc?x=1"), "/invite/:token?x=1");
	});

	test("in a bounded length", () => {
		const text = plain?.(`/a/${"x".repeat(10_000)}`) ?? "";
		assert.ok(text.length < 2_100);
		assert.ok((plain?.(`/a/1?${"x=1&".repeat(5_000)}`) ?? "").length < 100);
	});
});
