import type { Random } from "./random.ts";
import { createChunks } from "./requests.ts";

const statuses = [
	200, 200, 200, 200, 201, 204, 206, 301, 304, 404, 418, 500, 503, 999,
] as const;

const bodies = [
	"",
	"hello",
	"0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!",
	"\r\n\r\n\x00\xff",
	"x".repeat(300),
	"y".repeat(20_000),
] as const;

const extras = [
	"Content-Type: text/plain",
	"Server: fuzz",
	"Set-Cookie: a=1",
	"Set-Cookie: b=2; Path=/",
	"Cache-Control: no-store",
	"X-Empty:",
	"X-High: \xe9\xff",
	"Keep-Alive: timeout=5",
	"Connection: keep-alive",
	"Connection: X-Named",
	"X-Named: 1",
	"Proxy-Authenticate: Basic",
	"Trailer: X-T",
	"Vary: *",
	"Content-Encoding: gzip",
	"Upgrade: h2c",
	"Date: Mon, 01 Jan 2024 00:00:00 GMT",
] as const;

const interims = [
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
	"HTTP/1.1 102 Processing\r\n\r\n",
] as const;

/** A well-formed answer to a request with that method. */
export function createAnswer(random: Random, method: string): string {
	const status = random.pick(statuses);
	const interim = random.isLucky(0.1) ? random.pick(interims) : "";
	const reason = random.pick(["OK", "", "Not \xe9 \t at all"]);
	const lines = random.times(0, 4, () => random.pick(extras) as string);
	const body = random.pick(bodies);
	const [framing, coded] = frame(random, body);
	if (framing !== null) {
		lines.splice(random.below(lines.length + 1), 0, framing);
	}
	const isBodiless = method === "HEAD" || status === 204 || status === 304;
	const head = [`HTTP/1.1 ${status} ${reason}`, ...lines].join("\r\n");
	return `${interim}${head}\r\n\r\n${isBodiless ? "" : coded}`;
}

/** The framing line, null for a body that ends with the connection, and the body as it is sent. */
function frame(random: Random, body: string): [string | null, string] {
	const kind = random.below(10);
	if (kind === 0) return [null, body];
	if (kind < 6) return [`Content-Length: ${body.length}`, body];
	return ["Transfer-Encoding: chunked", createChunks(random, body)];
}
