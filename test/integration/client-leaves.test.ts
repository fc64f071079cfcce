import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { suite, test } from "node:test";
import {
	dependency,
	file,
	type Route,
	reply,
	route,
	Type,
	type Upstream,
} from "../../src/index.ts";
import { within } from "../helpers/byte-reader.ts";
import type { RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { ways } from "./abort-scenes.ts";
import { request, startWireStage, type WireStage } from "./wire-stage.ts";

/** What a row waits for: named events, each once. */
class Bells {
	readonly #bells = new Map<string, PromiseWithResolvers<void>>();

	ring(name: string): void {
		this.#bell(name).resolve();
	}

	heard(name: string): Promise<void> {
		return within(this.#bell(name).promise, 2_500, name);
	}

	#bell(name: string): PromiseWithResolvers<void> {
		const bell = this.#bells.get(name) ?? Promise.withResolvers<void>();
		this.#bells.set(name, bell);
		return bell;
	}
}

interface Row {
	/** What the gateway is at when the client leaves. */
	readonly during: string;
	readonly routes: (target: Upstream, bells: Bells) => readonly Route[];
	readonly send: string;
	/** What is rung before the client leaves; default: the request is at the upstream. */
	readonly after?: string;
	/** What must be rung once it has left. */
	readonly rings: readonly string[];
}

const partOfJson = `${request("POST /", "Content-Type: application/json", "Content-Length: 100")}{"a":`;
const upgrade = [
	"Connection: Upgrade",
	"Upgrade: websocket",
	"Sec-WebSocket-Version: 13",
];

const rows: readonly Row[] = [
	{
		during: "a policy that takes its time",
		routes: (target, bells) => [
			route.get("/", {
				upstream: target,
				policies: [
					{
						name: "slow",
						forRoute: () => ({
							async onRequest(ctx) {
								bells.ring("begun");
								await once(ctx.signal, "abort");
								bells.ring("aborted");
							},
						}),
					},
				],
			}),
		],
		send: request("GET /"),
		after: "begun",
		rings: ["aborted"],
	},
	{
		during: "a dependency that has not got its lease yet",
		routes: (target, bells) => [
			route.get("/", {
				upstream: target,
				dependencies: {
					lease: dependency(async function* lease(ctx) {
						bells.ring("begun");
						await once(ctx.signal, "abort");
						try {
							yield 1;
						} finally {
							bells.ring("cleaned");
						}
					}),
				},
			}),
		],
		send: request("GET /"),
		after: "begun",
		rings: ["cleaned"],
	},
	{
		during: "a dependency that answers afterwards with a stream",
		routes: (target, bells) => [
			route.get("/", {
				upstream: target,
				dependencies: {
					late: dependency(async function late(ctx) {
						bells.ring("begun");
						await once(ctx.signal, "abort");
						return reply(200, ringing(bells));
					}),
				},
			}),
		],
		send: request("GET /"),
		after: "begun",
		rings: ["destroyed"],
	},
	{
		during: "the reading of a declared body",
		routes: (target, bells) => [
			leased(bells).post("/", { upstream: target, body: Type.Object({}) }),
		],
		send: partOfJson,
		after: "leased",
		rings: ["cleaned"],
	},
	{
		during: "the reading of a form",
		routes: (target, bells) => [
			leased(bells).post("/", { upstream: target, form: { a: Type.String() } }),
		],
		send: `${request("POST /", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 100")}a=1`,
		after: "leased",
		rings: ["cleaned"],
	},
	{
		during: "a file that streams through",
		routes: (target, bells) => [
			leased(bells).post("/", {
				upstream: target,
				form: { a: Type.String(), photo: file() },
			}),
		],
		send: `${request("POST /", "Content-Type: multipart/form-data; boundary=b", "Content-Length: 100000")}${part('name="a"', "1")}${part('name="photo"; filename="p"', "x".repeat(50_000))}`,
		rings: ["cleaned"],
	},
	{
		during: "a handler",
		routes: (_target, bells) => [
			leased(bells).get("/", {
				async handler(ctx) {
					bells.ring("begun");
					await once(ctx.signal, "abort");
					return reply(200, ringing(bells));
				},
			}),
		],
		send: request("GET /"),
		after: "begun",
		rings: ["cleaned", "destroyed"],
	},
	{
		during: "a stream of a handler's own",
		routes: (_target, bells) => [
			leased(bells).get("/", { handler: () => reply(200, ringing(bells)) }),
		],
		send: request("GET /"),
		after: "read",
		rings: ["cleaned", "destroyed"],
	},
	{
		during: "the reading of an answer that is to be checked",
		routes: (target, bells) => [
			leased(bells).get("/", {
				upstream: target,
				response: { schema: Type.Object({}), mode: "validate" },
			}),
		],
		send: request("GET /"),
		rings: ["cleaned"],
	},
	{
		during: "an upgrade that the upstream has not answered",
		routes: (target, bells) => [leased(bells).get("/", { upstream: target })],
		send: request("GET /", ...upgrade),
		rings: ["cleaned"],
	},
];

function part(name: string, body: string): string {
	return `--b\r\nContent-Disposition: form-data; ${name}\r\n\r\n${body}\r\n`;
}

/** Routes with a dependency that tells when it is cleaned up. */
function leased(bells: Bells) {
	const lease = dependency(async function* lease() {
		bells.ring("leased");
		try {
			yield 1;
		} finally {
			bells.ring("cleaned");
		}
	});
	return route.with({ dependencies: { lease } });
}

/** A stream without an end that tells when it is read and destroyed. */
function ringing(bells: Bells): Readable {
	return new Readable({
		read() {
			bells.ring("read");
			this.push("x");
		},
		destroy(_error, callback) {
			bells.ring("destroyed");
			callback(null);
		},
	});
}

/** The upstream's side: half a JSON answer. */
function answerHalf(stage: WireStage): void {
	stage.upstream.script = (one, connection) =>
		one.header("upgrade") === undefined && one.method === "GET"
			? connection.send(
					`${head("HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Length: 9")}{"a`,
				)
			: one.whole;
}

async function leave(
	stage: WireStage,
	client: RawClient,
	way: (client: RawClient) => unknown,
): Promise<void> {
	way(client);
	const { status, source, code, complete } = await stage.ended();
	assert.deepEqual(
		{ status, source, code, complete },
		{ status: 499, source: "client", code: "ERR_CLIENT_GONE", complete: false },
	);
	for (const connection of stage.upstream.connections) {
		await connection.until(
			() => !connection.isOpen,
			"the end of the call",
			500,
		);
	}
}

suite("a client that leaves during", () => {
	for (const row of rows)
		for (const [i, way] of ways.entries())
			test(`${row.during}, by a ${["FIN", "reset"][i]}`, async (t) => {
				const bells = new Bells();
				const stage = await startWireStage(t, {
					routes: (target) => row.routes(target, bells),
				});
				answerHalf(stage);
				const client = await stage.connect();
				await client.send(row.send);
				if (row.after === undefined) await stage.upstream.request();
				else await bells.heard(row.after);
				await leave(stage, client, way);
				for (const name of row.rings) await bells.heard(name);
				assert.equal(stage.outcomes.length, 1);
				assert.deepEqual(stage.errors, []);
			});
});
