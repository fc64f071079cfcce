import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createGateway, dependency, route } from "../../src/index.ts";
import { ask } from "../helpers/ask-dependencies.ts";

test("a value is made once a request, however many need it", async () => {
	let calls = 0;
	const counted = dependency(async () => ++calls);
	const left = dependency({ counted }, ({ counted }) => `left ${counted}`);
	const right = dependency({ counted }, ({ counted }) => `right ${counted}`);
	const both = { both: dependency({ left, right }, (needs) => needs), counted };
	const first = await ask(both);
	assert.deepEqual(first.json(), {
		both: { left: "left 1", right: "right 1" },
		counted: 1,
	});
	const second = await ask(both);
	assert.deepEqual(second.json(), {
		both: { left: "left 2", right: "right 2" },
		counted: 2,
	});
});

test("needs resolve before what needs them: the gateway's, then the builder's, then the route's", async () => {
	const order: string[] = [];
	const named = (name: string, needs = {}) =>
		dependency(needs, async () => {
			order.push(name);
			return name;
		});
	const deep = named("deep");
	const gateway = createGateway({
		docs: false,
		dependencies: { a: named("gateway", { deep }) },
		routes: [
			route
				.with({ dependencies: { b: named("outer") } })
				.with({ dependencies: { c: named("inner") } })
				.get("/", {
					dependencies: { d: named("route", { deep }), e: named("last") },
					handler: (ctx) => ({ ...ctx.deps }),
				}),
		],
	});
	const { json } = await gateway.inject("/");
	assert.deepEqual(order, [
		"deep",
		"gateway",
		"outer",
		"inner",
		"route",
		"last",
	]);
	assert.deepEqual(json(), {
		a: "gateway",
		b: "outer",
		c: "inner",
		d: "route",
		e: "last",
	});
});

test("each waits for the one before it", async () => {
	const order: string[] = [];
	const slow = dependency(async () => {
		order.push("slow begins");
		await new Promise((resolve) => setImmediate(resolve));
		order.push("slow ends");
	});
	const quick = dependency(() => {
		order.push("quick");
	});
	await ask({ slow, quick });
	assert.deepEqual(order, ["slow begins", "slow ends", "quick"]);
});

test("any value will do, thenables and falsy ones among them", async () => {
	const thenable = {
		// biome-ignore lint/suspicious/noThenProperty: what is thenable is awaited
		then: (take: (value: string) => void) => take("awaited"),
	};
	const answer = await ask({
		zero: dependency(() => 0),
		no: dependency(() => false),
		empty: dependency(() => ""),
		nothing: dependency(() => null),
		absent: dependency(() => undefined),
		thenable: dependency(() => thenable),
		list: dependency(() => [1]),
	});
	assert.deepEqual(answer.json(), {
		zero: 0,
		no: false,
		empty: "",
		nothing: null,
		thenable: "awaited",
		list: [1],
	});
});

test("a dependency sees the request", async () => {
	const seen = dependency((ctx) => ({
		method: ctx.method,
		url: ctx.url,
		route: ctx.route.id,
		id: ctx.id.length,
		aborted: ctx.signal.aborted,
	}));
	const { json } = await ask({ seen }, { method: "PUT", url: "/x/1?a" });
	assert.deepEqual(json(), {
		seen: {
			method: "PUT",
			url: "/x/1?a",
			route: "ALL /x/:id?",
			id: 36,
			aborted: false,
		},
	});
});

test("the order is not the route's, where a value is not there yet", async () => {
	const gate = new EventTarget();
	const slow = dependency(async () => {
		setImmediate(() => gate.dispatchEvent(new Event("open")));
		await once(gate, "open");
		return "slow";
	});
	const needs = dependency({ slow }, ({ slow }) => `after ${slow}`);
	const { json } = await ask({ needs, slow });
	assert.deepEqual(json(), { needs: "after slow", slow: "slow" });
});
