import {
	type Context,
	HttpError,
	noteDecision,
	type Policy,
	type PolicyHooks,
	type Reply,
	type RouteInfo,
	reply,
	type UpstreamResponse,
} from "../../index.ts";
import {
	type Checks,
	checkOptions,
	either,
	flag,
	func,
	list,
	matching,
	must,
	oneOf,
	required,
	text,
	whole,
} from "../kit/kit.ts";
import { type AllowedOrigins, compileOrigins } from "./origins.ts";

export type { AllowedOrigins, OriginTest } from "./origins.ts";

/** Which pages of other origins may ask, and what. */
export interface CorsOptions {
	/** Whose pages may read the answers. */
	readonly origins: AllowedOrigins;
	/** Whether the browser sends its cookies and credentials with it. Not with `"*"` anywhere. Default false. */
	readonly credentials?: boolean;
	/** The methods that may be asked for. Default: whatever method the page asks about; the routes decide. */
	readonly methods?: readonly string[];
	/** The request headers that may be sent. Default: whatever headers the page asks about. */
	readonly headers?: readonly string[];
	/** The answer's headers that the page may read besides the few that it always may; `["*"]` for all. Default none. */
	readonly exposedHeaders?: readonly string[];
	/** How long a browser may keep the answer to a preflight, in seconds. Default: its own 5. */
	readonly maxAgeSeconds?: number;
	/** Whether public pages may ask a gateway in a private network, where a browser asks for leave. Default false. */
	readonly privateNetwork?: boolean;
	/**
	 * Which origins may open WebSockets and other upgraded connections. Browsers do not check these
	 * and send cookies along. `"allowed"` (default): the allowed origins and the gateway's own; others get 403. `"any"`: all.
	 */
	readonly upgrades?: "allowed" | "any";
}

/**
 * Cross-origin requests from browsers (Fetch standard, section 3.3). Preflights
 * are answered in step 2, before anybody is identified, and every other answer of
 * the gateway or the service, a refusal too, says who may read it. What the
 * service says of this itself is taken off. Of several such policies the one
 * nearest to the route speaks. An origin that is not allowed is served without
 * permission to read: the browser then rejects the response. An upgrade from it is 403.
 *
 * @throws TypeError for `"*"` with credentials, and for options that can not be used.
 */
export function cors(options: CorsOptions): Policy {
	checkOptions("cors", options, checks);
	const lines = compileLines(options);
	const hooks = compileHooks(options, lines);
	const seen = new WeakSet<RouteInfo>();
	const policy: Policy = {
		name: "cors",
		forRoute(route) {
			// Two would each say their line, and a browser takes neither then.
			const last = route.policies.findLast((one) => ours.has(one));
			const isOurs = last === undefined || last === policy;
			if (!isOurs || seen.has(route)) return null;
			seen.add(route);
			return hooks;
		},
	};
	ours.add(policy);
	return policy;
}

const ours = new WeakSet<Policy>();

/** What is said of every allowed origin, decided once. */
interface Lines {
	readonly isOpen: boolean;
	readonly credentials: boolean;
	readonly methods: string | null;
	readonly headers: string | null;
	readonly exposed: string | null;
	readonly maxAge: string | null;
	readonly privateNetwork: boolean;
	readonly checksUpgrades: boolean;
}

function compileLines(options: CorsOptions): Lines {
	const { credentials = false, exposedHeaders, maxAgeSeconds } = options;
	if (credentials) checkCredentials(options);
	return {
		isOpen: options.origins === "*",
		credentials,
		methods: options.methods?.join(", ") ?? null,
		headers: options.headers?.join(", ") ?? null,
		exposed: exposedHeaders?.join(", ") || null,
		maxAge: maxAgeSeconds === undefined ? null : String(maxAgeSeconds),
		privateNetwork: options.privateNetwork ?? false,
		checksUpgrades: options.upgrades !== "any",
	};
}

/** With credentials `*` is only a name to a browser, and "null" is what any sandboxed page calls itself. */
function checkCredentials(options: CorsOptions): void {
	const { methods, headers, exposedHeaders } = options;
	const named = { methods, headers, exposedHeaders, origins: options.origins };
	for (const [name, value] of Object.entries(named)) {
		if (![value].flat().includes("*")) continue;
		throw new TypeError(`cors: ${name} can not be "*" with credentials`);
	}
	if ([options.origins].flat().includes("null")) {
		throw new TypeError('cors: origins can not have "null" with credentials');
	}
}

