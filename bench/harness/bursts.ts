import { connect, type Socket } from "node:net";
import type { LoadOptions, LoadRequest, LoadResult } from "./load.ts";

// A load generator of our own for short turns: connections stay open between turns of a quarter of a
// second, so that contenders can alternate faster than the noise of a shared machine changes. It sends
// one request after another on each connection and reads answers with a content-length only.

/** One connection: sends, waits for the whole answer, sends again while the turn lasts. */
class Client {
	readonly socket: Socket;
	readonly #turns: Turns;
	#head = "";
	/** Body bytes still to come; 0 while a head is awaited. */
	#left = 0;
	#sentAt = 0;

	constructor(turns: Turns, port: number) {
		this.#turns = turns;
		this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
		this.socket.on("data", (data: Buffer) => this.#onData(data));
		this.socket.on("error", (error) => turns.onFault(error.message));
		this.socket.on("close", () => turns.onFault("a connection was closed"));
	}

	send(): void {
		this.#sentAt = performance.now();
		this.socket.write(this.#turns.bytes, "latin1");
	}

	#onData(data: Buffer): void {
		if (this.#left > 0) this.#onBody(data.length);
		else this.#onHead(data);
	}

	#onHead(data: Buffer): void {
		const before = this.#head.length;
		const text =
			this.#head + data.toString("latin1", 0, Math.min(data.length, 8192));
		const end = text.indexOf("\r\n\r\n");
		this.#head = end === -1 ? text : "";
		if (end === -1) return;
		const { status } = this.#turns;
		// A 304 has no body whatever it says of one.
		const length =
			status === 304 ? 0 : /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
		if (!text.startsWith(`HTTP/1.1 ${status}`) || length === undefined)
			this.#turns.onFault(text.slice(0, text.indexOf("\r\n")));
		this.#left = Number(length);
		this.#onBody(data.length - (end + 4 - before));
	}

	#onBody(bytes: number): void {
		this.#left -= bytes;
		if (this.#left === 0)
			this.#turns.onAnswer(this, performance.now() - this.#sentAt);
	}
}

/** The open connections to one contender. */
class Turns {
	readonly bytes: string;
	readonly status: number;
	readonly #clients: Client[];
	#latenciesMs: number[] = [];
	#isOn = false;
	#busy = 0;
	#fault: string | null = null;
	#onDrained: () => void = () => undefined;

	constructor({ request, connections, port }: LoadOptions) {
		this.bytes = toBytes(request, port);
		this.status = request.status ?? 200;
		this.#clients = Array.from(
			{ length: connections },
			() => new Client(this, port),
		);
	}

	async run(seconds: number): Promise<LoadResult> {
		this.#latenciesMs = [];
		this.#isOn = true;
		this.#busy = this.#clients.length;
		const startedAt = performance.now();
		const drained = new Promise<void>((resolve) => {
			this.#onDrained = resolve;
		});
		for (const client of this.#clients) client.send();
		setTimeout(() => {
			this.#isOn = false;
		}, seconds * 1000);
		await drained;
		return this.#result((performance.now() - startedAt) / 1000);
	}

	onAnswer(client: Client, latencyMs: number): void {
		this.#latenciesMs.push(latencyMs);
		if (this.#isOn) client.send();
		else if (--this.#busy === 0) this.#onDrained();
	}

	onFault(text: string): void {
		this.#fault ??= text;
		this.#onDrained();
	}

	/** Also once the contender has ended: another may come to listen on its port. */
	get hasFailed(): boolean {
		return this.#fault !== null;
	}

	#result(seconds: number): LoadResult {
		const sorted = Float64Array.from(this.#latenciesMs).sort();
		const at = (part: number) =>
			sorted[Math.floor(part * sorted.length)] ?? NaN;
		const requests = sorted.length;
		return {
			requests,
			perSecond: requests / seconds,
			p50Ms: at(0.5),
			p99Ms: at(0.99),
			fault: this.#fault,
		};
	}
}

/** The Host is the one that all who ask name: a cache has one answer for them. */
function toBytes(
	{ method = "GET", path, headers, body = "" }: LoadRequest,
	port: number,
): string {
	const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`];
	for (const [name, value] of Object.entries(headers))
		lines.push(`${name}: ${value}`);
	if (body !== "") lines.push(`content-length: ${Buffer.byteLength(body)}`);
	return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

const open = new Map<number, Turns>();

/** One turn on connections that stay open until the contender ends. */
export function runBurst(options: LoadOptions): Promise<LoadResult> {
	let turns = open.get(options.port);
	if (turns === undefined || turns.hasFailed) {
		turns = new Turns(options);
		open.set(options.port, turns);
	}
	return turns.run(options.seconds);
}
