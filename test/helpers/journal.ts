import type { TestContext } from "node:test";
import {
	createGateway,
	type Dependency,
	dependency,
	route,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { createGate, type Gate } from "./gate.ts";
import { KeptLog } from "./kept-log.ts";
import { connectRaw, type RawClient } from "./raw-client.ts";

/** What happened, in order; `until` waits for something to. */
export class Journal {
	readonly lines: string[] = [];
	readonly #waiting = new Map<string, Gate>();

	note(line: string): void {
		this.lines.push(line);
		this.#gateOf(line).open();
	}

	until(line: string): Promise<void> {
		return this.#gateOf(line).opened;
	}

	#gateOf(line: string): Gate {
		const gate = this.#waiting.get(line) ?? createGate();
		this.#waiting.set(line, gate);
		return gate;
	}

	/** A resource: it notes that it was opened and closed. */
	resource(name: string, needs: Record<string, Dependency> = {}): Dependency {
		const note = (line: string): void => this.note(line);
		return dependency(needs, async function* () {
			note(`open ${name}`);
			try {
				yield name;
			} finally {
				note(`close ${name}`);
			}
		});
	}
}

export interface Started {
	readonly client: RawClient;
	readonly log: KeptLog;
}

/** A gateway on a socket, with one route and its dependencies, and a client that has asked for it. */
export async function ask(
	t: TestContext,
	dependencies: Record<string, Dependency>,
	options: { upstream?: string; handler?: () => unknown } = {},
): Promise<Started> {
	const log = new KeptLog();
	const gateway = createGateway({
		docs: false,
		logger: log,
		routes: [
			route.get("/", {
				dependencies,
				...(options.upstream === undefined
					? { handler: (options.handler ?? (() => "done")) as () => string }
					: { upstream: options.upstream }),
			}),
		],
	});
	const { port } = await startGateway(t, gateway);
	const client = await connectRaw({ port });
	t.after(() => client[Symbol.asyncDispose]());
	void client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
	return { client, log };
}
