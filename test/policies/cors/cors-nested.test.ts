import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import { cors } from "../../../src/policies/cors/cors.ts";
import { page, preflight } from "./stage.ts";

const other = "https://other.example";
const whole = cors({ origins: [page] });
const inner = cors({ origins: [other], exposedHeaders: ["x-total"] });
const handler = (): number => 1;

test("of several the one nearest to the route speaks, and once", async (t) => {
	const api = route.with({ policies: [cors({ origins: "*" })] });
	const gateway = createGateway({
		docs: false,
		policies: [whole],
		routes: [
			route.get("/outer", { handler }),
			route.get("/inner", { handler, policies: [inner] }),
			api.get("/innermost", { handler, policies: [inner] }),
			route.get("/twice", { handler, policies: [whole] }),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const allowed = async (url: string, origin: string): Promise<unknown[]> => {
		const said: unknown[] = [];
		for (const method of ["GET", "OPTIONS"]) {
			const headers =
				method === "GET" ? { origin } : preflight("GET", undefined, origin);
			const answer = await gateway.inject({ method, url, headers });
			said.push(answer.headers["access-control-allow-origin"]);
		}
		return said;
	};
	const nothing = [undefined, undefined];
	assert.deepEqual(await allowed("/outer", page), [page, page]);
	assert.deepEqual(await allowed("/outer", other), nothing);
	for (const url of ["/inner", "/innermost"]) {
		assert.deepEqual(await allowed(url, page), nothing, url);
		assert.deepEqual(await allowed(url, other), [other, other], url);
	}
	assert.deepEqual(await allowed("/twice", page), [page, page]);
	assert.deepEqual(await allowed("/nothing", page), [page, page]);
});
