import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { route, Type } from "../../src/index.ts";
import { type Asked, startRecordingFront } from "../helpers/recording-front.ts";

const i = Type.Optional(Type.Integer());
const n = Type.Optional(Type.Number());
const values = { i, n };
const front = await startRecordingFront({ after }, (upstream) => {
	const api = route.with({ upstream });
	return [
		api.get("/integer/:v", { path: { v: Type.Integer() } }),
		api.get("/number/:v", { path: { v: Type.Number() } }),
		api.get("/query", { query: values }),
		api.get("/header", {
			headers: values,
			forward: { query: ({ headers }) => ({ ...headers }) },
		}),
		api.get("/cookie", {
			cookies: values,
			forward: { query: ({ cookies }) => ({ ...cookies }) },
		}),
		api.post("/form", { form: values }),
		api.post("/json", { body: Type.Object({ ...values, any: Type.Any() }) }),
		api.post("/original", { body: Type.Object(values), bodyMode: "original" }),
	];
});

const multipart = (name: string, text: string): string =>
	`--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n--B--\r\n`;
const form = "Content-Type: application/x-www-form-urlencoded";

/** Sends a text as the value of `i` or `n` in one part of a request. */
type Send = (name: "i" | "n", text: string) => Promise<Asked>;
const parts: Readonly<Record<string, Send>> = {
	path: (name, text) =>
		front.ask(
			`GET /${name === "i" ? "integer" : "number"}/${encodeURIComponent(text)}`,
		),
	query: (name, text) =>
		front.ask(`GET /query?${name}=${encodeURIComponent(text)}`),
	header: (name, text) => front.ask("GET /header", [`${name}: ${text}`]),
	cookie: (name, text) => front.ask("GET /cookie", [`Cookie: ${name}=${text}`]),
	form: (name, text) =>
		front.ask("POST /form", [form], `${name}=${encodeURIComponent(text)}`),
	multipart: (name, text) =>
		front.ask(
			"POST /form",
			["Content-Type: multipart/form-data; boundary=B"],
			multipart(name, text),
		),
};

/** What the service was sent as the value. */
function sentValue(asked: Asked, name: string): string | undefined {
	const { target } = asked.request as NonNullable<Asked["request"]>;
	if (/^\/(integer|number)\//.test(target)) return target.split("/")[2];
	const inQuery = new URL(target, "http://g").searchParams.get(name);
	const text = asked.sent ?? "";
	const inMultipart = /\r\n\r\n(.*?)\r\n/.exec(text)?.[1];
	return inQuery ?? inMultipart ?? text.slice(`${name}=`.length);
}

// As integer and as number: what goes on, or null for a 422.
const texts: readonly [string, string | null, string | null][] = [
	["0", "0", "0"],
	["-0", "0", "0"],
	["007", "7", "7"],
	["-12", "-12", "-12"],
	["9007199254740991", "9007199254740991", "9007199254740991"],
	["9007199254740992", null, null],
	["9007199254740993", null, null],
	["-9007199254740993", null, null],
	["90071992547409930e-1", null, null],
	["9007199254740993.0", null, null],
	["123456789012345678901234567890", null, null],
	["1e21", null, "1000000000000000000000"],
	["1e3", null, "1000"],
	["1.5", null, "1.5"],
	["0.1", null, "0.1"],
	[".5", null, "0.5"],
	["1e400", null, null],
	["-1e400", null, null],
	["1e99999", null, null],
	["0x10", null, null],
	["0b1", null, null],
	["0o7", null, null],
	["١٢", null, null],
	["１２", null, null],
	["+1", null, null],
	["--1", null, null],
	["1_000", null, null],
	["1,000", null, null],
	["1n", null, null],
	["1 2", null, null],
	["-", null, null],
	[".", null, null],
	["e1", null, null],
	["NaN", null, null],
	["Infinity", null, null],
	["null", null, null],
	["true", null, null],
	["[1]", null, null],
];

for (const [part, send] of Object.entries(parts)) {
	suite(`numbers in ${part}`, () => {
		for (const [text, ...expected] of texts) {
			test(text, async () => {
				for (const [at, name] of (["i", "n"] as const).entries()) {
					const asked = await send(name, text);
					const value = expected[at] ?? null;
					const isDot = part === "path" && text === ".";
					const refusal = isDot ? 400 : 422;
					assert.equal(asked.status, value === null ? refusal : 200, name);
					if (value === null) assert.equal(asked.request, null);
					else assert.equal(sentValue(asked, name), value);
				}
			});
		}
	});
}

suite("numbers in JSON", () => {
	const json = "Content-Type: application/json";
	// Written at `i`, at `n` and inside of what is not declared further: what goes on, or the status of the refusal.
	const rows: readonly [string, ...(string | 400 | 422)[]][] = [
		["-0", "0", "0", "0"],
		["1.0", "1", "1", "1"],
		["1e3", "1000", "1000", "1000"],
		["1.5", 422, "1.5", "1.5"],
		["0.1234567890123456", 422, "0.1234567890123456", "0.1234567890123456"],
		["9007199254740991", ...Array(3).fill("9007199254740991")],
		["9007199254740992", 422, 422, 422],
		["9007199254740993", 422, 422, 422],
		["-9007199254740993", 422, 422, 422],
		["9007199254740993.0", 422, 422, 422],
		["9.007199254740993e15", 422, 422, 422],
		["9.007199254740993E+15", 422, 422, 422],
		["90071992547409930e-1", 422, 422, 422],
		["1e21", "1e+21", "1e+21", "1e+21"],
		["1e400", 422, 422, 422],
		["-1e400", 422, 422, 422],
		["0x10", 400, 400, 400],
		["١٢", 400, 400, 400],
		["01", 400, 400, 400],
		["+1", 400, 400, 400],
		["NaN", 400, 400, 400],
		['"0x10"', 422, 422, '"0x10"'],
		['"١٢"', 422, 422, '"١٢"'],
		['"9007199254740993"', 422, 422, '"9007199254740993"'],
	];
	const bodies = [
		(text: string) => `{"i":${text},"any":1}`,
		(text: string) => `{"n":${text},"any":1}`,
		(text: string) => `{"any":[{"deep":${text}}]}`,
	];
	for (const [text, ...expected] of rows) {
		test(text, async () => {
			for (const [at, toBody] of bodies.entries()) {
				const asked = await front.ask("POST /json", [json], toBody(text));
				const value = expected[at] as string | 400 | 422;
				const sent = Buffer.from(asked.sent ?? "", "latin1").toString();
				if (typeof value === "string") assert.equal(sent, toBody(value));
				else assert.equal(asked.status, value, toBody(text));
			}
		});
	}

	test("a number that loses digits is named where it stands, once", async () => {
		const text =
			'{"i":9007199254740993,"any":[0,{"a/b":1e400}],"x":12345678901234567890}';
		const { problems } = await front.ask("POST /json", [json], text);
		assert.deepEqual(
			problems.map(({ loc }) => loc),
			[
				["body", "i"],
				["body", "any", 1, "a/b"],
				["body", "x"],
			],
		);
	});

	test("the original bytes keep every digit", async () => {
		const text = '{"i":1e0,"n":9007199254740993,"x":1e400}';
		const { sent } = await front.ask("POST /original", [json], text);
		assert.equal(sent, text);
	});
});
