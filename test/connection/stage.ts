import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
	createGateway,
	type GatewayOptions,
	route,
	type UpstreamOptions,
	upstream,
} from "../../src/index.ts";
import { type Echo, startEcho } from "../helpers/echo.ts";
import { connectRaw } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";

/** The address of every client and peer here. */
export const own = "127.0.0.1";

/** A gateway that believes its peers, in front of an echo. Its function sends header lines. */
export async function startStage(
	t: TestContext,
	options: Partial<GatewayOptions> = {},
	upstreamOptions: UpstreamOptions = {},
): Promise<(...lines: string[]) => Promise<Seen>> {
	const { url } = await startEcho(t);
	const seen: string[] = [];
	const gateway = createGateway({
		docs: false,
		trustedProxies: ["127.0.0.1", "10.0.0.0/8"],
		policies: [
			{
				name: "seen",
				forRoute: () => ({
					onRequest: (ctx) => void seen.push(ctx.address, ctx.origin),
				}),
			},
		],
		routes: [route.all("/*", { upstream: upstream(url, upstreamOptions) })],
		...options,
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { port } = await gateway.listen();
	return async (...lines) => {
		seen.length = 0;
		await using client = await connectRaw({ port });
		const message = head("GET / HTTP/1.1", "Host: gate.example", ...lines);
		const { status, body } = await client.exchange(message);
		assert.equal(status, 200, String(body));
		const { headers, rawHeaders } = JSON.parse(String(body)) as Echo;
		const [address = "", origin = ""] = seen;
		return { address, origin, headers, rawHeaders };
	};
}

/** What policies and the service see of a request. */
export interface Seen extends Pick<Echo, "headers" | "rawHeaders"> {
	readonly address: string;
	readonly origin: string;
}
