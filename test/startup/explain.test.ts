import assert from "node:assert/strict";
import { test } from "node:test";
import {
	createGateway,
	dependency,
	input,
	type Policy,
	route,
	type StepInfo,
	Type,
} from "../../src/index.ts";

const upstream = "http://users:8002";

/** One line a step: `phase name mode`. */
function lines(steps: readonly StepInfo[]): readonly string[] {
	return steps.map(({ phase, name, mode }) => `${phase} ${name} ${mode}`);
}

test("a plain proxied route has nothing but what it forwards", () => {
	const gateway = createGateway({ routes: [route.get("/x", { upstream })] });
	assert.deepEqual(lines(gateway.explain("GET", "/x")), [
		"7 outgoing sync",
		"8 forward users:8002 async",
	]);
});

test("a plain handler is a step alone", () => {
	const gateway = createGateway({
		routes: [
			route.get("/sync", { handler: () => 1 }),
			route.get("/async", { handler: async () => 1 }),
		],
	});
	assert.deepEqual(lines(gateway.explain("GET", "/sync")), ["8 handler sync"]);
	assert.deepEqual(lines(gateway.explain("get", "/async")), [
		"8 handler async",
	]);
});

test("every feature is a step, in the order of the life of a request", () => {
	const key = dependency({ key: input.header("x-key") }, ({ key }) => key, {
		name: "key",
	});
	const caller = dependency({ key }, async ({ key }) => key, {
		name: "caller",
	});
	const login = dependency(
		{ name: input.form("name") },
		async function* login({ name }) {
			yield name;
		},
	);
	const everywhere: Policy = {
		name: "everywhere",
		forRoute: () => ({
			onRequest: async () => undefined,
			onAdmit: () => undefined,
			onUpstreamRequest: () => undefined,
			onUpstreamResponse: () => undefined,
			onFinish: () => undefined,
		}),
	};
	const late: Policy = {
		name: "late",
		forRoute: () => ({ async onAdmit() {}, async onUpstreamRequest() {} }),
	};
	const absent: Policy = { name: "absent", forRoute: () => null };
	const gateway = createGateway({
		policies: [everywhere, absent],
		dependencies: { key },
		routes: [
			route.post("/users/:id", {
				upstream,
				path: { id: Type.Integer() },
				dependencies: { login, caller },
				policies: [late],
			}),
		],
	});
	assert.deepEqual(lines(gateway.explain("POST", "/users/7?a=b")), [
		"2 onRequest everywhere async",
		"3 parameters sync",
		"4 dependency key sync",
		"4 dependency caller async",
		"5 onAdmit everywhere sync",
		"5 onAdmit late async",
		"6 form async",
		"6 dependency login async",
		"7 outgoing sync",
		"7 onUpstreamRequest everywhere sync",
		"7 onUpstreamRequest late async",
		"8 forward users:8002 async",
	]);
});

test("a declared body is read after admission, by its name", () => {
	const gateway = createGateway({
		routes: [
			route.post("/body", { upstream, body: Type.Object({}) }),
			route.post("/form", { upstream, form: { a: Type.String() } }),
		],
	});
	for (const name of ["body", "form"]) {
		assert.deepEqual(lines(gateway.explain("POST", `/${name}`)), [
			`6 ${name} async`,
			"7 outgoing sync",
			"8 forward users:8002 async",
		]);
	}
});

test("no route has no steps", () => {
	const gateway = createGateway({ routes: [route.get("/x", { upstream })] });
	for (const [method, path] of [
		["GET", "/y"],
		["POST", "/x"],
		["FETCH", "/x"],
		["GET", ""],
		["GET", "x"],
		["GET", "*"],
		["GET", "/%zz"],
	] as const) {
		assert.deepEqual(gateway.explain(method, path), [], `${method} ${path}`);
	}
});

test("the steps are copies that tell nothing of the inside", () => {
	const gateway = createGateway({ routes: [route.get("/x", { upstream })] });
	const [step] = gateway.explain("GET", "/x");
	assert.deepEqual(Object.keys(step ?? {}), ["phase", "name", "mode"]);
});
