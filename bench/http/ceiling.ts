// The bar: what a good engineer writes by hand in an hour on node:http and undici. It forwards any
// request, filters hop-by-hop headers both ways, keeps names, order and duplicates, sends a small
// answer in one write, streams the rest with backpressure, and stops when either side goes.
// No routing, no checks, no x-forwarded-for. Never slow it down.
import { createServer, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";
import { listen, upstreamUrl } from "./contender.ts";

/** Node's own decoder without the look-up of an encoding's name; not in the types. */
type Bytes = Buffer & { latin1Slice(): string };

const pool = new Pool(upstreamUrl, { pipelining: 1 });
const oneWriteBytes = 16 * 1024;
const hopByHop = new Set(
	"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade http2-settings".split(
		" ",
	),
);
const notSent = new Set([...hopByHop, "host", "expect"]);

/** The client's lines without the hop-by-hop ones and those that `connection` names. */
function endToEnd(
	raw: readonly string[],
	connection: string | undefined,
): string[] {
	const named = namedIn(connection);
	const kept: string[] = [];
	for (let i = 0; i < raw.length; i += 2) {
		const name = (raw[i] as string).toLowerCase();
		if (notSent.has(name) || named?.includes(name)) continue;
		kept.push(raw[i] as string, raw[i + 1] as string);
	}
	return kept;
}

function namedIn(connection: string | undefined): string[] | null {
	if (!connection || connection === "keep-alive" || connection === "close")
		return null;
	return connection
		.toLowerCase()
		.split(",")
		.map((name) => name.trim());
}

class Exchange implements Dispatcher.DispatchHandler {
	readonly res: ServerResponse;
	controller: Dispatcher.DispatchController | null = null;
	status = 0;
	headers: string[] = [];
	/** Length of an answer small enough to wait for; -1 once the head is out. */
	held = -1;

	constructor(res: ServerResponse) {
		this.res = res;
		res.on("close", () => this.onClose());
	}

	onClose(): void {
		if (!this.res.writableFinished)
			this.controller?.abort(new Error("client gone"));
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.controller = controller;
		if (this.res.destroyed) controller.abort(new Error("client gone"));
	}

	onResponseStart(
		controller: Dispatcher.DispatchController,
		status: number,
	): void {
		if (status < 200) return;
		this.status = status;
		this.held = this.readHeaders(controller.rawHeaders as Bytes[]);
		if (this.held >= 0) return;
		this.res.writeHead(status, this.headers);
		this.res.flushHeaders();
	}

	/** @returns the content-length where the body can go out with the head, else -1 */
	readHeaders(raw: readonly Bytes[]): number {
		let length = -1;
		for (let i = 0; i < raw.length; i += 2) {
			const name = (raw[i] as Bytes).latin1Slice();
			const lower = name.toLowerCase();
			if (hopByHop.has(lower)) continue;
			const value = (raw[i + 1] as Bytes).latin1Slice();
			if (lower === "content-length") length = Number(value);
			this.headers.push(name, value);
		}
		return length <= oneWriteBytes ? length : -1;
	}

	onResponseData(
		controller: Dispatcher.DispatchController,
		chunk: Bytes,
	): void {
		if (this.held === chunk.length) this.sendWhole(chunk);
		else this.sendPart(controller, chunk);
	}

	sendPart(controller: Dispatcher.DispatchController, chunk: Bytes): void {
		this.sendHead();
		if (this.res.write(chunk)) return;
		controller.pause();
		this.res.once("drain", () => controller.resume());
	}

	sendWhole(chunk: Bytes): void {
		this.held = -1;
		this.res.writeHead(this.status, this.headers);
		this.res.end(chunk.latin1Slice(), "latin1");
	}

	sendHead(): void {
		if (this.held < 0) return;
		this.held = -1;
		this.res.writeHead(this.status, this.headers);
	}

	onResponseEnd(): void {
		if (this.res.writableEnded) return;
		this.sendHead();
		this.res.end();
	}

	onResponseError(
		_controller: Dispatcher.DispatchController,
		error: NodeJS.ErrnoException,
	): void {
		if (this.res.headersSent) this.res.destroy();
		else
			this.res
				.writeHead(error.code === "UND_ERR_HEADERS_TIMEOUT" ? 504 : 502)
				.end();
	}
}

const server = createServer({ optimizeEmptyRequests: true }, (req, res) => {
	const { headers } = req;
	const hasBody =
		headers["content-length"] !== undefined ||
		headers["transfer-encoding"] !== undefined;
	pool.dispatch(
		{
			method: req.method as Dispatcher.HttpMethod,
			path: req.url as string,
			headers: endToEnd(req.rawHeaders, headers.connection),
			body: hasBody ? req : null,
		},
		new Exchange(res),
	);
});

listen(server);
