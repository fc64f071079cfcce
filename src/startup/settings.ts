import { BlockList, isIP } from "node:net";
import type { TrustedProxies } from "../connection/forwarding.ts";
import { ByHost } from "../http/hosts.ts";
import { dependency, isDependency } from "../model/dependency.ts";
import type {
	GatewayLimits,
	GatewayOptions,
} from "../model/gateway-options.ts";
import type { Dependency, Overrides } from "../model/types.ts";

/** The limits with their defaults. */
export function toLimits(limits: Partial<GatewayLimits> = {}): GatewayLimits {
	return {
		headerBytes: 16 * 1024,
		headersMs: 30_000,
		bodyIdleMs: 30_000,
		sendIdleMs: 60_000,
		minBytesPerSecond: 240,
		keepAliveMs: 65_000,
		connections: 0,
		connectionsPerAddress: 0,
		pipelined: 1,
		...limits,
	};
}

/** Which hosts are served; null where any is. */
export function toHosts({ hosts }: GatewayOptions): ByHost<boolean> | null {
	if (hosts === undefined) return null;
	const names = hosts.map((host) => host.toLowerCase());
	return new ByHost(names, (name) => name !== "");
}

/** Which peers are believed, and in which words; null where none is. */
export function toTrustedProxies({
	trustedProxies = [],
	ipHeader,
}: GatewayOptions): TrustedProxies | null {
	if (trustedProxies.length === 0) return null;
	return {
		addresses: toBlockList(trustedProxies),
		unix: trustedProxies.includes("unix"),
		ipHeader: ipHeader?.toLowerCase() ?? null,
	};
}

/** @throws TypeError when an entry is neither an address, a CIDR nor `unix`. */
export function toBlockList(entries: readonly string[]): BlockList {
	const list = new BlockList();
	for (const entry of entries) {
		if (entry === "unix") continue;
		const [address = "", bits, ...rest] = entry.split("/");
		const version = isIP(address);
		const family = version === 6 ? "ipv6" : "ipv4";
		const most = version === 6 ? 128 : 32;
		const isBits =
			bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
		if (version === 0 || !isBits || rest.length > 0) {
			throw new TypeError(
				`"${entry}" is neither an address, a CIDR nor "unix"`,
			);
		}
		if (bits === undefined) list.addAddress(address, family);
		else list.addSubnet(address, Number(bits), family);
	}
	return list;
}

/** What stands in for dependencies; a plain value becomes one that gives it. */
export function toOverrides(pairs: GatewayOptions["overrides"]): Overrides {
	const overrides = new Map<Dependency, Dependency>();
	for (const [original, replacement] of pairs ?? []) {
		overrides.set(
			original,
			isDependency(replacement) ? replacement : dependency(() => replacement),
		);
	}
	return overrides;
}
