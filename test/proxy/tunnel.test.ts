import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DeadlineWatch } from "../../src/http/deadlines.ts";
import { Tunnel } from "../../src/proxy/tunnel.ts";

/** A side that takes one write at a time, and only when it is told to. */
class SlowSide extends Duplex {
	readonly written: string[] = [];
	#taken: (() => void) | null = null;

	constructor() {
		super({ allowHalfOpen: true });
	}

	override _read(): void {}

	override _write(
		chunk: Buffer,
		_encoding: BufferEncoding,
		done: () => void,
	): void {
		this.written.push(String(chunk));
		this.#taken = done;
	}

	/** Takes what is being written. */
	accept(): void {
		const taken = this.#taken;
		this.#taken = null;
		taken?.();
	}
}

/** A side that says something, ends, and is closed at once. */
function brief(...words: string[]): Duplex {
	const side = new Duplex({
		read() {},
		write: (_chunk, _encoding, done) => done(),
		allowHalfOpen: false,
	});
	for (const word of words) side.push(word);
	side.push(null);
	return side;
}

function setUp(t: TestContext, client: Duplex, upstream: Duplex, idleMs = 0) {
	const watch = new DeadlineWatch();
	t.after(() => watch.close());
	const { promise, resolve } = Promise.withResolvers<void>();
	const options = {
		idleMs,
		halfOpen: false,
		isWebSocket: true,
		watch,
		onClosed: resolve,
	};
	const tunnel = new Tunnel(client, upstream, options);
	t.after(() => tunnel.destroy());
	// The watch keeps no process alive, and here are no sockets that do.
	const alive = setInterval(() => undefined, 1_000);
	t.after(() => clearInterval(alive));
	return promise;
}

test("what the upstream said before it was gone reaches a slow client whole", async (t) => {
	const client = new SlowSide();
	const upstream = brief("one", "two", "three");
	setUp(t, client, upstream);
	await once(upstream, "close");
	await delay(50);
	assert.equal(client.destroyed, false);
	const finished = once(client, "finish");
	for (let n = 0; n < 3; n++) {
		client.accept();
		await delay(1);
	}
	await finished;
	assert.equal(client.written.join(""), "onetwothree");
});

test("a side that takes no note of the other's end is cut", async (t) => {
	const client = new SlowSide();
	const ended = setUp(t, client, brief());
	const startedMs = performance.now();
	await ended;
	assert.ok(client.destroyed);
	const tookMs = performance.now() - startedMs;
	assert.ok(tookMs > 1_500 && tookMs < 5_000, `after ${tookMs} ms`);
});

test("silence of 0 milliseconds is no limit", async (t) => {
	const client = new SlowSide();
	const upstream = new SlowSide();
	setUp(t, client, upstream, 0);
	await delay(400);
	assert.equal(client.destroyed || upstream.destroyed, false);
});

test("a write that is slow to be taken is no silence", async (t) => {
	const client = new SlowSide();
	const upstream = new SlowSide();
	setUp(t, client, upstream, 300);
	for (let n = 0; n < 6; n++) upstream.push("word");
	for (let n = 0; n < 6; n++) {
		await delay(150);
		client.accept();
	}
	assert.equal(client.destroyed, false);
	await once(client, "close");
});
