import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { startHostileStage } from "./hostile-stage.ts";

const stage = await startHostileStage({ after });
const { elsewhere, get, reached, refused } = stage;
afterEach(() => stage.assertUntouched());

suite("a path value can not leave its segment", () => {
	const bad = [
		"..",
		".",
		"%2e%2e",
		"%2E",
		".%2e",
		"%2e.",
		"%252e%252e",
		"%25252e.",
		"..%2f",
		"a%2f..%2fb",
		"a%2F%2e%2e",
		"a%5c..%5cb",
		"a%255c..%255cb",
		"..;",
		"..;x",
		"%2e%2e;x=1",
		"\\",
		"a\\b",
		"..\\..",
		"#",
		"a#b",
		"\0",
		"%00",
		"a%00b",
		"%2500",
		"%",
		"%2",
		"%zz",
		"a%",
		"\xff",
		"\xc3\xa9",
		"\x7f",
		"\t",
	];
	for (const piece of bad) {
		test(`${JSON.stringify(piece)} is a 400`, async () => {
			await refused(`/items/${piece}`, 400);
			await refused(`/items/${piece}/tail`, 400);
			await refused(`/files/${piece}/x`, 400);
			await refused(`/maybe/${piece}`, 400);
			await refused(`/named/${piece}`, 400);
		});
	}

	// What is no UTF-8 has no value; the rest of a path, from which none is taken, may have it.
	const latin1 = [
		"%ff",
		"caf%E9",
		"%e0%80%af",
		"%ed%a0%80",
		"%f4%90%80%80",
		"%c0",
		"%80",
	];
	for (const piece of latin1) {
		test(`${piece} is a 400 as a value, bytes as the rest of a path`, async () => {
			await refused(`/items/${piece}`, 400);
			await refused(`/items/${piece}/tail`, 400);
			await refused(`/maybe/${piece}`, 400);
			await refused(`/named/${piece}`, 400);
			const target = `/files/${piece}/x`;
			assert.equal(await reached(target), `/v1${target}`);
		});
	}

	test("dots in overlong UTF-8 are dots", async () => {
		for (const dots of [
			"%c0%ae",
			"%C0%AE.",
			"%e0%80%ae%f0%80%80%ae",
			"a%c0%af..%c0%afb",
			"a%c1%9c%c0%ae%c0%ae%c1%9cb",
			"%25c0%25ae",
			"a%c0%80",
		]) {
			await refused(`/files/${dots}/x`, 400);
			await refused(`/items/${dots}`, 400);
		}
	});

	const data = [
		"%2f",
		"a%2fb",
		"%2F%2Fevil",
		"%5c",
		"%3fx",
		"%3Fa=b%26c",
		"%23x",
		"@evil",
		`@${elsewhere}`,
		`http:%2f%2f${elsewhere}`,
		";x",
		"a;b=1",
		"...",
		"a..b",
		"[...slug]",
		"%0d%0aX-Evil:%20y",
		"%20",
		"+",
		"%2b",
		"%7f",
		"%c3%a9",
		"%f0%9f%98%80",
		"%25",
		"%2541",
		"&x=1",
		"=",
		":id",
		"*",
		"~",
		"__proto__",
		"constructor",
		"hasOwnProperty",
		"toString",
		"-0",
		"1e400",
	];
	for (const piece of data) {
		test(`${JSON.stringify(piece)} is data`, async () => {
			const value = decodeURIComponent(piece);
			const target = await reached(`/items/${piece}`);
			assert.match(target, /^\/v1\/items\/[\w.~!*'()%$&+,;=:@-]+$/);
			assert.equal(
				decodeURIComponent(target.slice("/v1/items/".length)),
				value,
			);
			const inside = await reached(`/items/${piece}/tail`);
			assert.match(inside, /^\/v1\/items\/[\w.~!*'()%$&+,;=:@-]+\/tail$/);
			const named = await reached(`/named/${piece}`);
			const query = new URLSearchParams(named.slice("/v1/named".length));
			assert.deepEqual([...query], [["id", value]]);
		});
	}

	test("a dot segment with parameters behind it is no value", async () => {
		await refused("/items/..%3bx", 400);
		await refused("/items/..;x", 400);
	});

	test("nothing at all is no value for a segment", async () => {
		await refused("/items/", 400);
		await refused("/items/?x", 400);
		await refused("/items//tail", 400);
		await refused("/pairs/-", 400);
		await refused("/pairs/.-", 400);
		await refused("/pairs/-.", 400);
		assert.equal(await reached("/pairs/-a"), "/v1/.a");
		assert.equal(await reached("/pairs/..-.."), "/v1/.....");
	});

	test("a parameter that may be absent takes its slash with it", async () => {
		assert.equal(await reached("/maybe"), "/maybe");
		assert.equal(await reached("/maybe?a=/../b"), "/maybe?a=/../b");
		assert.equal(await reached("/maybe/x"), "/maybe/x");
	});

	test("more slashes are another path", async () => {
		for (const target of ["/items/a/b", "/items//evil", "//evil/items/a"]) {
			await refused(target, 404);
		}
	});
});

suite("the rest of a path can not leave its prefix, nor name a host", () => {
	const verbatim = [
		`//${elsewhere}/x`,
		`@${elsewhere}/`,
		`http://${elsewhere}/`,
		"a//b",
		"a%2fb",
		"a%3fb",
		"%23",
		"a;b",
		";",
		"",
		"%5c%5cevil",
		"..a/b..",
		"%0d%0a",
	];
	for (const rest of verbatim) {
		test(`${JSON.stringify(rest)} stays as it is behind it`, async () => {
			assert.equal(await reached(`/files/${rest}`), `/v1/files/${rest}`);
		});
	}
});

suite("a request can not choose where it goes", () => {
	test("another authority is refused", async () => {
		for (const target of [
			`http://${elsewhere}/items/a`,
			`http://g@${elsewhere}/items/a`,
			`http://${elsewhere}#g/items/a`,
			`//${elsewhere}/items/a`,
			`@${elsewhere}/items/a`,
			elsewhere,
		]) {
			const { status, request } = await get(target);
			assert.ok(status === 400 || status === 404, `${target}: ${status}`);
			assert.equal(request, null);
		}
	});

	test("nor does a Host, a forwarding header or a query say it", async () => {
		const asked = await stage.askRaw(
			`GET /items/a?url=http://${elsewhere}/ HTTP/1.1\r\nHost: ${elsewhere}\r\nX-Forwarded-Host: ${elsewhere}\r\nX-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\n\r\n`,
		);
		assert.equal(asked.request?.target, `/v1/items/a?url=http://${elsewhere}/`);
		assert.match(asked.request?.header("host") ?? "", /^127\.0\.0\.1:\d+$/);
		assert.notEqual(asked.request?.header("host"), elsewhere);
	});
});
