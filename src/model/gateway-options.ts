import { BlockList, isIP } from "node:net";
import type { TlsOptions } from "node:tls";
import type { ErrorFormat } from "../http/reply.ts";
import type { Overrides } from "../request/dependencies.ts";
import type { GatewayLimits } from "../request/runtime.ts";
import { isDependency } from "../startup/check-route.ts";
import { dependency } from "./dependency.ts";
import type {
	Dependencies,
	Dependency,
	Logger,
	Policy,
	Route,
} from "./types.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
	readonly routes: readonly Route[];
	/** The title of the docs. Default `"API Gateway"`. */
	readonly title?: string;
	/** The version in the docs. Default `"1.0.0"`. */
	readonly version?: string;
	/** What the docs say of the gateway as a whole. Markdown. Default none. */
	readonly description?: string;
	/** Where the gateway is reached, as OpenAPI 3.1 writes it, for the docs. Default: where they were read. */
	readonly servers?: readonly Readonly<Record<string, unknown>>[];
	/** In front of every route, before the route's own. */
	readonly dependencies?: Dependencies;
	/** On every route, before the route's own. */
	readonly policies?: readonly Policy[];
	/** Where the docs are; false turns them off. Default `/docs` and `/openapi.json`. */
	readonly docs?: DocsOptions | false;
	/** `"problem"` (default) is RFC 9457; `"fastapi"` answers as a FastAPI application would. */
	readonly errorFormat?: ErrorFormat;
	readonly limits?: Partial<GatewayLimits>;
	/** Addresses or CIDRs of proxies in front, whose forwarding headers are believed. Default none. */
	readonly trustedProxies?: readonly string[];
	/** Default: warnings and errors as JSON lines on standard error. */
	readonly logger?: Logger;
	/** For tests: what resolves in a dependency's stead, a dependency or a value. */
	readonly overrides?: Iterable<readonly [Dependency, unknown]>;
}

/** Where the docs are and who may see them. */
export interface DocsOptions {
	/** The page. Default `/docs`. */
	readonly path?: string;
	/** The OpenAPI document. Default `/openapi.json`. */
	readonly openapi?: string;
	/** In front of both. */
	readonly dependencies?: Dependencies;
}

/** Where a gateway listens. */
export interface ListenOptions {
	/** Default 0: any free port. */
	readonly port?: number;
	/** Default `127.0.0.1`. */
	readonly host?: string;
	/** A Unix socket instead of a port. */
	readonly path?: string;
	/**
	 * Connections that may wait to be accepted; the system has a bound of its own (`somaxconn`). Beyond node's
	 * own 511, clients that come at once in a crowd are reset. Default 4,096.
	 */
	readonly backlog?: number;
	/** Certificate and key, as `node:tls` takes them; `Listening.setTls` swaps them. ALPN says `http/1.1` in any case. Default: plain HTTP. */
	readonly tls?: TlsOptions;
}

/** How a gateway closes. */
export interface CloseOptions {
	/** After so many milliseconds what is left is cut off. Default 30,000. */
	readonly timeoutMs?: number;
}

/** The limits with their defaults. */
export function toLimits(limits: Partial<GatewayLimits> = {}): GatewayLimits {
	for (const [name, value] of Object.entries(limits)) {
		if (typeof value !== "number" || !(value >= 0)) {
			throw new TypeError(
				`limits.${name} must be a number of at least 0, got ${value}`,
			);
		}
	}
	return {
		headerBytes: 16 * 1024,
		headersMs: 30_000,
		bodyIdleMs: 30_000,
		keepAliveMs: 65_000,
		connections: 0,
		...limits,
	};
}

/**
 * The list of trusted proxies; null where there is none.
 *
 * @throws TypeError when an entry is neither an address nor a CIDR.
 */
export function toBlockList(
	entries: readonly string[] | undefined,
): BlockList | null {
	if (entries === undefined || entries.length === 0) return null;
	const list = new BlockList();
	for (const entry of entries) {
		const [address = "", bits, ...rest] = entry.split("/");
		const version = isIP(address);
		const family = version === 6 ? "ipv6" : "ipv4";
		const most = version === 6 ? 128 : 32;
		const isBits =
			bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
		if (version === 0 || !isBits || rest.length > 0) {
			throw new TypeError(
				`trustedProxies: "${entry}" is neither an address nor a CIDR`,
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

/** Warnings and errors as JSON lines on standard error; the rest is for a real logger. */
export const defaultLogger: Logger = {
	error: (details, message) => write("error", details, message),
	warn: (details, message) => write("warn", details, message),
	info: () => undefined,
};

function write(level: string, details: object, message: string): void {
	const time = new Date().toISOString();
	const line = { level, time, message, ...details };
	process.stderr.write(`${JSON.stringify(line, replaceErrors)}\n`);
}

function replaceErrors(_key: string, value: unknown): unknown {
	if (!(value instanceof Error)) return value;
	const { name, message, stack, cause } = value;
	return { name, message, stack, cause };
}
