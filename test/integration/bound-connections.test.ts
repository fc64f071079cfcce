import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import type {
	GatewayOptions,
	Upstream,
	UpstreamOptions,
} from "../../src/index.ts";
import { route } from "../../src/index.ts";
import type { RawClient } from "../helpers/raw-client.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** As IIS does it: whoever has logged in on a connection is its user from then on. */
async function start(
	t: TestContext,
	gateway: Partial<GatewayOptions> = {},
	options: UpstreamOptions = {},
): Promise<WireStage> {
	const routes = (service: Upstream) => [
		route.get("/set", {
			upstream: service,
			forward: { headers: () => ({ authorization: "negotiate SET" }) },
		}),
		route.all("/*", { upstream: service }),
	];
	const stage = await startWireStage(t, {
		routes,
		gateway,
		upstream: { pool: { connections: 2 }, ...options },
	});
	const users = new WeakMap<object, string>();
	stage.upstream.script = (asked, connection) => {
		const said = asked.header("authorization");
		const token = /^\s*(?:ntlm|negotiate)\s+(\S+)/i.exec(said ?? "")?.[1];
		if (token !== undefined) users.set(connection, token);
		const user = users.get(connection);
		return user === undefined
			? connection.reply(401, "log in", "www-authenticate: NTLM")
			: connection.reply(200, user);
	};
	return stage;
}

async function ask(client: RawClient, path = "/", ...lines: string[]) {
	const { status, body } = await client.exchange(
		request(`GET ${path}`, ...lines),
	);
	return [status, String(body)];
}

const denied = [401, "log in"];

suite("a connection to a service over which NTLM or Negotiate went", () => {
	for (const value of [
		"NTLM ALICE",
		"Negotiate ALICE",
		"ntlm   ALICE",
		"NEGOTIATE\tALICE",
	]) {
		test(`is its client's alone: ${value}`, async (t) => {
			const stage = await start(t);
			const [alice, bob] = [await stage.connect(), await stage.connect()];
			assert.deepEqual(await ask(alice), denied);
			assert.deepEqual(await ask(alice, "/", `Authorization: ${value}`), [
				200,
				"ALICE",
			]);
			for (let i = 0; i < 3; i++) assert.deepEqual(await ask(bob), denied);
			// The log-in is that of the connection: later requests do not repeat it.
			assert.deepEqual(await ask(alice), [200, "ALICE"]);
			assert.deepEqual(await ask(bob, "/", "Authorization: NTLM BOB"), [
				200,
				"BOB",
			]);
			assert.deepEqual(await ask(alice), [200, "ALICE"]);
			assert.deepEqual(await ask(await stage.connect()), denied);
		});
	}

	test("ends with its client", async (t) => {
		const stage = await start(t);
		const alice = await stage.connect();
		await ask(alice, "/", "Authorization: NTLM ALICE");
		const [connection] = stage.upstream.connections;
		void alice.close();
		await once(connection?.socket ?? assert.fail(), "close");
	});

	test("takes no place in the pool from others", async (t) => {
		const stage = await start(t);
		for (let i = 0; i < 4; i++) {
			const client = await stage.connect();
			const got = await ask(client, "/", `Authorization: NTLM U${i}`);
			assert.deepEqual(got, [200, `U${i}`]);
		}
		assert.deepEqual(await ask(await stage.connect()), denied);
	});

	test("serves the requests that its client pipelines in order", async (t) => {
		const stage = await start(t);
		const alice = await stage.connect();
		const first = request("GET /", "Authorization: NTLM ALICE");
		await alice.send(first + request("GET /") + request("GET /"));
		for (let i = 0; i < 3; i++) {
			const { status, body } = await alice.readResponse();
			assert.deepEqual([status, String(body)], [200, "ALICE"]);
		}
		assert.equal(stage.upstream.connections.length, 1);
	});

	test("also where the route sets the credential, or an interceptor", async (t) => {
		const adding = await start(
			t,
			{},
			{
				interceptors: [
					(dispatch) => (options, handler) => {
						const { path, headers } = options;
						if (path !== "/intercepted") return dispatch(options, handler);
						const more = [
							...(headers as string[]),
							"Authorization",
							"NTLM ADDED",
						];
						return dispatch({ ...options, headers: more }, handler);
					},
				],
			},
		);
		const alice = await adding.connect();
		assert.deepEqual(await ask(alice, "/set"), [200, "SET"]);
		assert.deepEqual(await ask(await adding.connect()), denied);
		const carol = await adding.connect();
		assert.deepEqual(await ask(carol, "/intercepted"), [200, "ADDED"]);
		assert.deepEqual(await ask(await adding.connect()), denied);
	});

	test("is not kept for a proxy in front, which may send several clients' requests on one", async (t) => {
		const stage = await start(t, { trustedProxies: ["127.0.0.1"] });
		const front = await stage.connect();
		const alice = "Authorization: Negotiate ALICE";
		assert.deepEqual(await ask(front, "/", alice), [200, "ALICE"]);
		assert.deepEqual(await ask(front), denied);
		assert.deepEqual(await ask(await stage.connect()), denied);
	});

	test("while other credentials share connections as before", async (t) => {
		const stage = await start(t);
		for (const value of ["Basic YTpi", "Bearer NTLM", "NTLMish x"]) {
			await ask(await stage.connect(), "/", `Authorization: ${value}`);
		}
		assert.equal(stage.upstream.connections.length, 1);
	});
});
