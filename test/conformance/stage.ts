import { AssertionError } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { WireError, within } from "../helpers/byte-reader.ts";
import {
	connectRaw,
	type RawClient,
	type RawResponse,
} from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import {
	answerWhole,
	type RawConnection,
	type RawRequest,
	type RawUpstream,
	type Script,
} from "../helpers/raw-upstream.ts";

/** One rule of the wire, as something that can be seen from outside. */
export interface Case {
	readonly id: string;
	readonly topic: string;
	/** What must hold, as a sentence. */
	readonly rule: string;
	/** Where it is written. */
	readonly rfc: string;
	/** Passes by returning, fails by throwing, and throws {@link Differs} for another safe choice. */
	run(stage: Stage): Promise<void>;
}

/** What came of a case. `differs`: another choice than ours, and a safe one. */
export type Verdict =
	| { readonly result: "pass" }
	| { readonly result: "differs" | "fail"; readonly reason: string };

/** Another choice than the one we made, and a safe one. */
export class Differs extends Error {}

/** Ends a case as {@link Differs}. */
export function differs(reason: string): never {
	throw new Differs(reason);
}

/** The target under test. */
export interface TargetAddress {
	readonly host: string;
	readonly port: number;
}

/** How long a case may take, in milliseconds. */
export const caseMs = 3_000;

/** The authority that requests name. */
export const authority = "gateway.test";

/** The head of a request to the target, with its Host. */
export function request(startLine: string, ...headers: string[]): string {
	return head(startLine, `Host: ${authority}`, ...headers);
}

const barrierPath = "/barrier";

/** What a case acts on: clients on one side of the target, the raw upstream on the other. */
export class Stage {
	readonly target: TargetAddress;
	readonly upstream: RawUpstream;
	readonly #clients: RawClient[] = [];

	constructor(target: TargetAddress, upstream: RawUpstream) {
		this.target = target;
		this.upstream = upstream;
		this.answer(answerWhole);
	}

	/** What reached the upstream in this case. */
	get requests(): RawRequest[] {
		return this.upstream.requests.filter((one) => !isBarrier(one));
	}

	get connections(): RawConnection[] {
		return this.upstream.connections;
	}

	/** Sets what the upstream does with the requests of this case. */
	answer(script: Script): void {
		this.upstream.script = (one, connection) =>
			isBarrier(one) ? answerWhole(one, connection) : script(one, connection);
	}

	/** Waits for the request with that index. */
	async arrived(index = 0, timeoutMs?: number): Promise<RawRequest> {
		await this.upstream.until(
			() => this.requests.length > index,
			`request ${index} at the upstream`,
			timeoutMs,
		);
		return this.requests[index] as RawRequest;
	}

	/** The connection that carried a request. */
	carrier(one: RawRequest): RawConnection {
		const found = this.connections.find((each) => each.requests.includes(one));
		if (!found) throw new Error("no connection carried it");
		return found;
	}

	/** A connection to the target, closed when the case ends. */
	async connect(): Promise<RawClient> {
		const client = await connectRaw(this.target);
		this.#clients.push(client);
		return client;
	}

	/** One request on a connection of its own. */
	async exchange(
		bytes: string | Uint8Array,
		method = "GET",
	): Promise<RawResponse> {
		const client = await this.connect();
		return client.exchange(bytes, method);
	}

	/** A plain GET to the upstream and back: what the target had sent before has arrived by then. */
	async barrier(): Promise<void> {
		let last: unknown;
		for (let attempt = 0; attempt < 5; attempt += 1) {
			last = await this.#crossOnce().catch((error: unknown) => error);
			if (last === 200) return;
			await delay(20 * attempt);
		}
		throw new Error(`the target does not answer a plain GET: ${String(last)}`);
	}

	/** Puts everything back: no client, no connection but one fresh idle one, the usual script. */
	async clear(): Promise<void> {
		this.answer(answerWhole);
		this.upstream.onConnection = null;
		await Promise.all(this.#clients.splice(0).map((client) => client.close()));
		await this.upstream.closeConnections();
		this.upstream.connections = [];
		await this.barrier();
	}

	async #crossOnce(): Promise<number> {
		const client = await connectRaw(this.target);
		try {
			await client.send(
				request(`GET ${barrierPath} HTTP/1.1`, "Connection: close"),
			);
			return (await client.readResponse("GET", 500)).status;
		} finally {
			await client.close();
		}
	}
}

function isBarrier(one: RawRequest): boolean {
	return one.target === barrierPath;
}

/** Runs one case, bounded in time, and clears the stage. A target that is dead afterwards has failed. */
export async function judge(one: Case, stage: Stage): Promise<Verdict> {
	const verdict = await within(one.run(stage), caseMs, "the case").then(
		(): Verdict => ({ result: "pass" }),
		toVerdict,
	);
	try {
		await stage.clear();
		return verdict;
	} catch (error) {
		return { result: "fail", reason: `afterwards ${messageOf(error)}` };
	}
}

function toVerdict(error: unknown): Verdict {
	const result = error instanceof Differs ? "differs" : "fail";
	return { result, reason: messageOf(error) };
}

function messageOf(error: unknown): string {
	if (error instanceof WireError) return `${error.problem}: ${error.message}`;
	if (error instanceof AssertionError && error.generatedMessage)
		return `${inspect(error.actual)} instead of ${inspect(error.expected)}`;
	return error instanceof Error
		? (error.message.split("\n", 1)[0] ?? "")
		: String(error);
}
