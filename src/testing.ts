import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	type RequestListener,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Gateway, Listening, ListenOptions } from "./index.ts";

/** What a test context offers, `node:test`'s among others: something to call when the test is over. */
export interface TestScope {
	after(clean: () => void | Promise<void>): void;
}

/** A service that a test started. */
export interface TestUpstream {
	/** Such as `http://127.0.0.1:40123`. */
	readonly url: string;
	/** The requests it got, in order. */
	readonly requests: readonly IncomingMessage[];
}

/**
 * Starts a service on a free port of the loopback address, closed by the test.
 *
 * @throws Error when no port is free.
 */
export async function startUpstream(
	scope: TestScope,
	handler: RequestListener,
): Promise<TestUpstream> {
	const requests: IncomingMessage[] = [];
	const server = createServer((req: IncomingMessage, res: ServerResponse) => {
		requests.push(req);
		handler(req, res);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	scope.after(
		() =>
			new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	);
	const { port } = server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}`, requests };
}

/** Starts a gateway on a free port of the loopback address, closed by the test. */
export async function startGateway(
	scope: TestScope,
	gateway: Gateway,
	options: ListenOptions = {},
): Promise<Listening> {
	scope.after(() => gateway.close({ timeoutMs: 0 }));
	return gateway.listen(options);
}
