import crypto from "node:crypto";
import type { Dependency, MaybePromise } from "../../index.ts";
import { loadPeer } from "../kit/kit.ts";
import { authorizationInput, withholdAuthorization } from "./authorization.ts";
import {
	Bearer,
	bearerDocs,
	readScopes,
	type TokenIdentity,
	type TokenProblem,
} from "./bearer.ts";
import { toFrozen } from "./deep-freeze.ts";
import { JsonClient, toTrustedUrl } from "./json-client.ts";
import { type FindKey, KeysUnavailable, RemoteKeys } from "./jwks.ts";
import {
	type CheckedKeys,
	checkClaims,
	checkJwtOptions,
	checkKeys,
	type JwtClaimOptions,
	type JwtKeys,
} from "./jwt-options.ts";
import { unavailable } from "./refusals.ts";
import { scheme } from "./scheme.ts";
import { SharedCalls } from "./shared-calls.ts";
import { TtlCache } from "./ttl-cache.ts";

export type { BearerOptions, TokenIdentity } from "./bearer.ts";
export type { TlsOptions } from "./json-client.ts";
export type {
	JwtClaimOptions,
	JwtKeys,
	PublicAlgorithm,
	PublicJwk,
	SecretAlgorithm,
} from "./jwt-options.ts";
export type { AuthDecision, SchemeOptions } from "./scheme.ts";

/** Which tokens are accepted, and what they are checked with. */
export type JwtOptions = JwtClaimOptions & JwtKeys;

/** What a token claims (RFC 7519 section 4). It has been checked, and can not be changed. */
export interface JwtClaims {
	readonly iss: string;
	readonly exp: number;
	readonly sub?: string;
	readonly aud?: string | readonly string[];
	readonly nbf?: number;
	readonly iat?: number;
	readonly jti?: string;
	readonly [name: string]: unknown;
}

/** A token that has been verified, and what it comes to. */
interface Verified {
	readonly identity: TokenIdentity<JwtClaims>;
	readonly isAllowed: boolean;
	/** Of the keys that verified it. */
	readonly version: number;
}

type Jose = typeof import("jose");

const maxCachedMs = 300_000;
const maxCached = 10_000;
const keySetBytes = 1024 * 1024;
const triedKeys = 4;
const compactText = /^[\w\-.]+$/;

/**
 * Callers by a signed token (RFC 7519) in the Authorization field, checked by
 * jose. Only `algorithms` are accepted; `iss`, `aud` and `exp` must be there. Keys
 * come from the options or the issuer's key set alone, never from the token.
 * Verified tokens are kept for five minutes at most. 401 `invalid_token`, 403
 * `insufficient_scope` (RFC 6750), 503 while no keys can be had.
 *
 * @throws TypeError or RangeError for options that do not go together.
 * @throws Error when the package jose is not installed.
 */
export function jwt(options: JwtOptions): Dependency<TokenIdentity<JwtClaims>> {
	checkJwtOptions(options);
	const bearer = new Bearer(options);
	const verifier = new Verifier(options, bearer);
	return scheme({
		name: "jwt",
		needs: { lines: authorizationInput },
		docs: bearerDocs(options, "jwt", { bearerFormat: "JWT" }),
		withhold: ({ lines }, ctx) => withholdAuthorization(lines, "bearer", ctx),
		forwards: options.forwardToken,
		mayWait: true,
		identify({ lines }) {
			const verified = verifier.verify(bearer.readToken(lines));
			return verified instanceof Promise
				? verified.then((value) => admit(value, bearer))
				: admit(verified, bearer);
		},
		onDecision: options.onDecision,
	});
}

function admit(
	{ identity, isAllowed }: Verified,
	bearer: Bearer,
): TokenIdentity<JwtClaims> {
	if (!isAllowed) throw bearer.insufficient();
	return identity;
}

