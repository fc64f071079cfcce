import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { pino } from "pino";
import { openLog } from "../../../src/policies/observability/log/log-sink.ts";
import {
	GatheredLines,
	plainLogger,
} from "../../../src/policies/observability/log/plain-log.ts";

/** What a write of one line gives, without its time. */
function written(write: (sink: { write(line: string): void }) => void): string {
	let text = "";
	write({
		write(line) {
			text += line;
		},
	});
	return text.replace(/"time":"\d{4}-\d\d-\d\dT[\d:.]{12}Z"/, '"time"');
}

suite("a plain line is what pino writes", () => {
	const settings = {
		base: null,
		timestamp: pino.stdTimeFunctions.isoTime,
		formatters: { level: (level: string) => ({ level }) },
	};
	const entries: readonly object[] = [
		{ id: "1", path: "/users/7", status: 200, code: undefined, ms: 0.25 },
		{ path: '/a"b\\c\u0001\u007f\u2028\u00e9\ud83d\ude00?q=%22', ok: true },
		{ path: `/${"x".repeat(3_000)}"`, bytes: 12_345_678_901, none: undefined },
		{ consumer: "\ud800 alone", retries: 0, big: 1e21, small: 1e-7 },
	];
	for (const entry of entries) {
		for (const level of ["info", "error"] as const) {
			test(`${level}: ${JSON.stringify(entry).slice(0, 40)}`, () => {
				const plain = written((sink) => plainLogger(sink)[level](entry));
				const exact = written((sink) => pino(settings, sink)[level](entry));
				assert.match(plain, /^\{"level":"\w+","time",/);
				assert.deepEqual(JSON.parse(plain.replace('"time",', "")), {
					...JSON.parse(exact.replace('"time",', "")),
				});
				assert.equal(plain.endsWith("}\n"), true);
			});
		}
	}
});

test("lines of one turn of the event loop are passed on at once, in order", async () => {
	const passed: string[] = [];
	const lines = new GatheredLines({ write: (text) => passed.push(text) }, 8);
	lines.write("1\n");
	lines.write("2\n");
	assert.deepEqual(passed, []);
	await new Promise(setImmediate);
	assert.deepEqual(passed, ["1\n2\n"]);
	lines.write("12345678\n");
	assert.deepEqual(passed.splice(0), ["1\n2\n", "12345678\n"]);
	lines.write("3\n");
	lines.flush();
	await new Promise(setImmediate);
	assert.deepEqual(passed, ["3\n"]);
});

test("a process that ends at once has written its last line", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "headgate-log-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "access.log");
	const source = new URL("../../../src/", import.meta.url).href;
	const program = `
		import { createGateway, route } from "${source}index.ts";
		import { accessLog } from "${source}policies/observability/log/access-log.ts";
		const last = { name: "last", forRoute: () => ({ onFinish: () => process.exit(0) }) };
		const gateway = createGateway({
			docs: false,
			policies: [accessLog({ destination: ${JSON.stringify(file)} }), last],
			routes: [route.get("/", { handler: () => "well" })],
		});
		// The file is opened in a later turn.
		await new Promise((done) => setTimeout(done, 100));
		await gateway.inject("/");
	`;
	await promisify(execFile)(process.execPath, [
		...["--import", "tsx", "--input-type=module-typescript", "--eval"],
		program,
	]);
	const [line = "", ...rest] = readFileSync(file, "utf8").split("\n");
	assert.equal(JSON.parse(line).path, "/");
	assert.deepEqual(rest, [""]);
});

test("many logs share the listeners of the process, which go with the last of them", async () => {
	const before = process.listenerCount("exit");
	const open = () => openLog({ destination: "/dev/null" }, true);
	const logs = [open()];
	const withOne = process.listenerCount("exit");
	for (let i = 0; i < 11; i++) logs.push(open());
	assert.equal(process.listenerCount("exit"), withOne);
	for (const { close } of logs) await close();
	assert.equal(process.listenerCount("exit"), before);
});
