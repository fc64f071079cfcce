import type { StartTarget } from "./child.ts";
import { startHaproxy } from "./haproxy.ts";
import { startHeadgateChild } from "./headgate-child.ts";
import { startNginx } from "./nginx.ts";
import { startPeer } from "./peer.ts";

/** Every target the runner can start, in the order of the table. */
export const targets: ReadonlyMap<string, StartTarget> = new Map<
	string,
	StartTarget
>([
	["headgate", startHeadgateChild],
	["nginx", startNginx],
	["haproxy", startHaproxy],
	[
		"fastify-http-proxy",
		(port) => startPeer("@fastify/http-proxy", "fastify-http-proxy.js", port),
	],
	["http-proxy", (port) => startPeer("http-proxy", "http-proxy.js", port)],
]);
