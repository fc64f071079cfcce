import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RawClient } from "../helpers/raw-client.ts";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** Holds every answer until told. */
class Gate {
	readonly held: RawConnection[] = [];
	isOpen = false;

	constructor(stage: WireStage) {
		stage.upstream.script = (_one, connection) => {
			if (this.isOpen) return connection.reply(200, "");
			this.held.push(connection);
		};
	}

	open(): void {
		this.isOpen = true;
		for (const connection of this.held.splice(0))
			void connection.reply(200, "");
	}
}

function ask(stage: WireStage, count: number): Promise<RawClient[]> {
	return Promise.all(
		Array.from({ length: count }, async (_, i) => {
			const client = await stage.connect();
			await client.send(request(`GET /${i}`));
			return client;
		}),
	);
}

async function statuses(clients: readonly RawClient[]): Promise<number[]> {
	const answers = await Promise.all(
		clients.map((client) => client.readResponse()),
	);
	return answers.map((answer) => answer.status);
}

const pool = { connections: 2, maxQueue: 3 };

suite("a pool of 2 connections with a queue of 3", () => {
	test("serves five calls at once, and refuses the sixth with 503 and Retry-After (RFC 9110 section 10.2.3)", async (t) => {
		const stage = await startWireStage(t, { upstream: { pool } });
		const gate = new Gate(stage);
		const clients = await ask(stage, 5);
		await stage.upstream.request(1);
		const late = await stage.connect();
		const refused = await late.exchange(request("GET /late"));
		assert.equal(refused.status, 503);
		assert.equal(refused.header("retry-after"), "1");
		assert.equal(JSON.parse(refused.body.toString()).code, "ERR_UPSTREAM_BUSY");
		gate.open();
		assert.deepEqual(await statuses(clients), [200, 200, 200, 200, 200]);
		assert.equal(stage.upstream.connections.length, 2);
		assert.equal((await late.exchange(request("GET /again"))).status, 200);
	});

	test("gives the places of clients that have left the queue to others, and keeps its connections", async (t) => {
		const stage = await startWireStage(t, { upstream: { pool } });
		const gate = new Gate(stage);
		const first = await ask(stage, 2);
		await stage.upstream.request(1);
		for (let round = 1; round <= 5; round++) {
			const waiting = await ask(stage, 3);
			for (const client of waiting) client.reset();
			await stage.ended(3 * round);
		}
		const last = await ask(stage, 3);
		gate.open();
		assert.deepEqual(
			await statuses([...first, ...last]),
			[200, 200, 200, 200, 200],
		);
		assert.equal(stage.upstream.connections.length, 2);
		assert.equal(stage.upstream.requests.length, 5);
	});

	test("answers 504 to a call that has waited for too long, and calls no more for it", async (t) => {
		const stage = await startWireStage(t, {
			upstream: { pool, timeout: { connectMs: 100, headersMs: 400 } },
		});
		const gate = new Gate(stage);
		const clients = await ask(stage, 5);
		assert.deepEqual(await statuses(clients), [504, 504, 504, 504, 504]);
		for (const { code } of stage.outcomes)
			assert.equal(code, "ERR_UPSTREAM_HEADERS_TIMEOUT");
		assert.equal(stage.upstream.requests.length, 2);
		gate.open();
		assert.deepEqual(
			await statuses(await ask(stage, 5)),
			[200, 200, 200, 200, 200],
		);
	});

	test("goes on after its upstream was down", async (t) => {
		const stage = await startWireStage(t, { upstream: { pool } });
		await stage.upstream.stopListening();
		assert.deepEqual(
			await statuses(await ask(stage, 5)),
			[503, 503, 503, 503, 503],
		);
		await stage.upstream.listen();
		assert.deepEqual(
			await statuses(await ask(stage, 5)),
			[200, 200, 200, 200, 200],
		);
	});
});

test("a pool without a queue refuses what it has no connection for", async (t) => {
	const stage = await startWireStage(t, {
		upstream: { pool: { connections: 1, maxQueue: 0 } },
	});
	const gate = new Gate(stage);
	const [client] = await ask(stage, 1);
	await stage.upstream.request();
	assert.deepEqual(await statuses(await ask(stage, 3)), [503, 503, 503]);
	gate.open();
	assert.equal((await client?.readResponse())?.status, 200);
});
