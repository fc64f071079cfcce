import { type ClientRequest, request } from "node:http";
import type { TestContext } from "node:test";
import {
	createGateway,
	type Gateway,
	type Policy,
	route,
} from "../../../src/index.ts";
import {
	type LimitDecision,
	type RateLimitOptions,
	rateLimit,
} from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway } from "../../../src/testing.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

/** What a client got. */
export interface Call {
	/** 0 while it waits. */
	status: number;
	headers: Readonly<Record<string, string | string[] | undefined>>;
	/** Breaks the connection off, and waits until the gateway has seen it. */
	leave(): Promise<void>;
}

/** A gateway over real sockets, under a clock that the test moves. */
export interface QueueStage {
	readonly gateway: Gateway;
	readonly decisions: readonly LimitDecision[];
	/** The calls that came through, in order, and when: milliseconds since the stage began. */
	readonly passed: readonly (readonly [name: string, atMs: number])[];
	/** Sends a call, and waits until the gateway has it. The path says who calls. */
	call(name: string, path?: string): Promise<Call>;
	/** Lets time pass, millisecond by millisecond. */
	pass(ms: number): Promise<void>;
}

/** A gateway whose calls wait by those limits. Timers and Date stand until `pass`. */
export async function startQueue(
	t: TestContext,
	options: RateLimitOptions,
): Promise<QueueStage> {
	const startMs = Date.UTC(2026, 0, 1);
	t.after(() => t.mock.timers.reset());
	t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: startMs });
	const now = (): number => Date.now();
	const decisions: LimitDecision[] = [];
	const passed: [string, number][] = [];
	const seen = new Map<string, { arrive(): void; end(): void }>();
	const nameOf = (url: string): string => url.slice(url.indexOf("=") + 1);
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({
			onRequest: (ctx) => seen.get(nameOf(ctx.url))?.arrive(),
			onFinish: (ctx) => seen.get(nameOf(ctx.url))?.end(),
		}),
	};
	const limits = rateLimit({
		now,
		onDecision: (decision) => void decisions.push(decision),
		...options,
	});
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		policies: [keeper, limits],
		routes: [
			route.get("/*", {
				handler: (ctx) => {
					passed.push([nameOf(ctx.url), Date.now() - startMs]);
					return "well";
				},
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	const open = new Set<ClientRequest>();
	t.after(() => {
		for (const req of open) req.destroy();
	});
	const flush = async (): Promise<void> => {
		for (let i = 0; i < 3; i++) await new Promise(setImmediate);
	};
	return {
		gateway,
		decisions,
		passed,
		async call(name, path = "/") {
			const arrived = Promise.withResolvers<void>();
			const ended = Promise.withResolvers<void>();
			seen.set(name, { arrive: arrived.resolve, end: ended.resolve });
			const req = request(`${url}${path}?n=${name}`, { agent: false });
			open.add(req);
			const made: Call = {
				status: 0,
				headers: {},
				async leave() {
					req.destroy();
					await ended.promise;
				},
			};
			req.on("error", () => undefined);
			req.on("response", (res) => {
				res.resume();
				made.status = res.statusCode ?? 0;
				made.headers = res.headers;
			});
			req.end();
			await arrived.promise;
			return made;
		},
		async pass(ms) {
			for (let i = 0; i < ms; i++) {
				t.mock.timers.tick(1);
				await flush();
			}
			await flush();
		},
	};
}

/** Waits until a client has its answer. */
export async function answered(call: Call): Promise<number> {
	while (call.status === 0) await new Promise(setImmediate);
	return call.status;
}
