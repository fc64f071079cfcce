import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { dependency, route } from "../../src/index.ts";
import { within } from "../helpers/byte-reader.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import type { RawConnection } from "../helpers/raw-upstream.ts";
import {
	type Manner,
	type Moment,
	manners,
	moments,
	ways,
} from "./abort-scenes.ts";
import { startWireStage, type WireStage } from "./wire-stage.ts";

/** How often each client leaves each upstream: `HEADGATE_ABORTS=1000` for more. */
const repeats = Number(process.env.HEADGATE_ABORTS ?? 200);
const atOnce = 20;
/** How long an upstream call may outlive its client, in milliseconds. */
const goneMs = 500;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Runs clients that leave, and remembers what must be gone after them. */
class Aborts {
	readonly stage: WireStage;
	/** The requests, as far as anything still holds them. */
	requests: WeakRef<object>[] = [];
	begun = 0;
	cleaned = 0;
	#next = 0;
	readonly #arrivals = new Map<string, (connection: RawConnection) => void>();

	constructor(stage: WireStage) {
		this.stage = stage;
	}

	/** One client that leaves; resolves with the milliseconds its upstream call outlived it. */
	async leave(moment: Moment, manner: Manner, way: number): Promise<number> {
		const path = `/${this.#next++}`;
		const arrival = moment.isForwarded ? this.#expect(path) : null;
		const client = await connectRaw({ port: this.stage.port });
		await client.send(moment.bytes(path));
		const connection = await arrival;
		if (moment.isAnswered) await client.waitForText("\r\n\r\n");
		const leftMs = performance.now();
		ways[way % ways.length]?.(client);
		await connection?.until(
			() => connection.state !== "open",
			`${manner.name}, ${moment.name}: the end of the call`,
			goneMs,
		);
		const ms = performance.now() - leftMs;
		this.#arrivals.delete(path);
		// The upstream's own end of it.
		await connection?.close();
		return ms;
	}

	/** Sets what the upstream does. */
	play(moment: Moment, manner: Manner): void {
		this.stage.upstream.script = (one, connection) => {
			this.#arrivals.get(one.target)?.(connection);
			return manner.act(
				one,
				connection,
				moment.isAnswered || one.method === "POST",
			);
		};
	}

	#expect(path: string): Promise<RawConnection> {
		const { promise, resolve } = Promise.withResolvers<RawConnection>();
		this.#arrivals.set(path, resolve);
		return within(promise, 2_500, `${path} at the upstream`);
	}
}

async function startAborts(scope: {
	after(clean: () => void | Promise<void>): void;
}) {
	const held: { aborts: Aborts | null } = { aborts: null };
	const lease = dependency(async function* lease(ctx) {
		const { aborts } = held as { aborts: Aborts };
		aborts.requests.push(new WeakRef(ctx));
		aborts.begun++;
		try {
			yield aborts.begun;
		} finally {
			aborts.cleaned++;
		}
	});
	const stage = await startWireStage(scope, {
		routes: (target) => [
			route.all("/*", { upstream: target, dependencies: { lease } }),
		],
		raw: { keepBodies: false },
	});
	held.aborts = new Aborts(stage);
	return held.aborts;
}

async function leaveMany(
	aborts: Aborts,
	moment: Moment,
	manner: Manner,
	count: number,
): Promise<number> {
	aborts.play(moment, manner);
	let slowestMs = 0;
	for (let done = 0; done < count; done += atOnce) {
		const batch = Array.from(
			{ length: Math.min(atOnce, count - done) },
			(_, i) => aborts.leave(moment, manner, i),
		);
		for (const ms of await Promise.all(batch))
			slowestMs = Math.max(slowestMs, ms);
		// What the upstream has recorded is not what is measured.
		aborts.stage.upstream.connections = [];
	}
	return slowestMs;
}

function countFiles(): number {
	return readdirSync("/proc/self/fd").length;
}

/** Waits until no more than so many files are open: the kernel tells of an end when it likes. */
async function settle(most: number): Promise<void> {
	const poll = async () => {
		while (countFiles() > most)
			await new Promise((resolve) => setTimeout(resolve, 10));
	};
	await within(poll(), 2_500, `${countFiles()} open files to become ${most}`);
}

/** Counts what a collection leaves of the requests. */
async function countHeld(
	requests: readonly WeakRef<object>[],
): Promise<number> {
	// A WeakRef that was read or made in this turn of the loop holds what it names.
	await new Promise(setImmediate);
	collectGarbage();
	return requests.filter((one) => one.deref() !== undefined).length;
}

function heapBytes(): number {
	collectGarbage();
	return process.memoryUsage().heapUsed;
}

suite("a client that leaves", () => {
	for (const moment of moments)
		for (const manner of manners)
			test(`${moment.name}, in front of an upstream that is ${manner.name}: ${repeats} times, and nothing is left`, async (t) => {
				const aborts = await startAborts(t);
				const { stage } = aborts;
				await leaveMany(aborts, moment, manner, 3 * atOnce);
				await settle(countFiles());
				stage.outcomes.length = 0;
				const [files, heap, begun] = [countFiles(), heapBytes(), aborts.begun];
				const ms = await leaveMany(aborts, moment, manner, repeats);
				const told = moment.isForwarded ? repeats : 0;
				if (told > 0) await stage.ended(told);
				await settle(files);
				for (const { status, source, code, complete } of stage.outcomes) {
					assert.deepEqual(
						{ status, source, code, complete },
						{
							status: 499,
							source: "client",
							code: "ERR_CLIENT_GONE",
							complete: false,
						},
					);
				}
				assert.equal(stage.outcomes.length, told);
				assert.equal(aborts.begun - begun, told);
				assert.equal(aborts.cleaned, aborts.begun);
				assert.deepEqual(stage.errors, []);
				stage.outcomes.length = 0;
				const held = await countHeld(aborts.requests);
				const grown = heapBytes() - heap;
				t.diagnostic(
					`slowest ${ms.toFixed(0)} ms, files ${countFiles() - files}, requests ${held}, heap ${(grown / 1024).toFixed(0)} KiB`,
				);
				// node and undici keep the last of a kind until the next comes.
				assert.ok(held < 5, `${held} requests are still held`);
				assert.ok(grown < 4 * 1_048_576, `the heap grew by ${grown} bytes`);
			});
});
