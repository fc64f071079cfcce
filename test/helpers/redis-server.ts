import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const program = "redis-server";
const startMs = 20_000;

/** Why tests with Redis are skipped here; false where they run. With CI=true a missing program fails them instead. */
export const skipRedis: string | false =
	process.env.CI === "true" || spawnSync(program, ["--version"]).status === 0
		? false
		: `no ${program} on the PATH`;

/** A Redis of the test's own: nothing of it is kept on disk. */
export class RedisServer {
	readonly port: number;
	readonly #directory: string;
	readonly #more: readonly string[];
	#child: ChildProcess | null = null;

	/** `more` is added to its command line. */
	constructor(port: number, more: readonly string[] = []) {
		this.port = port;
		this.#more = more;
		this.#directory = mkdtempSync(join(tmpdir(), "headgate-redis-"));
	}

	get url(): string {
		return `redis://127.0.0.1:${this.port}`;
	}

	/** Starts it, empty, on its port, and waits until it answers. After `kill` it is a restart. */
	async start(): Promise<void> {
		const child = spawn(program, [
			...["--port", String(this.port), "--bind", "127.0.0.1"],
			...["--save", "", "--appendonly", "no", "--dir", this.#directory],
			...this.#more,
		]);
		let output = "";
		child.stdout.on("data", (data) => {
			output += data;
		});
		child.on("error", (error) => {
			output += error.message;
		});
		this.#child = child;
		const lastMs = performance.now() + startMs;
		while (!(await this.#answers())) {
			const isLate = performance.now() > lastMs || child.pid === undefined;
			assert.ok(!isLate && child.exitCode === null, `${program}: ${output}`);
			await sleep(10);
		}
	}

	/** Ends it at once; its connections break off. */
	async kill(): Promise<void> {
		const child = this.#child;
		this.#child = null;
		if (child === null || child.exitCode !== null) return;
		const ended = once(child, "exit");
		child.kill("SIGKILL");
		await ended;
	}

	/** Stops it where it stands: its connections stay open and nothing is answered. */
	pause(): void {
		this.#child?.kill("SIGSTOP");
	}

	resume(): void {
		this.#child?.kill("SIGCONT");
	}

	/** Ends it and removes its directory. */
	async close(): Promise<void> {
		await this.kill();
		rmSync(this.#directory, { recursive: true, force: true });
	}

	#answers(): Promise<boolean> {
		const { promise, resolve } = Promise.withResolvers<boolean>();
		const socket = connect(this.port, "127.0.0.1");
		socket.on("connect", () => socket.write("PING\r\n"));
		socket.on("data", (data) => {
			resolve(data.toString().startsWith("+PONG"));
			socket.destroy();
		});
		socket.on("error", () => resolve(false));
		socket.on("close", () => resolve(false));
		return promise;
	}
}

/** Starts a Redis on a free port of the loopback address; it is ended behind the test. */
export async function startRedis(
	t: TestContext,
	...more: readonly string[]
): Promise<RedisServer> {
	const redis = new RedisServer(await freePort(), more);
	t.after(() => redis.close());
	await redis.start();
	return redis;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	assert.ok(address !== null && typeof address === "object");
	return address.port;
}
