// The service behind every contender, as cheap as it can be: canned bytes on node:net.
// GET /bytes/N answers N bytes, any other GET 82 bytes of JSON; a request with a body is read to its
// end and answered with 82 bytes that hold how many body bytes came.
import { createServer, type Socket } from "node:net";
import { smallBody } from "./harness/work.ts";
import { listen } from "./http/contender.ts";

const chunk = Buffer.alloc(64 * 1024, "x");
const chunkedEnd = Buffer.from("0\r\n\r\n");
const extraHeaders = "x-header: value-of-a-header\r\n".repeat(
	Number(process.env.EXTRA_HEADERS ?? 0),
);
let date = new Date().toUTCString();
let small = answer(smallBody.length) + smallBody;
const whole = new Map<number, Buffer>();

setInterval(() => {
	date = new Date().toUTCString();
	small = answer(smallBody.length) + smallBody;
	whole.clear();
}, 1000).unref();

function answer(length: number): string {
	const type = length === smallBody.length ? "json" : "octet-stream";
	return `HTTP/1.1 200 OK\r\ncontent-type: application/${type}\r\ncontent-length: ${length}\r\ndate: ${date}\r\n${extraHeaders}\r\n`;
}

/** One connection: a head, then perhaps a body, then the answer; again. */
class Connection {
	readonly socket: Socket;
	head = "";
	/** Bytes of the body still to come; -1 while a chunked one comes, 0 between requests. */
	bodyLeft = 0;
	received = 0;
	tail: Buffer = Buffer.alloc(0);

	constructor(socket: Socket) {
		this.socket = socket;
	}

	onData(data: Buffer): void {
		if (this.bodyLeft === 0) this.onHeadData(data);
		else this.onBody(data);
	}

	onHeadData(data: Buffer): void {
		const text = this.head + data.toString("latin1");
		const end = text.indexOf("\r\n\r\n");
		if (end === -1) {
			this.head = text;
			return;
		}
		const bodyStart = end + 4 - this.head.length;
		this.head = "";
		this.onHead(text.slice(0, end + 2));
		if (bodyStart < data.length) this.onData(data.subarray(bodyStart));
	}

	onHead(head: string): void {
		if (head.charCodeAt(0) === 71 /* G */) this.onGet(head);
		else this.onBodyStart(head);
	}

	onBodyStart(head: string): void {
		this.received = 0;
		const length = /\r\ncontent-length: *(\d+)/i.exec(head);
		if (length) this.bodyLeft = Number(length[1]);
		else if (/\r\ntransfer-encoding:/i.test(head)) this.bodyLeft = -1;
		if (this.bodyLeft === 0) this.onBodyEnd();
	}

	onGet(head: string): void {
		const path = head.indexOf("/bytes/");
		if (path === -1) this.socket.write(small, "latin1");
		else this.sendBytes(Number.parseInt(head.slice(path + 7), 10));
	}

	onBody(data: Buffer): void {
		if (this.bodyLeft === -1) this.onChunked(data);
		else this.onCounted(data);
	}

	onCounted(data: Buffer): void {
		const taken = Math.min(data.length, this.bodyLeft);
		this.received += taken;
		this.bodyLeft -= taken;
		if (this.bodyLeft === 0) this.onBodyEnd();
		if (taken < data.length) this.onData(data.subarray(taken));
	}

	/** A chunked body ends with its last five bytes: the runner's bodies never hold them elsewhere. */
	onChunked(data: Buffer): void {
		this.received += data.length;
		this.tail = Buffer.concat([this.tail, data.subarray(-5)]).subarray(-5);
		if (!this.tail.equals(chunkedEnd)) return;
		this.tail = Buffer.alloc(0);
		this.bodyLeft = 0;
		this.onBodyEnd();
	}

	onBodyEnd(): void {
		const body = `{"received":${this.received}`.padEnd(80);
		this.socket.write(`${answer(82)}${body}}\n`, "latin1");
	}

	/** Up to 1 MiB in one write; more in chunks, as fast as they are taken. */
	sendBytes(length: number): void {
		if (length <= 1024 * 1024) {
			this.socket.write(canned(length));
			return;
		}
		this.socket.write(answer(length), "latin1");
		this.sendChunks(length);
	}

	sendChunks(left: number): void {
		while (left > 0) {
			const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
			left -= part.length;
			const goOn = this.socket.write(part);
			if (goOn) continue;
			this.socket.once("drain", () => this.sendChunks(left));
			return;
		}
	}
}

function canned(length: number): Buffer {
	let bytes = whole.get(length);
	if (!bytes) {
		bytes = Buffer.concat([
			Buffer.from(answer(length)),
			Buffer.alloc(length, "x"),
		]);
		whole.set(length, bytes);
	}
	return bytes;
}

const server = createServer({ noDelay: true }, (socket) => {
	const connection = new Connection(socket);
	socket.on("data", (data: Buffer) => connection.onData(data));
	socket.on("error", () => socket.destroy());
});

listen(server);
