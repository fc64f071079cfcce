import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	dependency,
	type Policy,
	type RouteOptions,
	route,
	Type,
	type WithheldSource,
} from "../../src/index.ts";
import type { TestScope } from "../../src/testing.ts";
import type { HeaderLine } from "../helpers/raw-http.ts";
import {
	type RecordingFront,
	startRecordingFront,
} from "../helpers/recording-front.ts";

/** A gateway that keeps these values of its clients to itself. */
function frontThat(
	scope: TestScope,
	withheld: readonly (readonly [WithheldSource, string])[],
	options: Pick<RouteOptions<never>, "query" | "forward" | "policies"> = {},
): Promise<RecordingFront> {
	const secret = dependency((ctx) => {
		for (const [source, name] of withheld) ctx.withhold(source, name);
	});
	return startRecordingFront(scope, (upstream) => [
		route.get("/x", {
			...(options as object),
			upstream,
			dependencies: { secret },
		}),
	]);
}

async function targetOf(front: RecordingFront, url: string): Promise<unknown> {
	const { request, status } = await front.ask(`GET ${url}`);
	assert.equal(status, 200);
	return request?.target;
}

function linesOf(headers: readonly HeaderLine[], name: string): string[] {
	return headers
		.filter(([other]) => other.toLowerCase() === name)
		.map(([, value]) => value);
}

suite("withhold", () => {
	test("takes a query name off, however it is written, and leaves every other byte", async (t) => {
		const front = await frontThat(t, [["query", "api_key"]]);
		const cases = {
			"/x?api_key=k": "/x",
			"/x?a=%2F+1&api_key=k&b": "/x?a=%2F+1&b",
			"/x?api%5Fkey=k&a=;": "/x?a=;",
			"/x?api_key&api_key=2&": "/x?",
			"/x?api_keys=k&API_KEY=k": "/x?api_keys=k&API_KEY=k",
			"/x?": "/x?",
			"/x?&&a=%zz": "/x?&&a=%zz",
			"/x": "/x",
		};
		for (const [sent, reached] of Object.entries(cases)) {
			assert.equal(await targetOf(front, sent), reached, sent);
		}
	});

	test("goes before what the route declares, but not before what forward.query sets", async (t) => {
		const declared = { query: { key: Type.String(), a: Type.String() } };
		const plain = await frontThat(t, [["query", "key"]], declared);
		assert.equal(await targetOf(plain, "/x?key=k&a=1"), "/x?a=1");
		const set = await frontThat(t, [["query", "key"]], {
			forward: { query: () => ({ key: "ours" }) },
		});
		assert.equal(await targetOf(set, "/x?key=k&a=1"), "/x?a=1&key=ours");
	});

	test("takes a cookie off each line, and a line with none left altogether", async (t) => {
		const front = await frontThat(t, [["cookie", "sid"]]);
		const { request } = await front.ask("GET /x", [
			"Cookie: a=1; sid=secret; b=2",
			'Cookie: sid="x"',
			"Cookie: sids=3;sid=4",
		]);
		assert.deepEqual(linesOf(request?.headers ?? [], "cookie"), [
			"a=1; b=2",
			"sids=3",
		]);
	});

	test("takes every line of a header off, and what the gateway sets stays, set before or after", async (t) => {
		const policy: Policy = {
			name: "early",
			forRoute: () => ({
				onRequest: (ctx) => ctx.setUpstreamHeader("x-early", "ours"),
			}),
		};
		const withheld = [
			["header", "X-Key"],
			["header", "x-Early"],
		] as const;
		const front = await frontThat(t, withheld, {
			forward: { headers: () => ({ "x-key": "ours" }) },
			policies: [policy],
		});
		const { request } = await front.ask("GET /x", [
			"X-Key: a",
			"x-KEY: b",
			"X-early: c",
		]);
		assert.deepEqual(linesOf(request?.headers ?? [], "x-key"), ["ours"]);
		assert.deepEqual(linesOf(request?.headers ?? [], "x-early"), ["ours"]);
	});
});
