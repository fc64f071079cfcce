import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	file,
	type GatewayOptions,
	HttpError,
	type InjectRequest,
	input,
	type Policy,
	type Problem,
	type Route,
	route,
	Type,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { connectRaw } from "../helpers/raw-client.ts";

const Body = Type.Object({ name: Type.String() });
const both = { path: { id: Type.Integer() }, body: Body };
const handler = (): null => null;
const json = { "content-type": "application/json" };
const bad = { method: "POST", url: "/x", headers: json, body: '{"name":7}' };

/** The status, and where its problems are. */
async function ask(
	one: Route,
	request: InjectRequest = bad,
	options: Partial<GatewayOptions> = {},
): Promise<readonly unknown[]> {
	const gateway = createGateway({ routes: [one], ...options });
	const { status, body } = await gateway.inject(request);
	const { errors = [] } = JSON.parse(body) as { errors?: Problem[] };
	return [status, ...errors.map(({ loc }) => loc.join("."))];
}

const listed = [422, "path.id", "body.name"];
const parametersAlone = [422, "path.id"];

suite("one 422", () => {
	test("lists what is wrong with parameters and with the body", async () => {
		assert.deepEqual(
			await ask(route.post("/:id", { ...both, handler })),
			listed,
		);
		const good = { ...bad, body: '{"name":"ada"}' };
		assert.deepEqual(
			await ask(route.post("/:id", { ...both, handler }), good),
			parametersAlone,
		);
		assert.deepEqual(
			await ask(route.post("/:id", { ...both, handler }), {
				...bad,
				url: "/1",
			}),
			[422, "body.name"],
		);
		assert.deepEqual(
			await ask(route.post("/:id", { ...both, handler }), {
				method: "POST",
				url: "/x",
			}),
			[422, "path.id", "body"],
		);
	});

	test("lists those of a form too, urlencoded or multipart", async () => {
		const one = route.post("/:id", {
			path: { id: Type.Integer() },
			form: { n: Type.Integer(), f: file() },
			handler,
		});
		const type = "application/x-www-form-urlencoded";
		const urlencoded = { "content-type": type };
		assert.deepEqual(
			await ask(one, { ...bad, headers: urlencoded, body: "n=x" }),
			[422, "path.id", "body.n", "body.f"],
		);
		const multipart = { "content-type": "multipart/form-data; boundary=B" };
		const head = "--B\r\nContent-Disposition: form-data; name=";
		const body = `${head}f; filename=f\r\n\r\nx\r\n${head}n\r\n\r\nx\r\n--B--\r\n`;
		assert.deepEqual(await ask(one, { ...bad, headers: multipart, body }), [
			422,
			"path.id",
			"body.n",
		]);
	});

	test("is about the parameters alone where the body cannot be read", async () => {
		const one = route.post("/:id", { ...both, handler, maxBodyBytes: 20 });
		for (const other of [
			{ body: "{" },
			{ body: `{"name":"${"a".repeat(50)}"}` },
			{ headers: { "content-type": "text/plain" } },
			{ headers: { ...json, "content-encoding": "x" } },
		]) {
			assert.deepEqual(await ask(one, { ...bad, ...other }), parametersAlone);
		}
	});

	test("says nothing of a body that a guard must pass first", async () => {
		let reads = 0;
		const counted = dependency(() => ++reads);
		const limit: Policy = {
			name: "limit",
			forRoute: () => ({ onAdmit: () => {} }),
		};
		const guarded: readonly Route[] = [
			route.post("/:id", { ...both, handler, dependencies: { counted } }),
			route.post("/:id", { ...both, handler, policies: [limit] }),
		];
		for (const one of guarded) {
			assert.deepEqual(await ask(one), parametersAlone);
		}
		const plain = route.post("/:id", { ...both, handler });
		assert.deepEqual(
			await ask(plain, bad, { dependencies: { counted } }),
			parametersAlone,
		);
		assert.deepEqual(
			await ask(plain, bad, { policies: [limit] }),
			parametersAlone,
		);
		assert.equal(reads, 0);
	});

	test("lists the form of a dependency that reads it, which then does not run", async () => {
		const late = dependency({ n: input.form("n", Type.Integer()) }, () => {
			throw new HttpError(401);
		});
		const one = route.post("/:id", {
			path: { id: Type.Integer() },
			dependencies: { late },
			handler,
		});
		const type = "application/x-www-form-urlencoded";
		const request = { ...bad, headers: { "content-type": type }, body: "n=x" };
		assert.deepEqual(await ask(one, request), [422, "path.id", "body.n"]);
		const good = { ...request, body: "n=1" };
		assert.deepEqual(await ask(one, good), parametersAlone);
	});

	test("does not ask a client for a body that it holds back, nor wait for a long one", async (t) => {
		const { port } = await startGateway(
			t,
			createGateway({
				routes: [route.post("/:id", { ...both, maxBodyBytes: 1e9, handler })],
			}),
		);
		for (const header of [
			"Content-Length: 10\r\nExpect: 100-continue",
			"Content-Length: 20000000",
			"Transfer-Encoding: chunked",
		]) {
			await using client = await connectRaw({ port: Number(port) });
			client.send(
				`POST /x HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n${header}\r\n\r\n`,
			);
			const { status, informational } = await client.readResponse();
			assert.equal(informational.length, 0);
			assert.equal(status, 422, header);
		}
	});
});
