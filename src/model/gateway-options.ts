import type { TlsOptions } from "node:tls";
import type { HttpError } from "../http/errors.ts";
import type {
	ErrorFormat,
	HeaderList,
	ReplyBody,
	ReplyHeaders,
} from "../http/reply.ts";
import type { ClientLimits, Route } from "./route-options.ts";
import type {
	Context,
	Dependencies,
	Dependency,
	Logger,
	Policy,
} from "./types.ts";

/** A route, or a list of them. */
export type RouteList<Id extends string = string> =
	| Route<Id>
	| readonly RouteList<Id>[];

/**
 * Lists of routes of any depth. The empty tuple makes TypeScript read a literal as a tuple: of the elements of an array it
 * makes a union, and more than 1,000 of them are an error (TS2590).
 */
export type Routes<Id extends string = string> =
	| readonly []
	| readonly RouteList<Id>[];

/** What a gateway is made of. */
export interface GatewayOptions {
	/** Made by `route`, in lists of any depth. */
	readonly routes: Routes;
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
	/** `"problem"` (default) is RFC 9457; `"fastapi"` responds as a FastAPI application would; a function makes its own responses. */
	/** The hosts that are served, as a route names them; a request for any other is a 421. Default any. */
	readonly hosts?: readonly string[];
	/** `"opaque"` for every route. */
	readonly paths?: "opaque";
	readonly errorFormat?: ErrorFormat | FormatError;
	readonly limits?: Partial<GatewayLimits>;
	/**
	 * Proxies in front whose forwarding headers are believed: addresses, CIDRs, and `"unix"` for every peer on a
	 * Unix socket. Default none.
	 */
	readonly trustedProxies?: readonly string[];
	/**
	 * The header in which they name the client, such as `cf-connecting-ip`, which then counts before the chain of
	 * addresses. From any other peer it is dropped. Default none.
	 */
	readonly ipHeader?: string;
	/** Default: warnings and errors as JSON lines on standard error. */
	readonly logger?: Logger;
	/** For tests: what resolves in a dependency's stead, a dependency or a value. */
	readonly overrides?: Iterable<readonly [Dependency, unknown]>;
}

/**
 * Makes the response to an error. `ctx` is null where the head of the request could not be read. Headers of the error,
 * such as `www-authenticate`, are added unless it sets them or another status. If it fails, that is logged, and the
 * response is a problem document.
 */
export type FormatError = (
	error: HttpError,
	ctx: Context | null,
) => ErrorResponse;

/** A response to an error: what `reply()` makes, or the parts of it. */
export interface ErrorResponse {
	/** Default: the error's own. */
	readonly status?: number;
	readonly headers?: ReplyHeaders | HeaderList;
	readonly body?: ReplyBody;
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

/** Limits on what clients may send and how long they may take. */
export interface GatewayLimits extends ClientLimits {
	/** Bytes of a request head; more is a 431. Default 16 KiB. */
	readonly headerBytes: number;
	/** For a whole head, in milliseconds; later is a 408. Default 30,000. */
	readonly headersMs: number;
	/** An idle connection is closed after so many milliseconds. Default 65,000. */
	readonly keepAliveMs: number;
	/** Connections at the same time; more are closed at once. Default 0: no limit. */
	readonly connections: number;
	/** The same for each client address; peers in `trustedProxies` and on a Unix socket are exempt. Default 0: no limit. */
	readonly connectionsPerAddress: number;
	/** Requests under way at the same time on one connection. More wait, 100 at the most; one more is a 400. Default 1. */
	readonly pipelined: number;
}
