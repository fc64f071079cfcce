import crypto from "node:crypto";
import type { Dependency, MaybePromise } from "../../index.ts";
import {
	type Checks,
	checkOptions,
	group,
	longestTimerMs,
	oneOf,
	required,
	text,
	texts,
	tlsOptions,
	whole,
} from "../kit/kit.ts";
import { authorizationInput, withholdAuthorization } from "./authorization.ts";
import {
	Bearer,
	type BearerOptions,
	bearerChecks,
	bearerDocs,
	readScopes,
	type TokenIdentity,
} from "./bearer.ts";
import {
	CachedLookup,
	failLookup,
	keptMs,
	type LookupBounds,
	type LookupCacheOptions,
	lookupBoundChecks,
} from "./cached-lookup.ts";
import { JsonClient, type TlsOptions, toTrustedUrl } from "./json-client.ts";
import { scheme } from "./scheme.ts";

export type { BearerOptions, TokenIdentity } from "./bearer.ts";
export type { TlsOptions } from "./json-client.ts";
export type { AuthDecision, SchemeOptions } from "./scheme.ts";

/** How the gateway makes itself known to the server: as a client (RFC 6749 section 2.3.1), or by a token of its own. */
export type IntrospectionClient =
	| {
			readonly id: string;
			readonly secret: string;
			/** In the Authorization field, or in the form. Default `"basic"`. */
			readonly method?: "basic" | "post";
			readonly token?: never;
	  }
	| { readonly token: string; readonly id?: never; readonly secret?: never };

/** Whom to ask about tokens, and which are accepted. */
export interface IntrospectionOptions extends BearerOptions, LookupBounds {
	/** The introspection endpoint: https, or http to the loopback address. */
	readonly url: string;
	readonly client: IntrospectionClient;
	/** The `iss` of the answer must be it, or one of them, to the letter. Default: any. */
	readonly issuer?: string | readonly string[];
	/** The `aud` of the answer must be it or hold it, or one of them. Default: any. */
	readonly audience?: string | readonly string[];
	/** How long an active token is believed, in milliseconds, though never beyond its `exp`: also how long a revoked one still works. Default 300,000, which is the most. */
	readonly activeMs?: number;
	/** How long an inactive one is. Default 5,000. */
	readonly inactiveMs?: number;
	/** Answers that are kept, of each kind. Default 10,000. */
	readonly maxEntries?: number;
	/** For an answer of the server, in milliseconds. Default 5,000. */
	readonly timeoutMs?: number;
	/** Different tokens that are being asked about at the same time; beyond it the answer is 503. Default 256. */
	readonly maxUnderWay?: number;
	/** How the server is reached over TLS. Default: the system's authorities. */
	readonly tls?: TlsOptions;
}

/** What the server says of an active token (RFC 7662 section 2.2). It can not be changed. */
export interface IntrospectionClaims {
	readonly active: true;
	readonly scope?: string;
	readonly client_id?: string;
	readonly username?: string;
	readonly token_type?: string;
	readonly sub?: string;
	readonly exp?: number;
	readonly iat?: number;
	readonly nbf?: number;
	readonly aud?: string | readonly string[];
	readonly iss?: string;
	readonly jti?: string;
	readonly [name: string]: unknown;
}

type Identity = TokenIdentity<IntrospectionClaims>;

const mostActiveMs = 300_000;
const answerBytes = 64 * 1024;

const checks: Checks<IntrospectionOptions> = {
	...bearerChecks,
	url: required(text),
	client: required(
		group<IntrospectionClient>({
			id: text,
			secret: text,
			method: oneOf("basic", "post"),
			token: text,
		}),
	),
	issuer: texts,
	audience: texts,
	activeMs: whole(0, mostActiveMs),
	inactiveMs: keptMs,
	maxEntries: whole(),
	timeoutMs: whole(1, longestTimerMs),
	...lookupBoundChecks,
	tls: tlsOptions,
};

/**
 * Callers by a token that its issuer is asked about (OAuth 2.0 Token Introspection,
 * RFC 7662). Answers are kept by the token's digest: of an active one until it
 * expires, five minutes at most; requests with the same token share a call. 401
 * `invalid_token`, 403 `insufficient_scope` (RFC 6750), 503 while the server gives
 * no answer.
 *
 * @throws TypeError for options that can not be used.
 */
export function introspection(
	options: IntrospectionOptions,
): Dependency<Identity> {
	checkOptions("introspection", options, checks);
	const bearer = new Bearer(options);
	const inspect = compileInspect(options, bearer);
	return scheme({
		name: "introspection",
		needs: { lines: authorizationInput },
		docs: bearerDocs(options, "introspection"),
		withhold: ({ lines }, ctx) => withholdAuthorization(lines, "bearer", ctx),
		forwards: options.forwardToken,
		mayWait: true,
		identify({ lines }, ctx) {
			const found = inspect(bearer.readToken(lines), ctx.address);
			return found instanceof Promise
				? found.then((identity) => admit(identity, bearer))
				: admit(found, bearer);
		},
		onDecision: options.onDecision,
	});
}

