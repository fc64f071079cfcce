import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	dependency,
	type Policy,
	type Route,
	route,
	Type,
	upstream,
} from "../../src/index.ts";
import { requestId } from "../../src/policies/observability/request-id.ts";
import type { Echo } from "../helpers/echo.ts";
import { startEcho } from "../helpers/echo.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";

const evil = "eve";
const body = '{"a":1}';

/** How a client may write a name that some service reads as the gateway's. */
const spellings: Readonly<Record<string, (name: string) => string>> = {
	exact: (name) => name,
	"in capitals": (name) => name.toUpperCase(),
	"with underscores": (name) => name.replaceAll("-", "_"),
	"with dots": (name) => name.replaceAll("-", "."),
	"with other characters": (name) => name.replaceAll("-", "!"),
	"with one of each": (name) => name.replace("-", "_").replace("-", "."),
	"in capitals with underscores": (name) =>
		name.replaceAll("-", "_").toUpperCase(),
};

/** Everything that the gateway says to this service, of which a client has no say. */
const written = [
	"content-length",
	"content-type",
	"forwarded",
	"host",
	"via",
	"x-by-dependency",
	"x-by-forward",
	"x-by-hook",
	"x-by-policy",
	"x-forwarded-for",
	"x-forwarded-host",
	"x-forwarded-proto",
	"x-request-id",
	"x-request-start",
] as const;

const policy: Policy = {
	name: "setting",
	forRoute: () => ({
		onRequest: (ctx) => ctx.setUpstreamHeader("X-By-Policy", "ada"),
		onUpstreamRequest: (ctx) => ctx.setUpstreamHeader("x-by-hook", "ada"),
	}),
};
const naming = dependency((ctx) => {
	ctx.setUpstreamHeader("x-by-dependency", "ada");
	return "ada";
});

async function start(t: TestContext): Promise<number> {
	const { url } = await startEcho(t);
	const target = upstream(url, { requestStart: true, via: "both" });
	const routes: Route[] = [
		route.post("/", {
			upstream: target,
			body: Type.Object({ a: Type.Integer() }),
			dependencies: { naming },
			forward: {
				headers: () => ({ "x-by-forward": "ada", via: "1.1 ada" }),
				body: (ctx) => ctx.body,
			},
		}),
	];
	const policies = [requestId(), policy];
	const gateway = createGateway({ docs: false, policies, routes });
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return (await gateway.listen()).port;
}

/** The lines that the service got, names in lower case. */
async function send(
	port: number,
	lines: readonly string[],
	trailers: readonly string[] = [],
): Promise<(readonly [name: string, value: string])[]> {
	await using client = await connectRaw({ port });
	const start = ["POST / HTTP/1.1", "Host: gate.example"] as const;
	const type = lines.some((line) => /^content-type:/i.test(line))
		? []
		: ["Content-Type: application/json"];
	const bytes =
		trailers.length === 0
			? head(...start, ...type, `Content-Length: ${body.length}`, ...lines) +
				body
			: `${head(...start, ...type, "Transfer-Encoding: chunked", "Trailer: x-a", ...lines)}7\r\n${body}\r\n0\r\n${trailers.join("\r\n")}\r\n\r\n`;
	const got = await client.exchange(bytes);
	assert.equal(got.status, 200, String(got.body));
	const { rawHeaders } = JSON.parse(String(got.body)) as Echo;
	return rawHeaders.flatMap((name, i) =>
		i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] ?? ""] as const] : [],
	);
}

/** As the services that fold most do. */
function fold(name: string): string {
	return name.replaceAll(/[^a-z\d]/g, "-");
}

suite("a name that the gateway writes is the gateway's in every spelling", () => {
	// A second line of these is rejected, or ends the message elsewhere.
	const singular: readonly string[] = [
		"content-length",
		"content-type",
		"host",
	];
	for (const name of written) {
		for (const [title, spell] of Object.entries(spellings)) {
			const spelling = spell(name);
			const isItself = spelling.toLowerCase() === name;
			if (isItself && (singular.includes(name) || title !== "exact")) continue;
			if (title !== "exact" && !name.includes("-") && isItself) continue;
			test(`${name} ${title}`, async (t) => {
				const port = await start(t);
				for (const lines of [
					[`${spelling}: ${evil}`],
					[`${spelling}: ${evil}`, `Connection: ${name}`],
					[`Connection: close, ${spelling}`, `${spelling}: ${evil}`],
				]) {
					const got = await send(port, lines);
					const same = got.filter(([other]) => fold(other) === name);
					assert.equal(same.length, 1, JSON.stringify(same));
					assert.equal(same[0]?.[0], name);
					assert.ok(!same[0]?.[1].includes(evil));
				}
			});
		}
		test(`${name} in capitals, as a trailer, and named by Connection alone`, async (t) => {
			const port = await start(t);
			const upper = singular.includes(name)
				? []
				: [`${name.toUpperCase()}: ${evil}`];
			for (const got of [
				await send(port, upper),
				// node rejects that one.
				...(name === "content-length"
					? []
					: [await send(port, [], [`${name}: ${evil}`])]),
				await send(port, [`Connection: ${name}`]),
			]) {
				const same = got.filter(([other]) => fold(other) === name);
				assert.equal(same.length, 1, JSON.stringify(same));
				assert.ok(!same[0]?.[1].includes(evil));
			}
		});
	}

	test("what frames a message has no other spelling either", async (t) => {
		const port = await start(t);
		const names = [
			...["transfer_encoding", "Transfer.Encoding", "content_length"],
			...["keep_alive", "proxy_connection", "http2_settings"],
		];
		const got = await send(
			port,
			names.map((name) => `${name}: chunked`),
		);
		const others = got.filter(([, value]) => value === "chunked");
		assert.deepEqual(others, []);
	});

	test("names that are another's stay", async (t) => {
		const port = await start(t);
		const kept = ["x_by_forwarder", "x.by", "x-by-forwards", "x_forward"];
		const got = await send(
			port,
			kept.map((name) => `${name}: kept`),
		);
		assert.deepEqual(
			got.filter(([, value]) => value === "kept").map(([name]) => name),
			kept,
		);
	});
});
