import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { startHostileStage } from "./hostile-stage.ts";

const stage = await startHostileStage({ after });
const { elsewhere, get, reached, refused } = stage;
afterEach(() => stage.assertUntouched());

suite("a query value stays one value", () => {
	const values = [
		"..",
		"/../x",
		"?x",
		"#x",
		`@${elsewhere}`,
		"\\",
		"\0",
		"a&b=c",
		"a=b",
		"a;b",
		"%2e%2e",
		"%",
		"é",
		"😀",
		"\r\nX-Evil: y",
		"+",
		" ",
		"",
		"__proto__",
		`http://${elsewhere}/`,
		"x".repeat(100_000),
	];
	for (const value of values) {
		test(`${JSON.stringify(value.slice(0, 20))} as s`, async () => {
			const target = await reached(`/query?s=${encodeURIComponent(value)}&t=1`);
			assert.match(target, /^\/v1\/query\?s=[\w.~!*'()%-]*$/);
			const query = new URLSearchParams(target.slice("/v1/query".length));
			assert.equal(query.get("s"), value);
		});
	}

	test("undeclared names of every kind are left out", async () => {
		const names = Array.from({ length: 10_000 }, (_, i) => `n${i}=1`).join("&");
		assert.equal(await reached(`/query?${names}&s=1`), "/v1/query?s=1");
		const odd =
			"__proto__=1&__proto__[s]=1&constructor.prototype.s=1&constructor=1&s[]=1&s.x=1&S=1&%00s=1&=1&&s%20=1";
		assert.equal(await reached(`/query?${odd}`), "/v1/query");
		assert.equal(await reached(`/query?${odd}&s=1`), "/v1/query?s=1");
	});

	test("10,000 names go through where none is declared", async () => {
		const names = Array.from({ length: 10_000 }, (_, i) => `n${i}=1`).join("&");
		assert.equal(await reached(`/files/x?${names}`), `/v1/files/x?${names}`);
	});

	test("10,000 times the declared name is one problem", async () => {
		const { status, problems } = await get(`/query?${"s=1&".repeat(10_000)}`);
		assert.equal(status, 422);
		assert.equal(problems.length, 1);
	});

	test("a head beyond its limit is a 431", async () => {
		await refused(`/query?s=${"x".repeat(1_100_000)}`, 431);
		await refused(`/items/${"x".repeat(1_100_000)}`, 431);
	});

	test("a path value of 100 KB is a value", async () => {
		const long = "%41".repeat(30_000) + "b".repeat(10_000);
		const target = await reached(`/items/${long}`);
		assert.equal(target, `/v1/items/${decodeURIComponent(long)}`);
	});

	test("a fragment has no place in a request", async () => {
		await refused("/files/x?a=1#b", 400);
		await refused("/query?s=1#&s=2", 400);
	});

	test("a value that two decoders read in two ways does not pass a dependency that reads it", async () => {
		for (const value of ["%zz%41", "%", "%ff", "%c0%ae", "%ed%a0%80"]) {
			const asked = await get(`/tenant?tenant=${value}`);
			assert.equal(asked.status, 422, value);
			assert.deepEqual(asked.problems[0]?.loc, ["query", "tenant"]);
			assert.equal(asked.request, null);
		}
		const fine = "/tenant?tenant=%25zz+%C3%A9&other=1%25";
		assert.equal(await reached(fine), fine);
	});
});

suite("a value that becomes a header", () => {
	for (const value of ["a\r\nX-Evil: y", "a\nb", "\0", "\x7f", "١\n٢"]) {
		test(`${JSON.stringify(value)} is a 400, not a second header`, async () => {
			await refused(`/header?s=${encodeURIComponent(value)}`, 400);
		});
	}

	for (const value of ["a\té", "١٢", "😀", "\u010d\u010a"]) {
		test(`${JSON.stringify(value)} goes out as UTF-8`, async () => {
			const { request } = await get(`/header?s=${encodeURIComponent(value)}`);
			const bytes = Buffer.from(value).toString("latin1");
			assert.equal(request?.header("x-s"), bytes);
		});
	}
});
