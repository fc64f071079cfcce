import cluster, { type Worker } from "node:cluster";
import { endSignals, onEndSignals, type Served } from "./serve.ts";

/** What a worker tells when it listens. */
interface ListeningMessage {
	readonly url: string;
}

const endMessage = "end";

/** One that lived so long has not died of its start. */
const soundMs = 10_000;
const firstPauseMs = 100;
const maxPauseMs = 10_000;

/** How long to wait before another worker is started, after so many in a row that died soon: from 100 ms, doubled, up to 10 s. */
export function pauseBefore(soonDead: number): number {
	return Math.min(firstPauseMs * 2 ** Math.max(0, soonDead - 1), maxPauseMs);
}

/** Starts so many processes that share the port, and another for each that dies. */
export function superviseWorkers(count: number): void {
	new Supervisor(count).start();
}

class Supervisor {
	readonly #count: number;
	readonly #startedMs = new Map<Worker, number>();
	readonly #timers = new Set<NodeJS.Timeout>();
	readonly #answering = new Set<Worker>();
	#soonDead = 0;
	#hasAnswered = false;
	#isUp = false;
	#isEnding = false;

	constructor(count: number) {
		this.#count = count;
	}

	/** The first one goes alone: where the config file is wrong, it is said once. */
	start(): void {
		cluster.on("message", (worker, { url }: ListeningMessage) =>
			this.#onListening(worker, url),
		);
		cluster.on("exit", (worker, code, signal) =>
			this.#onExit(worker, code, signal),
		);
		onEndSignals(
			(signal) => this.#end(signal),
			(exitCode) => this.#kill(exitCode),
		);
		this.#fork();
	}

	#fork(): void {
		this.#startedMs.set(cluster.fork(), performance.now());
	}

	#onListening(worker: Worker, url: string): void {
		this.#answering.add(worker);
		if (this.#isEnding) {
			// It came to listen while it was signalled.
			worker.send(endMessage, ignore);
			return;
		}
		if (!this.#hasAnswered) {
			this.#hasAnswered = true;
			for (let i = 1; i < this.#count; i++) this.#fork();
		}
		if (this.#isUp) {
			console.error(`headgate: worker ${worker.process.pid} answers`);
		} else if (this.#answering.size === this.#count) {
			this.#isUp = true;
			console.log(`headgate answers on ${url} with ${this.#count} workers`);
		}
	}

	#onExit(worker: Worker, code: number | null, signal: string | null): void {
		const startedMs = this.#startedMs.get(worker) ?? 0;
		this.#startedMs.delete(worker);
		this.#answering.delete(worker);
		if (this.#isEnding || !this.#hasAnswered) {
			// The worker has said why, unless it was ended while it started.
			if (!this.#isEnding || signal !== "SIGTERM")
				process.exitCode ||= code ?? 1;
			return;
		}
		const isSound = performance.now() - startedMs >= soundMs;
		this.#soonDead = isSound ? 0 : this.#soonDead + 1;
		const pauseMs = pauseBefore(this.#soonDead);
		console.error(
			`headgate: worker ${worker.process.pid} ended with ${signal ?? code}; another starts in ${pauseMs} ms`,
		);
		this.#forkIn(pauseMs);
	}

	#forkIn(pauseMs: number): void {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			this.#fork();
		}, pauseMs);
		this.#timers.add(timer);
	}

	#end(signal: string): void {
		this.#isEnding = true;
		console.error(`headgate: ${signal}, finishing what is under way`);
		for (const timer of this.#timers) clearTimeout(timer);
		for (const worker of this.#startedMs.keys()) {
			// A worker that starts hears no messages yet, and has no request to finish.
			if (!this.#answering.has(worker)) worker.process.kill("SIGTERM");
			// One that is ending by itself may be out of reach already: unheard, that would end this process.
			else worker.send(endMessage, ignore);
		}
	}

	#kill(exitCode: number): void {
		for (const worker of this.#startedMs.keys()) {
			worker.process.kill("SIGKILL");
		}
		process.exit(exitCode);
	}
}

function ignore(): void {}

/**
 * Makes this process one of the workers: it tells where it answers, and ends when
 * it is told to. A terminal and a service manager signal all processes of a group
 * at once: for a worker the second signal is no other than the first.
 */
export function beWorker({ url, end }: Served): void {
	let isEnding = false;
	const endOnce = (): void => {
		if (!isEnding) end();
		isEnding = true;
	};
	process.on("message", endOnce);
	for (const signal of endSignals) process.on(signal, endOnce);
	process.send?.({ url } satisfies ListeningMessage);
}
