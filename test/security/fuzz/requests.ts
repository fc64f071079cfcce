import type { Random } from "./random.ts";

/** The authority that well-formed requests name. */
export const authority = "gateway.test";

const methods = [
	"GET",
	"GET",
	"POST",
	"POST",
	"PUT",
	"PATCH",
	"DELETE",
	"HEAD",
	"OPTIONS",
	"PROPFIND",
	"QUERY",
] as const;

const segments = [
	"users",
	"7",
	"a..b",
	"%2Fencoded",
	"c%20d",
	";m=1",
	"",
	"~x",
	"@y",
	"caf%C3%A9",
	"[...slug]",
] as const;

const queries = ["", "?", "?a=1", "?a=1&a=2&b", "?x=%2e%2e/", "?q=a+b;c"];

const bodies = [
	"",
	"hello",
	"0\r\n\r\n",
	"\r\n\r\n",
	"GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n",
	"POST /smuggled HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 3\r\n\r\nabc",
	"\x00\xff\x80\r\n",
] as const;

const extras = [
	"Accept: */*",
	"Accept-Encoding: gzip, br",
	"User-Agent: fuzz/1.0 (a; b) \xe9",
	"X-Empty:",
	"X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"Cookie: a=1; b=2",
	"Content-Type: application/json",
	"X-Forwarded-For: 6.6.6.6",
	"Forwarded: for=6.6.6.6",
	"TE: trailers",
	"Keep-Alive: timeout=5",
	"Connection: keep-alive",
	"Connection: X-Named, keep-alive",
	"X-Named: 1",
	"Trailer: X-T",
	"Upgrade-Insecure-Requests: 1",
	"Proxy-Connection: keep-alive",
] as const;

/** Lines that say what a message is or how long: at most one of them goes into a message. */
const rare = [
	"Connection: close",
	"Expect: 100-continue",
	"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
	"Connection: upgrade\r\nUpgrade: foo/2",
] as const;

/** A well-formed request that every parser reads alike. */
export function createRequest(random: Random, tag: string): string {
	const method = random.pick(methods);
	const version = random.isLucky(0.05) ? "HTTP/1.0" : "HTTP/1.1";
	const lines = random.times(0, 4, () => random.pick(extras) as string);
	if (random.isLucky(0.1)) lines.push(random.pick(rare));
	const [framing, body] = createBody(random, method, version);
	if (framing !== null) lines.push(framing);
	lines.splice(random.below(lines.length + 1), 0, `Host: ${authority}`);
	const target = createTarget(random, tag);
	const head = [`${method} ${target} ${version}`, ...lines].map((line) =>
		random.isLucky(0.1) ? changeCase(random, line) : line,
	);
	return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** A path under the tag of the case, at times in absolute form. */
function createTarget(random: Random, tag: string): string {
	const path = random.times(0, 3, () => `/${random.pick(segments)}`).join("");
	const target = `/${tag}${path}${random.pick(queries)}`;
	return random.isLucky(0.05) ? `http://${authority}${target}` : target;
}

function createBody(
	random: Random,
	method: string,
	version: string,
): [framing: string | null, body: string] {
	if (method !== "POST" && method !== "PUT" && random.isLucky(0.8)) {
		return [null, ""];
	}
	const body = random.pick(bodies);
	if (version === "HTTP/1.0" || random.isLucky(0.5)) {
		return [`Content-Length: ${body.length}`, body];
	}
	return ["Transfer-Encoding: chunked", createChunks(random, body)];
}

/** The body in chunks, with extensions and trailers now and then. */
export function createChunks(random: Random, body: string): string {
	let coded = "";
	for (let at = 0; at < body.length; ) {
		const piece = body.slice(at, at + 1 + random.below(40));
		const extension = random.isLucky(0.1) ? ";name=value" : "";
		const zeros = random.isLucky(0.05) ? "00" : "";
		coded += `${zeros}${piece.length.toString(16)}${extension}\r\n${piece}\r\n`;
		at += piece.length;
	}
	const trailers = random.isLucky(0.1) ? "X-T: end\r\n" : "";
	return `${coded}0\r\n${trailers}\r\n`;
}

/** The header name in another case; a start line stays as it is. */
function changeCase(random: Random, line: string): string {
	const colon = line.indexOf(":");
	if (colon < 0 || line.slice(0, colon).includes(" ")) return line;
	const name = line.slice(0, colon);
	const changed = random.isLucky(0.5) ? name.toLowerCase() : name.toUpperCase();
	return changed + line.slice(colon);
}
