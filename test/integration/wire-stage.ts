import {
	createGateway,
	type Gateway,
	type GatewayOptions,
	type Outcome,
	type Policy,
	type Route,
	route,
	upstream as toUpstream,
	type Upstream,
	type UpstreamOptions,
} from "../../src/index.ts";
import { startGateway, type TestScope } from "../../src/testing.ts";
import { within } from "../helpers/byte-reader.ts";
import { connectRaw, type RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import { waitMs } from "../helpers/raw-socket.ts";
import {
	type RawUpstream,
	type RawUpstreamOptions,
	startRawUpstream,
} from "../helpers/raw-upstream.ts";

/** How a stage is set up. Default: one route that forwards everything. */
export interface WireStageOptions {
	readonly routes?: (target: Upstream) => readonly Route[];
	readonly upstream?: UpstreamOptions;
	readonly gateway?: Omit<GatewayOptions, "routes">;
	readonly raw?: RawUpstreamOptions;
}

/** A gateway between raw clients and a raw upstream, and what it told its policies and its log. */
export class WireStage {
	readonly gateway: Gateway;
	readonly upstream: RawUpstream;
	readonly port: number;
	readonly outcomes: Outcome[];
	/** What the gateway logged as errors. */
	readonly errors: unknown[];
	readonly #clients: RawClient[] = [];

	constructor(
		gateway: Gateway,
		upstream: RawUpstream,
		port: number,
		records: Records,
	) {
		this.gateway = gateway;
		this.upstream = upstream;
		this.port = port;
		this.outcomes = records.outcomes;
		this.errors = records.errors;
	}

	/** A connection to the gateway, closed with the stage. */
	async connect(): Promise<RawClient> {
		const client = await connectRaw({ port: this.port });
		this.#clients.push(client);
		client.socket.once("close", () => {
			this.#clients.splice(this.#clients.indexOf(client), 1);
		});
		return client;
	}

	/** Waits until so many requests have ended, and gives back the last of them. */
	async ended(count = 1, timeoutMs: number = waitMs): Promise<Outcome> {
		const poll = async (): Promise<void> => {
			while (this.outcomes.length < count) await new Promise(setImmediate);
		};
		await within(poll(), timeoutMs, `the end of request ${count}`);
		return this.outcomes[count - 1] as Outcome;
	}

	async close(): Promise<void> {
		await Promise.all(this.#clients.map((client) => client.close()));
		await this.gateway.close({ timeoutMs: 0 });
		await this.upstream.close();
	}
}

interface Records {
	readonly outcomes: Outcome[];
	readonly errors: unknown[];
}

/** Starts gateway and upstream; both are closed with the scope. */
export async function startWireStage(
	scope: TestScope,
	options: WireStageOptions = {},
): Promise<WireStage> {
	const upstream = await startRawUpstream(options.raw);
	const records: Records = { outcomes: [], errors: [] };
	const target = toUpstream(upstream.url, options.upstream);
	const {
		routes = (service: Upstream) => [route.all("/*", { upstream: service })],
	} = options;
	const gateway = createGateway({
		docs: false,
		...options.gateway,
		policies: [record(records.outcomes), ...(options.gateway?.policies ?? [])],
		logger: {
			error: (details) => records.errors.push(details),
			warn: () => {},
			info: () => {},
		},
		routes: routes(target),
	});
	const { port } = await startGateway({ after: () => {} }, gateway);
	const stage = new WireStage(gateway, upstream, port, records);
	scope.after(() => stage.close());
	return stage;
}

function record(outcomes: Outcome[]): Policy {
	const onFinish = (_ctx: unknown, outcome: Outcome): void => {
		outcomes.push(outcome);
	};
	return { name: "record", forRoute: () => ({ onFinish }) };
}

/** The head of a request, with its Host. */
export function request(startLine: string, ...headers: string[]): string {
	return head(`${startLine} HTTP/1.1`, "Host: gateway.test", ...headers);
}
