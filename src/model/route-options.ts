import type { ReplyValue } from "../http/payload.ts";
import type { Reply } from "../http/reply.ts";
import type { FormLimits, FormShape } from "../params/form/form.ts";
import type { Schema, Shape } from "../params/schema.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { ResponseOptions, ResponseSchema } from "./response-options.ts";
import type {
	Context,
	DeclaredRoute,
	Dependencies,
	Fields,
	Policy,
} from "./types.ts";
import type { Upstream, UpstreamTimeouts } from "./upstream.ts";

/** What else, or what instead, goes out. Each is called once a request, after the dependencies. */
export interface Forward<C> {
	/** Query values to set: they take the place of the client's values of these names. */
	readonly query?: (ctx: C) => Fields;
	/** Headers to set: the client's lines of these names are removed first. What is about the connection or the body's length cannot be set. */
	readonly headers?: (ctx: C) => Fields;
	/** The value that goes out as the JSON body instead of the client's; undefined sends none. */
	readonly body?: (ctx: C) => unknown;
	/** Form fields: the whole urlencoded form where the route declares none, else fields added to it. */
	readonly form?: (ctx: C) => Fields;
	/** Values for the names in `upstreamPath` that the path of the route lacks. They are percent-encoded; `.` and `..` are a 400. */
	readonly path?: (
		ctx: C,
	) => Readonly<Record<string, string | number | boolean>>;
}

/** How long a client may keep the gateway waiting. A route may override each. */
export interface ClientLimits {
	/** Of silence within a request body, in milliseconds; longer is a 408. Default 30,000. 0 is off. */
	readonly bodyIdleMs: number;
	/** In which a client takes no byte of a response that waits for it, in milliseconds; then the connection is destroyed. Default 60,000. 0 is off. */
	readonly sendIdleMs: number;
	/**
	 * Of a body either way, once the client is 5 s behind: less is a 408, or destroys the connection. Only time in which
	 * the gateway waits for the client counts. Default 240. 0 is off.
	 */
	readonly minBytesPerSecond: number;
}

/** What the docs say of a route. */
export interface RouteDocs {
	readonly tags?: readonly string[];
	readonly summary?: string;
	readonly description?: string;
	readonly deprecated?: boolean;
	/** The documented status of success. Default 200. */
	readonly statusCode?: number;
	readonly responseDescription?: string;
	/** More responses by status, as OpenAPI 3.1 writes them. */
	readonly responses?: Readonly<
		Record<number, Readonly<Record<string, unknown>>>
	>;
	/** Default true. */
	readonly includeInDocs?: boolean;
	/** Merged into the operation last. */
	readonly openapi?: Readonly<Record<string, unknown>>;
}

/** The shared part of the routes made by one builder. */
export interface SharedOptions<D extends Dependencies = Dependencies> {
	/** Put in front of each path. Default none. */
	readonly prefix?: string;
	readonly upstream?: Upstream | string;
	readonly dependencies?: D;
	readonly policies?: readonly Policy[];
	readonly tags?: readonly string[];
	/** As in a route. */
	readonly hosts?: readonly string[];
}

/** Responds to the requests of a route in the gateway itself. */
export type Handler<C> = (ctx: C) => MaybePromise<Reply | ReplyValue>;

/** The options of a route from which its types come. */
export interface RouteParts {
	/** Default: the method and the path as words. Must be unique. */
	readonly operationId?: string;
	/** The path at the upstream, with the route's parameters put back percent-encoded. Default: the path as it came. */
	readonly upstreamPath?: string;
	readonly path?: Shape;
	/** Declared names go on, nothing else. `'drop'` sends no query at all. */
	readonly query?: Shape | "drop";
	readonly headers?: Shape;
	readonly cookies?: Shape;
	readonly body?: Schema;
	readonly form?: FormShape;
	readonly dependencies?: Dependencies;
}

/** Everything a route may say, before its types are known. */
export interface RouteOptions<C = Context>
	extends RouteParts,
		OtherOptions<C> {}

/** The options of a route besides {@link RouteParts}; `C` is the context that its functions get. */
export interface OtherOptions<C, R extends ResponseSchema = ResponseSchema>
	extends RouteDocs {
	/** The service that answers. One of `upstream` and `handler` is needed. */
	readonly upstream?: Upstream | string;
	/** Responds in the gateway itself: a reply, a web `Response`, bytes or a stream, or a value that is sent as JSON with status 200. */
	readonly handler?: Handler<C>;
	/** The method at the upstream. Default: the client's. */
	readonly upstreamMethod?: string;
	/** What goes on of a declared body: `'validated'` (default) re-serialised, or the `'original'` bytes. */
	readonly bodyMode?: "validated" | "original";
	/** Refuses undeclared form fields and files (422) instead of dropping them. Default false. */
	readonly strict?: boolean;
	/** `'shadow'` forwards and reports what it would have refused, `'off'` forwards it. A body that can not be read at all is refused in any case. Default `'reject'`. */
	readonly validation?: "reject" | "shadow" | "off";
	/** Whether a content-encoded declared body is decoded (else 415). Default true. */
	readonly decodeBody?: boolean;
	/** Bytes. Default 1 MiB where a body or form without files is declared, none where the body streams. */
	readonly maxBodyBytes?: number;
	/** Limits of a form. */
	readonly formLimits?: FormLimits;
	readonly forward?: Forward<C>;
	/** What becomes of the service's response; a schema, or one for each status, is the short form of `{ schema }`. */
	readonly response?: ResponseSchema | ResponseOptions<C, R>;
	/** The protocols that a request may upgrade to; an `upgrade` to any other is taken off the request. Default `['websocket']`. */
	readonly upgrades?: readonly string[];
	/** An upgraded connection without a byte for so many milliseconds is cut. Default 300,000. 0 is off. */
	readonly upgradeIdleMs?: number;
	/** Leaves an upgraded connection open after one side of it has ended, as `docker attach` needs. Default false: the other side then has 2 s. */
	readonly upgradeHalfOpen?: boolean;
	/** Overrides of the gateway's limits on slow clients. */
	readonly limits?: Partial<ClientLimits>;
	/** Overrides of the upstream's timeouts. */
	readonly timeout?: Partial<UpstreamTimeouts>;
	readonly policies?: readonly Policy[];
	/** The hosts it is for, such as `"api.example.com"` or `"*.example.org"` for every name under that one, without a port. Default any. */
	readonly hosts?: readonly string[];
	/** `"opaque"` where the service tells every two spellings of a path apart: then no path is a 400 because a service might take it for one of a route with more in front of it. */
	readonly paths?: "opaque";
}

/** A declared route: a plain value. Made by `route`. */
export interface Route<out Id extends string = string>
	extends DeclaredRoute<Id> {
	readonly options: RouteOptions<never>;
	/** Of the builders it came from, outermost first. */
	readonly policies: readonly Policy[];
	readonly dependencies: Dependencies;
	readonly upstream: Upstream | string | null;
	readonly tags: readonly string[];
}
