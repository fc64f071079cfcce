import {
	type Context,
	createGateway,
	type Gateway,
	type Policy,
	route,
	upstream,
} from "../../../src/index.ts";
import { WireError } from "../../helpers/byte-reader.ts";
import {
	type RawUpstream,
	type RawUpstreamOptions,
	startRawUpstream,
} from "../../helpers/raw-upstream.ts";

/** What went upstream, as the gateway saw it. */
export interface Sent {
	readonly method: string;
	readonly path: string;
}

/** How long a case may wait for what must come, in milliseconds; a loaded machine is slow. */
export const limitMs = 5_000;
/** How long the gateway waits for more of a request, in milliseconds. */
const silenceMs = 2_000;

/** A gateway of its own in front of a raw upstream of its own: what arrives belongs to the case that runs. */
export class Stage {
	readonly upstream: RawUpstream;
	readonly gateway: Gateway;
	port = 0;
	/** What the gateway meant to send upstream in this case. */
	sent: Sent[] = [];
	/** What the gateway logged: no case may make it. */
	errors: unknown[] = [];
	/** Requests that have begun and not ended. */
	readonly #underWay = new Set<Context>();
	#wake: (() => void) | null = null;

	constructor(raw: RawUpstream, headersMs: number) {
		this.upstream = raw;
		const service = upstream(raw.url, {
			timeout: { headersMs, bodyMs: headersMs, connectMs: limitMs },
		});
		const tell = (details: object) => void this.errors.push(details);
		this.gateway = createGateway({
			docs: false,
			limits: { headersMs: silenceMs, bodyIdleMs: silenceMs },
			routes: [route.all("/*", { upstream: service })],
			policies: [this.#watcher()],
			// A warning says why the service failed, which is the point of the exercise.
			logger: { error: tell, warn: () => undefined, info: () => undefined },
		});
	}

	static async start(
		headersMs: number = limitMs,
		options: RawUpstreamOptions = {},
	): Promise<Stage> {
		const stage = new Stage(await startRawUpstream(options), headersMs);
		const { port } = await stage.gateway.listen();
		stage.port = port;
		return stage;
	}

	#watcher(): Policy {
		return {
			name: "watcher",
			forRoute: () => ({
				onRequest: (ctx) => void this.#underWay.add(ctx),
				onUpstreamRequest: (_ctx, { method, path }) =>
					void this.sent.push({ method, path }),
				onFinish: (ctx) => {
					this.#underWay.delete(ctx);
					if (this.#underWay.size === 0) this.#wake?.();
				},
			}),
		};
	}

	/** Forgets the case before, but keeps the connections that are still open. */
	clear(): void {
		this.sent = [];
		this.errors = [];
		const { upstream: raw } = this;
		raw.connections = raw.connections.filter(
			({ isOpen, malformed }) => isOpen && malformed === null,
		);
		for (const { requests } of raw.connections) requests.length = 0;
	}

	/** Waits until every request has ended. */
	async idle(): Promise<void> {
		if (this.#underWay.size > 0) await this.#untilIdle();
		// What was written before the end is read by the upstream in the next turns.
		for (let turn = 0; turn < 3; turn++) {
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	async #untilIdle(): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const late = new WireError(
			"timeout",
			`${this.#underWay.size} requests do not end`,
		);
		const timer = setTimeout(() => reject(late), limitMs);
		this.#wake = resolve;
		await promise.finally(() => clearTimeout(timer));
	}

	async close(): Promise<void> {
		await this.gateway.close({ timeoutMs: 0 });
		await this.upstream.close();
	}
}
