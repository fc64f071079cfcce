import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	type InjectResponse,
	type Policy,
	type Route,
	reply,
	route,
} from "../../src/index.ts";

/** Answers preflights with its own name, and tells at what route it stood. */
function answering(name: string): Policy {
	return {
		name,
		forRoute: (info) => ({
			answersPreflight: true,
			onRequest: (ctx) =>
				ctx.method === "OPTIONS" ? reply(200, `${name} ${info.id}`) : undefined,
		}),
	};
}

const silent: Policy = {
	name: "silent",
	forRoute: () => ({ answersPreflight: true }),
};
const handler = (): string => "the route";
const closed = dependency((): never => {
	throw new HttpError(401);
});

async function preflight(
	routes: readonly Route[],
	method: string,
	policies: readonly Policy[] = [],
	headers: Readonly<Record<string, string>> = { origin: "https://a.example" },
): Promise<InjectResponse> {
	const gateway = createGateway({ routes, policies, docs: false });
	return gateway.inject({
		method: "OPTIONS",
		url: "/x",
		headers: { ...headers, "access-control-request-method": method },
	});
}

suite("a CORS preflight", () => {
	test("runs step 2 of the route that it asks about, and no identity", async () => {
		const routes = [
			route.get("/x", {
				handler,
				policies: [answering("a")],
				dependencies: { closed },
			}),
			route.put("/x", { handler, policies: [answering("b")] }),
		];
		assert.equal((await preflight(routes, "GET")).body, "a GET /x");
		assert.equal((await preflight(routes, "HEAD")).body, "a GET /x");
		assert.equal((await preflight(routes, "PUT")).body, "b PUT /x");
	});

	test("is an ordinary OPTIONS request where no policy of the route answers it", async () => {
		const routes = [
			route.get("/x", { handler, policies: [answering("a")] }),
			route.put("/x", { handler }),
		];
		for (const method of ["PUT", "DELETE", "nonsense", "__proto__", ""]) {
			const { status, headers } = await preflight(routes, method);
			assert.equal(status, 204, method);
			assert.equal(headers.allow, "GET, HEAD, OPTIONS, PUT", method);
		}
		const unsaid = await preflight(routes, "GET", [], {});
		assert.equal(unsaid.status, 204, "without an Origin it is none");
	});

	test("runs the gateway's own policies once", async () => {
		let count = 0;
		const counting: Policy = {
			name: "counting",
			forRoute: () => ({ onRequest: () => void count++ }),
		};
		const routes = [route.get("/x", { handler, policies: [answering("a")] })];
		const { body } = await preflight(routes, "GET", [counting]);
		assert.deepEqual([body, count], ["a GET /x", 1]);
	});

	test("goes to a declared OPTIONS route, and past one for every method", async () => {
		const get = route.get("/x", { handler, policies: [answering("a")] });
		const options = route.options("/x", {
			handler: () => reply(200, "declared"),
		});
		assert.equal((await preflight([get, options], "GET")).body, "declared");
		const all = route.all("/*", { handler: () => reply(200, "all") });
		assert.equal((await preflight([get, all], "GET")).body, "a GET /x");
		assert.equal((await preflight([get, all], "PUT")).body, "all");
		const own = route.all("/*", { handler, policies: [answering("b")] });
		assert.equal((await preflight([own], "PUT")).body, "b ALL /*");
	});

	test("that its policy leaves alone is answered with what the route takes", async () => {
		const routes = [route.get("/x", { handler, policies: [silent] })];
		const { status, headers } = await preflight(routes, "GET");
		assert.deepEqual([status, headers.allow], [204, "GET, OPTIONS"]);
	});
});
