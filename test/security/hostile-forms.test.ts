import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { dependency, file, input, route, Type } from "../../src/index.ts";
import { toMultipart } from "../helpers/multipart.ts";
import { type Asked, startRecordingFront } from "../helpers/recording-front.ts";

const text = Type.Optional(Type.String());
const login = dependency({ user: input.form("user", text) }, (form) => form);
const front = await startRecordingFront({ after }, (upstream) => {
	const api = route.with({ upstream });
	return [
		api.post("/form", { form: { s: text } }),
		api.post("/strict", { form: { s: text }, strict: true }),
		api.post("/file", { form: { s: text, f: file() } }),
		api.post("/login", { dependencies: { login } }),
	];
});
const prototypeNames = Object.getOwnPropertyNames(Object.prototype).join();
afterEach(() => {
	const now = Object.getOwnPropertyNames(Object.prototype).join();
	assert.equal(now, prototypeNames);
	assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

const form = (target: string, body: string): Promise<Asked> =>
	front.ask(
		`POST ${target}`,
		["Content-Type: application/x-www-form-urlencoded"],
		body,
	);
const multipart = (
	target: string,
	...parts: Parameters<typeof toMultipart>[0]
): Promise<Asked> =>
	front.ask(
		`POST ${target}`,
		["Content-Type: multipart/form-data; boundary=B"],
		toMultipart(parts),
	);

const names = [
	"__proto__",
	"__proto__.polluted",
	"__proto__[polluted]",
	"constructor",
	"constructor.prototype.polluted",
	"constructor[prototype][polluted]",
	"prototype",
	"hasOwnProperty",
	"toString",
	"s.x",
	"s[]",
	"S",
	"s\0",
	" s",
];

suite("names in a form", () => {
	for (const name of names) {
		test(`${JSON.stringify(name)} is dropped, or undeclared`, async () => {
			const body = `${encodeURIComponent(name)}=polluted&s=1`;
			assert.equal((await form("/form", body)).sent, "s=1");
			const strict = await form("/strict", body);
			assert.equal(strict.status, 422);
			assert.deepEqual(strict.problems[0]?.loc, ["body", name]);
		});
	}

	for (const name of names.filter((one) => one !== "s\0")) {
		test(`${JSON.stringify(name)} of a part is dropped, or undeclared`, async () => {
			const parts = [
				{ name, value: "polluted" },
				{ name, value: "polluted", filename: "f" },
				{ name: "s", value: "1" },
			];
			const { status, sent } = await multipart("/form", ...parts);
			assert.equal(status, 200);
			assert.doesNotMatch(sent as string, /polluted/);
			assert.match(sent as string, /name="s"\r\n\r\n1\r\n/);
			assert.equal((await multipart("/strict", ...parts)).status, 422);
		});
	}

	test("10,000 of them are a 413", async () => {
		const many = Array.from({ length: 10_000 }, (_, i) => `n${i}=1`);
		for (const target of ["/form", "/login"]) {
			const asked = await form(target, many.join("&"));
			assert.equal(asked.status, 413);
			assert.equal(asked.request, null);
		}
		const parts = many.map((name) => ({ name, value: "1" }));
		assert.equal((await multipart("/form", ...parts)).status, 413);
	});
});

suite("values in a form", () => {
	const values = [
		"..",
		"%2e%2e",
		"%2f",
		"?x",
		"#",
		"@evil",
		"\\",
		"\0",
		"a&s=b",
		"a=b",
		"a;s=b",
		"\r\nX-Evil: y",
		"\r\n--B--\r\n",
		"\r\n--B\r\n",
		"١٢",
		"😀",
		"+",
		"%",
		"",
		" ",
		"__proto__",
		"x".repeat(60_000),
	];
	for (const value of values) {
		test(`${JSON.stringify(value.slice(0, 20))} stays one value`, async () => {
			const { sent } = await form("/form", `s=${encodeURIComponent(value)}`);
			assert.deepEqual(
				[...new URLSearchParams(sent as string)],
				[["s", value]],
			);
			assert.match(sent as string, /^s=[\w.~!*'()%-]*$/);
		});
	}

	test("100 KB are a 413 in every kind of form", async () => {
		const value = "x".repeat(100_000);
		const asks = [
			form("/form", `s=${value}`),
			form("/form", `other=${value}`),
			multipart("/form", { name: "s", value }),
			multipart("/file", { name: "other", value }),
		];
		for (const ask of asks) {
			const asked = await ask.catch((error: unknown) => error as Asked);
			assert.equal(asked.status, 413);
		}
	});

	test("a file's name is no path", async () => {
		for (const filename of [
			"../../etc/passwd",
			"C:\\\\x\\\\passwd",
			"/passwd",
		]) {
			const part = { name: "f", value: "x", filename };
			const { sent, status } = await multipart("/file", part);
			assert.equal(status, 200, filename);
			assert.match(sent as string, /filename="passwd"/);
		}
	});

	test("what two decoders read in two ways does not pass a form that goes on as it came", async () => {
		for (const body of [
			"user=%zz%41",
			"user=a&x=%",
			"user=%ff",
			"%c0%ae=1",
			"user=\xff",
		]) {
			const { status, request } = await form("/login", body);
			assert.equal(status, body.includes("\xff") ? 200 : 400, body);
			if (status === 400) assert.equal(request, null);
		}
		const asked = await front.ask(
			"POST /login",
			["Content-Type: application/x-www-form-urlencoded"],
			Buffer.from("user=\xff", "latin1"),
		);
		assert.equal(asked.status, 400);
	});
});