// RFC 9110 section 5.6.2; `*` is one.
const token = /^[\w!#$%&'*+\-.^`|~]+$/;

const names = list(matching("a name or *", token));
const expression = must(
	"an expression",
	(value: object) => value instanceof RegExp,
);
const origin = either("a string or an expression", text, expression);
const checks: Checks<CorsOptions> = {
	origins: required(
		either(
			"a string, an expression, an array of them or a function",
			origin,
			list(origin, 1),
			func,
		),
	),
	credentials: flag,
	methods: names,
	headers: names,
	exposedHeaders: names,
	maxAgeSeconds: whole(),
	privateNetwork: flag,
	upgrades: oneOf("allowed", "any"),
};

function compileHooks(options: CorsOptions, lines: Lines): PolicyHooks {
	const test = compileOrigins(options.origins);
	return {
		answersPreflight: true,
		onRequest(ctx) {
			// The answer differs by origin, also where none was sent: a shared cache must not mix them up.
			if (!lines.isOpen) ctx.appendResponseHeader("vary", "Origin");
			const { origin } = ctx.req.headers;
			if (origin === undefined && !lines.isOpen) return undefined;
			const allowed = test === null || test(origin as string, ctx);
			if (typeof allowed === "boolean") return decide(ctx, allowed, lines);
			return Promise.resolve(allowed).then((value) =>
				decide(ctx, value === true, lines),
			);
		},
		onUpstreamResponse: replaceOwn,
	};
}

function decide(ctx: Context, isAllowed: boolean, lines: Lines): Reply | void {
	const { origin } = ctx.req.headers;
	if (isAllowed) allow(ctx, origin, lines);
	else {
		note(ctx, "refused", "origin");
		if (lines.checksUpgrades && isForeignUpgrade(ctx)) {
			throw new HttpError(403, "This origin may not open connections here.");
		}
	}
	if (!isPreflight(ctx)) {
		if (isAllowed && lines.exposed !== null) {
			ctx.setResponseHeader("access-control-expose-headers", lines.exposed);
		}
		return undefined;
	}
	ctx.appendResponseHeader(
		"vary",
		"Access-Control-Request-Method, Access-Control-Request-Headers",
	);
	if (isAllowed) {
		note(ctx, "accepted", "preflight");
		answerPreflight(ctx, lines);
	}
	return reply(204);
}

function allow(ctx: Context, origin: string | undefined, lines: Lines): void {
	ctx.setResponseHeader(
		"access-control-allow-origin",
		lines.isOpen ? "*" : (origin as string),
	);
	if (lines.credentials) {
		ctx.setResponseHeader("access-control-allow-credentials", "true");
	}
}

/**
 * Whether a page of another origin asks for an upgrade. Browsers send the origin with every WebSocket, also with those to
 * the page's own host. Only the hosts are compared: a gateway behind a TLS terminator may not know the scheme.
 */
function isForeignUpgrade({ req, origin: own, route }: Context): boolean {
	const { origin, upgrade } = req.headers;
	const protocol = upgrade?.trim().toLowerCase();
	const isUpgrade = route.upgrades.some(
		(allowed) => allowed.toLowerCase() === protocol,
	);
	if (origin === undefined || !isUpgrade) return false;
	return URL.parse(origin)?.host !== URL.parse(own)?.host;
}

/** Fetch standard, section 4.8. */
function isPreflight({ method, req: { headers } }: Context): boolean {
	return (
		method === "OPTIONS" &&
		headers.origin !== undefined &&
		headers["access-control-request-method"] !== undefined
	);
}

function answerPreflight(ctx: Context, lines: Lines): void {
	const { headers } = ctx.req;
	const methods =
		lines.methods ?? echoed(headers["access-control-request-method"]);
	const names =
		lines.headers ?? echoed(headers["access-control-request-headers"]);
	if (methods !== "") {
		ctx.setResponseHeader("access-control-allow-methods", methods);
	}
	if (names !== "")
		ctx.setResponseHeader("access-control-allow-headers", names);
	if (lines.maxAge !== null) {
		ctx.setResponseHeader("access-control-max-age", lines.maxAge);
	}
	if (
		lines.privateNetwork &&
		headers["access-control-request-private-network"] === "true"
	) {
		ctx.setResponseHeader("access-control-allow-private-network", "true");
	}
}

/** What was asked for, where it is a list of names and nothing else. */
function echoed(asked: string | undefined): string {
	const names = (asked ?? "").split(",").map((name) => name.trim());
	return names.every((name) => token.test(name)) ? names.join(", ") : "";
}

/** A service that speaks of its own origins would say a second, other thing: a browser takes neither then. */
function replaceOwn(_ctx: Context, response: UpstreamResponse): void {
	const { headers } = response;
	if (!headers.some((name, i) => i % 2 === 0 && isCors(name))) return;
	response.headers = headers.filter(
		(_part, i) => !isCors(headers[i - (i % 2)] as string),
	);
}

function isCors(name: string): boolean {
	return /^access-control-/i.test(name);
}

function note(
	ctx: Context,
	outcome: "accepted" | "refused",
	reason: string,
): void {
	const said = { kind: "cors", name: "cors", outcome, reason, subject: null };
	noteDecision(ctx, said);
}