function admit(identity: Identity | null, bearer: Bearer): Identity {
	if (identity === null) throw bearer.invalid("inactive");
	if (!bearer.allows(identity.scopes)) throw bearer.insufficient();
	return identity;
}

function compileInspect(
	options: IntrospectionOptions,
	bearer: Bearer,
): (token: string, address: string) => MaybePromise<Identity | null> {
	const { now = Date.now, maxUnderWay = 256 } = options;
	const cache = new CachedLookup<Identity>(toCache(options), now, {
		...options,
		maxUnderWay,
	});
	const ask = compileAsk(options);
	const check = compileCheck(options, bearer, now);
	const leftMs = ({ claims: { exp } }: Identity): number =>
		exp === undefined ? mostActiveMs : exp * 1000 - now();
	return (token, address) => {
		const digest = crypto.hash("sha256", token, "base64url");
		const find = async () => toIdentity(await ask(token));
		const found = cache.get(digest, address, find, leftMs);
		return found instanceof Promise ? found.then(check, fail) : check(found);
	};
}

function fail(cause: unknown): never {
	return failLookup(cause, "no-answer");
}

function toCache(options: IntrospectionOptions): LookupCacheOptions {
	const { activeMs = mostActiveMs, inactiveMs = 5_000 } = options;
	const { maxEntries = 10_000, timeoutMs = 5_000 } = options;
	return { foundMs: activeMs, missingMs: inactiveMs, maxEntries, timeoutMs };
}

function compileAsk(
	options: IntrospectionOptions,
): (token: string) => Promise<unknown> {
	const { client, tls, timeoutMs = 5_000 } = options;
	const url = toTrustedUrl(options.url, "introspection: url");
	const json = new JsonClient(url, { tls, timeoutMs, maxBytes: answerBytes });
	const known = toClient(client);
	const headers = {
		"content-type": "application/x-www-form-urlencoded",
		...known.headers,
	};
	return (token) => {
		const form = { token, token_type_hint: "access_token", ...known.fields };
		const body = new URLSearchParams(form).toString();
		return json.ask({ method: "POST", headers, body });
	};
}

interface KnownClient {
	readonly headers: Readonly<Record<string, string>>;
	readonly fields: Readonly<Record<string, string>>;
}

function toClient(client: IntrospectionClient): KnownClient {
	const { id, secret, token } = client;
	if (token !== undefined) {
		return { headers: { authorization: `Bearer ${token}` }, fields: {} };
	}
	if (!id || !secret) {
		throw new TypeError("introspection: client needs id and secret, or token");
	}
	if (client.method === "post") {
		return { headers: {}, fields: { client_id: id, client_secret: secret } };
	}
	// RFC 6749 section 2.3.1: each is form-encoded before they are joined.
	const pair = `${encode(id)}:${encode(secret)}`;
	const text = Buffer.from(pair).toString("base64");
	return { headers: { authorization: `Basic ${text}` }, fields: {} };
}

function encode(text: string): string {
	return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Null for a token that is not active. @throws Error when the answer says neither. */
function toIdentity(answer: unknown): Identity | null {
	const claims = answer as IntrospectionClaims | null;
	const { active } = (claims ?? {}) as { active?: unknown };
	if (active === false) return null;
	if (claims === null || active !== true || !hasTimes(claims)) {
		throw new Error("the server's answer is no introspection response");
	}
	const scopes = readScopes(claims);
	const id = typeof claims.sub === "string" ? claims.sub : null;
	return { id, scopes, claims };
}

/** What is no number can not be compared with a clock: an answer like that says nothing. */
function hasTimes({ exp, nbf }: IntrospectionClaims): boolean {
	return [exp, nbf].every(
		(time) => time === undefined || Number.isFinite(time),
	);
}

type Check = (identity: Identity | null) => Identity | null;

function compileCheck(
	{ issuer, audience }: IntrospectionOptions,
	bearer: Bearer,
	now: () => number,
): Check {
	const issuers = issuer === undefined ? null : [issuer].flat();
	const audiences = audience === undefined ? null : [audience].flat();
	return (identity) => {
		if (identity === null) return null;
		const { iss, aud, exp, nbf } = identity.claims;
		const seconds = now() / 1000;
		if (exp !== undefined && exp <= seconds) throw bearer.invalid("expired");
		if (nbf !== undefined && nbf > seconds) throw bearer.invalid("early");
		if (issuers !== null && !issuers.includes(iss as string)) {
			throw bearer.invalid("issuer");
		}
		const named = [aud ?? []].flat();
		if (audiences !== null && !named.some((one) => audiences.includes(one))) {
			throw bearer.invalid("audience");
		}
		return identity;
	};
}