class Verifier {
	readonly #jose: Jose = loadPeer("jose", "headgate/auth/jwt");
	readonly #bearer: Bearer;
	readonly #now: () => number;
	readonly #keys: RemoteKeys | null;
	readonly #key: Parameters<Jose["jwtVerify"]>[1];
	readonly #claims: ReturnType<typeof checkClaims> & {
		readonly algorithms: string[];
	};
	readonly #verified: TtlCache<Verified>;
	readonly #calls: SharedCalls<Verified> = new SharedCalls(0);

	constructor(options: JwtOptions, bearer: Bearer) {
		const keys = checkKeys(options);
		this.#bearer = bearer;
		this.#now = options.now ?? Date.now;
		this.#claims = {
			...checkClaims(options),
			algorithms: [...options.algorithms],
		};
		this.#verified = new TtlCache(maxCached, this.#now);
		this.#keys = this.#toRemote(keys, options);
		this.#key = this.#toKey(keys) as Parameters<Jose["jwtVerify"]>[1];
	}

	#toRemote(keys: CheckedKeys, options: JwtOptions): RemoteKeys | null {
		if (keys.kind !== "remote") return null;
		const client = new JsonClient(toTrustedUrl(keys.uri, "jwt: jwksUri"), {
			tls: options.tls,
			timeoutMs: options.timeoutMs ?? 5_000,
			maxBytes: keySetBytes,
		});
		return new RemoteKeys({
			fetchSet: () => client.ask({ method: "GET", headers: {} }),
			toFindKey: (set) => this.#toFindKey(set),
			isUnknownKey: (error) => codeOf(error) === "ERR_JWKS_NO_MATCHING_KEY",
			now: this.#now,
		});
	}

	#toFindKey(set: unknown): FindKey {
		type Set = Parameters<Jose["createLocalJWKSet"]>[0];
		return this.#jose.createLocalJWKSet(set as Set) as unknown as FindKey;
	}

	#toKey(keys: CheckedKeys): unknown {
		if (keys.kind === "one") return keys.key;
		if (keys.kind === "set") return this.#toFindKey(keys.set);
		return (header: object, token: object) => this.#keys?.find(header, token);
	}

	/** A verified token; one that was seen before without waiting. */
	verify(token: string): MaybePromise<Verified> {
		// jose also decodes padding and plain base64: one token has one spelling (RFC 7515 section 2).
		if (!compactText.test(token)) throw this.#bearer.invalid("malformed");
		const digest = crypto.hash("sha256", token, "base64url");
		const known = this.#verified.get(digest);
		if (known?.version === this.#version) return known;
		return this.#calls.run(digest, "", () => this.#check(token, digest));
	}

	get #version(): number {
		return this.#keys?.version ?? 0;
	}

	async #check(token: string, digest: string): Promise<Verified> {
		const claims = await this.#readClaims(token).catch((error) => {
			throw error instanceof KeysUnavailable
				? unavailable("no-keys", error)
				: this.#bearer.invalid(toProblem(error), error);
		});
		if (!hasTimes(claims)) throw this.#bearer.invalid("claims");
		const scopes = readScopes(claims);
		const id = typeof claims.sub === "string" ? claims.sub : null;
		const verified: Verified = {
			identity: toFrozen({ id, scopes, claims }),
			isAllowed: this.#bearer.allows(scopes),
			version: this.#version,
		};
		// The entry ends with the token: a hit has not expired.
		const leftMs =
			(claims.exp + this.#claims.clockTolerance) * 1000 - this.#now();
		this.#verified.set(digest, verified, Math.min(leftMs, maxCachedMs));
		return verified;
	}

	async #readClaims(token: string): Promise<JwtClaims> {
		const options = { ...this.#claims, currentDate: new Date(this.#now()) };
		try {
			const { payload } = await this.#jose.jwtVerify(token, this.#key, options);
			return payload as unknown as JwtClaims;
		} catch (error) {
			if (codeOf(error) !== "ERR_JWKS_MULTIPLE_MATCHING_KEYS") throw error;
			return this.#tryEach(token, error as AsyncIterable<never>, options);
		}
	}

	/** A token without a key id fits several keys of the set: the first few are tried. */
	async #tryEach(
		token: string,
		keys: AsyncIterable<never>,
		options: Parameters<Jose["jwtVerify"]>[2],
	): Promise<JwtClaims> {
		let tried = 0;
		let failure: unknown = new Error("no key of the set can be used");
		for await (const key of keys) {
			if (++tried > triedKeys) break;
			try {
				const { payload } = await this.#jose.jwtVerify(token, key, options);
				return payload as unknown as JwtClaims;
			} catch (error) {
				failure = error;
				if (codeOf(error) !== "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") break;
			}
		}
		throw failure;
	}
}

/** The range of a date (ECMAScript, section 21.4.1.1): a time beyond it never comes. */
const maxDateSeconds = 8.64e12;

/** JSON has numbers that become Infinity, such as 1e400: a token must not be valid for ever. */
function hasTimes({ exp, nbf, iat }: JwtClaims): boolean {
	return [exp, nbf ?? 0, iat ?? 0].every(
		(seconds) =>
			Number.isFinite(seconds) && Math.abs(seconds) <= maxDateSeconds,
	);
}

/** What is wrong with a token, from jose's errors. */
function toProblem(error: unknown): TokenProblem {
	const { claim, reason } = error as { claim?: string; reason?: string };
	switch (codeOf(error)) {
		case "ERR_JWT_EXPIRED":
			return "expired";
		case "ERR_JWT_CLAIM_VALIDATION_FAILED":
			if (reason === "missing") return "claims";
			if (claim === "iss") return "issuer";
			if (claim === "aud") return "audience";
			return claim === "nbf" && reason === "check_failed" ? "early" : "claims";
		case "ERR_JOSE_ALG_NOT_ALLOWED":
			return "algorithm";
		case "ERR_JOSE_NOT_SUPPORTED":
			return "unsupported";
		case "ERR_JWKS_NO_MATCHING_KEY":
			return "key";
		case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
			return "signature";
		default:
			return "malformed";
	}
}

function codeOf(error: unknown): string | null {
	return (error as { code?: string } | null)?.code ?? null;
}
