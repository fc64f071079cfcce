import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as z from "zod";
import { createGateway, route, type Schema, Type } from "../../src/index.ts";
import {
	startGateway,
	startUpstream,
	type TestScope,
} from "../../src/testing.ts";

/** What a client gets of that answer through a route with that schema. */
async function select(
	scope: TestScope,
	response: Schema,
	answer: string,
): Promise<string> {
	const service = await startUpstream(scope, (_req, res) => {
		res.setHeader("content-type", "application/json");
		res.end(answer);
	});
	const gateway = createGateway({
		routes: [
			route.get("/", {
				upstream: service.url,
				response: { schema: response, mode: "select" },
			}),
		],
	});
	const { url } = await startGateway(scope, gateway);
	const res = await fetch(url);
	assert.equal(res.status, 200);
	return res.text();
}

const big = "9007199254740993";
const Id = Type.Object({ id: Type.Integer() });

suite("an answer that is read and written again keeps its digits", () => {
	const rows: readonly [string, Schema, string, string][] = [
		["an integer", Id, `{"x":1e400,"id":${big},"y":[${big}]}`, `{"id":${big}}`],
		[
			"a list",
			Type.Array(Id),
			`[{"id":1},{"id":-${big}}]`,
			`[{"id":1},{"id":-${big}}]`,
		],
		["a value alone", Type.Integer(), big, big],
		[
			"a number with a point",
			Type.Object({ id: Type.Number() }),
			`{"id":${big}.0}`,
			`{"id":${big}.0}`,
		],
		[
			"one that becomes a string",
			Type.Object({ id: Type.String() }),
			`{"id":${big}}`,
			`{"id":"${big}"}`,
		],
		[
			"one in what is not declared further",
			Type.Unknown(),
			`{"a":[{"b":${big},"c":1e400}]}`,
			`{"a":[{"b":${big},"c":1e400}]}`,
		],
		[
			"one in a union",
			Type.Union([Id, Type.Null()]),
			`{"id":${big},"z":1}`,
			`{"id":${big}}`,
		],
		["the last of repeated names", Id, `{"id":${big},"id":7}`, '{"id":7}'],
		[
			"one that a Standard Schema lets pass",
			z.object({ id: z.number() }),
			`{"id":${big},"z":1}`,
			`{"id":${big}}`,
		],
		[
			"one beside odd names",
			Type.Record(Type.String(), Type.Integer()),
			`{"__proto__":${big},"a/b":${big}}`,
			`{"__proto__":${big},"a/b":${big}}`,
		],
	];
	for (const [what, schema, answer, expected] of rows) {
		test(what, async (t) => {
			assert.equal(await select(t, schema, answer), expected);
		});
	}
});
