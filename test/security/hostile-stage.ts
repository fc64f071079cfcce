import assert from "node:assert/strict";
import { dependency, input, route, Type } from "../../src/index.ts";
import type { TestScope } from "../../src/testing.ts";
import { startRawUpstream } from "../helpers/raw-upstream.ts";
import { type Asked, startRecordingFront } from "../helpers/recording-front.ts";

const text = Type.Optional(Type.String());
const tenant = dependency(
	{ tenant: input.query("tenant", text) },
	(needs) => needs,
);

/** A gateway that takes values out of requests in every way, and a service that it must never reach. */
export interface HostileStage {
	/** Where nothing may ever arrive, such as `127.0.0.1:40123`. */
	readonly elsewhere: string;
	/** Fails when something arrived there, or a prototype was changed. */
	assertUntouched(): void;
	askRaw(bytes: string | Uint8Array): Promise<Asked>;
	/** Sends a target as it is, a byte a character. */
	get(target: string): Promise<Asked>;
	/** Fails unless the target is refused with that status and does not reach the service. */
	refused(target: string, status: number): Promise<void>;
	/** The only target that reached the service. */
	reached(target: string): Promise<string>;
}

/** Starts all three; they are closed with the scope. */
export async function startHostileStage(
	scope: TestScope,
): Promise<HostileStage> {
	const evil = await startRawUpstream();
	scope.after(() => evil.close());
	const front = await startRecordingFront(scope, routes, {
		limits: { headerBytes: 1_048_576 },
		logger: {
			error: (details: object) => assert.fail(JSON.stringify(details)),
			warn: () => {},
			info: () => {},
		},
	});
	const get = (target: string): Promise<Asked> =>
		front.askRaw(
			Buffer.from(`GET ${target} HTTP/1.1\r\nHost: g\r\n\r\n`, "latin1"),
		);
	const names = namesOfPrototype();
	return {
		elsewhere: `127.0.0.1:${evil.port}`,
		assertUntouched() {
			assert.equal(evil.connections.length, 0);
			assert.equal(namesOfPrototype(), names);
		},
		askRaw: front.askRaw,
		get,
		async refused(target, status) {
			const asked = await get(target);
			assert.equal(asked.status, status, target);
			assert.equal(asked.request, null);
		},
		async reached(target) {
			const asked = await get(target);
			assert.equal(asked.status, 200, target);
			return asked.request?.target as string;
		},
	};
}

function namesOfPrototype(): string {
	return Object.getOwnPropertyNames(Object.prototype).join();
}

function routes(upstream: string) {
	const api = route.with({ upstream });
	return [
		api.get("/items/:id", { upstreamPath: "/v1/items/:id" }),
		api.get("/items/:id/tail", { upstreamPath: "/v1/items/:id/tail" }),
		api.get("/pairs/:a-:b", { upstreamPath: "/v1/:a.:b" }),
		api.get("/maybe/:id?", { path: { id: text } }),
		api.get("/files/*", { upstreamPath: "/v1/files/*" }),
		api.get("/query", { query: { s: text }, upstreamPath: "/v1/query" }),
		api.get("/named/:id", {
			upstreamPath: "/v1/named",
			forward: { query: (ctx) => ({ id: ctx.path.id }) },
		}),
		api.get("/header", {
			query: { s: text },
			forward: { headers: (ctx) => ({ "x-s": ctx.query.s }) },
		}),
		api.get("/tenant", { dependencies: { tenant } }),
	];
}
