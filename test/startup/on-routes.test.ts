import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, type Policy, route } from "../../src/index.ts";
import { problemsOf } from "../helpers/start-up-problems.ts";

function keeper(told: string[][]): Policy {
	return {
		name: "keeper",
		forRoute: () => null,
		onRoutes: (routes) => void told.push(routes.map(({ id }) => id)),
	};
}

suite("onRoutes", () => {
	test("is told once of the gateway's own routes, wherever the policy stands", () => {
		const told: string[][] = [];
		const policy = keeper(told);
		const api = route.with({ prefix: "/api", policies: [policy] });
		createGateway({
			policies: [policy],
			routes: [
				api.get("/a", { handler: () => "a" }),
				api(["get", "post"], "/b", { handler: () => "b" }),
				route.all("/c", { operationId: "c", handler: () => "c" }),
			],
		});
		assert.deepEqual(told, [["GET /api/a", "GET|POST /api/b", "c"]]);
	});

	test("throws what is listed with the other problems of the start", () => {
		const refuse = (name: string): Policy => ({
			...keeper([]),
			onRoutes() {
				throw new TypeError(`${name}: not these`);
			},
		});
		const routes = [route.get("/a", { handler: () => "a" })];
		const policies = [refuse("one"), refuse("two")];
		assert.deepEqual(problemsOf(routes, { policies }), [
			"one: not these",
			"two: not these",
		]);
	});

	test("is not told where a route has a problem of its own", () => {
		const told: string[][] = [];
		const twice = route.get("/a", { handler: () => "a" });
		const problems = problemsOf([twice, { ...twice }], {
			policies: [keeper(told)],
		});
		assert.deepEqual(problems, ["GET /a: clashes with GET /a"]);
		assert.deepEqual(told, []);
	});
});
