import { createPublicKey, type KeyObject } from "node:crypto";
import { type BearerOptions, bearerOptions } from "./bearer.ts";
import { checkNames, checkTimeout, type Known } from "./check-options.ts";
import type { TlsOptions } from "./json-client.ts";

/** Signatures with a secret that both sides know. */
export type SecretAlgorithm = "HS256" | "HS384" | "HS512";

/** Signatures that are checked with a public key. */
export type PublicAlgorithm =
	| "RS256"
	| "RS384"
	| "RS512"
	| "PS256"
	| "PS384"
	| "PS512"
	| "ES256"
	| "ES384"
	| "ES512"
	| "EdDSA";

/** A public key as JSON (RFC 7517). */
export interface PublicJwk {
	readonly kty: string;
	readonly [name: string]: unknown;
}

/** What a token is checked with: exactly one of these, and the algorithms that go with it. `none` can not be written. */
export type JwtKeys =
	| {
			/** Where the issuer publishes its keys: https, or http to the loopback address. */
			readonly jwksUri: string;
			readonly algorithms: readonly PublicAlgorithm[];
			readonly jwks?: never;
			readonly publicKey?: never;
			readonly secret?: never;
	  }
	| {
			/** The keys themselves, as a JSON Web Key Set (RFC 7517). */
			readonly jwks: { readonly keys: readonly PublicJwk[] };
			readonly algorithms: readonly PublicAlgorithm[];
			readonly jwksUri?: never;
			readonly publicKey?: never;
			readonly secret?: never;
	  }
	| {
			/** One key: as PEM, as a JSON Web Key, or from `node:crypto`. */
			readonly publicKey: string | PublicJwk | KeyObject;
			readonly algorithms: readonly PublicAlgorithm[];
			readonly jwksUri?: never;
			readonly jwks?: never;
			readonly secret?: never;
	  }
	| {
			/** At least as long as the hash: 32, 48 or 64 bytes (RFC 7518 section 3.2). */
			readonly secret: string | Uint8Array;
			readonly algorithms: readonly SecretAlgorithm[];
			readonly jwksUri?: never;
			readonly jwks?: never;
			readonly publicKey?: never;
	  };

/** Which tokens are accepted. */
export interface JwtClaimOptions extends BearerOptions {
	/** The `iss` claim must be it, or one of them, to the letter. */
	readonly issuer: string | readonly string[];
	/** The `aud` claim must be it or hold it, or one of them. False accepts any audience, and none. */
	readonly audience: string | readonly string[] | false;
	/** The `typ` header must be it, such as `"at+jwt"` (RFC 9068). Default: any. */
	readonly type?: string;
	/** How far clocks may differ, in seconds. Default 60, at most 300. */
	readonly leewaySeconds?: number;
	/** How the issuer's keys are reached over TLS. Default: the system's authorities. */
	readonly tls?: TlsOptions;
	/** For the issuer to give its keys, in milliseconds. Default 5,000. */
	readonly timeoutMs?: number;
}

const known: Known<JwtClaimOptions & JwtKeys> = {
	...bearerOptions,
	issuer: true,
	audience: true,
	type: true,
	leewaySeconds: true,
	tls: true,
	timeoutMs: true,
	jwksUri: true,
	jwks: true,
	publicKey: true,
	secret: true,
	algorithms: true,
};

/** @throws TypeError for an option that is not there, RangeError for a time that no timer can wait for. */
export function checkJwtOptions(options: JwtClaimOptions & JwtKeys): void {
	checkNames(options, known, "jwt");
	if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs, "jwt");
}

/** What {@link JwtKeys} comes to, checked. */
export type CheckedKeys =
	| { readonly kind: "remote"; readonly uri: string }
	| { readonly kind: "set"; readonly set: unknown }
	| { readonly kind: "one"; readonly key: KeyObject | Uint8Array };

const secretBytes: Readonly<Record<SecretAlgorithm, number>> = {
	HS256: 32,
	HS384: 48,
	HS512: 64,
};
const keyTypes: Readonly<Record<PublicAlgorithm, readonly string[]>> = {
	RS256: ["rsa"],
	RS384: ["rsa"],
	RS512: ["rsa"],
	PS256: ["rsa", "rsa-pss"],
	PS384: ["rsa", "rsa-pss"],
	PS512: ["rsa", "rsa-pss"],
	ES256: ["ec"],
	ES384: ["ec"],
	ES512: ["ec"],
	EdDSA: ["ed25519"],
};

/** @throws TypeError when algorithms and keys do not go together. */
export function checkKeys(options: JwtKeys): CheckedKeys {
	const { jwksUri, jwks, publicKey, secret, algorithms } = options;
	const given = [jwksUri, jwks, publicKey, secret].filter(Boolean);
	if (given.length !== 1) {
		throw new TypeError("jwt: give one of jwksUri, jwks, publicKey and secret");
	}
	checkAlgorithms(algorithms);
	const isSecret = Object.hasOwn(secretBytes, algorithms[0] as string);
	if (isSecret !== (secret !== undefined)) {
		throw new TypeError(
			"jwt: HS algorithms go with a secret, all others with public keys",
		);
	}
	if (secret !== undefined) return { kind: "one", key: toSecret(options) };
	if (jwksUri !== undefined) return { kind: "remote", uri: jwksUri };
	if (jwks !== undefined) return { kind: "set", set: jwks };
	return { kind: "one", key: toPublicKey(options) };
}

function checkAlgorithms(algorithms: readonly string[]): void {
	if (!Array.isArray(algorithms) || algorithms.length === 0) {
		throw new TypeError("jwt: algorithms must name at least one");
	}
	for (const name of algorithms) {
		if (!Object.hasOwn(secretBytes, name) && !Object.hasOwn(keyTypes, name)) {
			throw new TypeError(`jwt: the algorithm ${name} is not accepted`);
		}
	}
	// With both, a public key would serve as the secret of a forged token.
	if (new Set(algorithms.map((name) => name.startsWith("HS"))).size > 1) {
		throw new TypeError("jwt: HS algorithms can not be mixed with others");
	}
}

function toSecret({ secret, algorithms }: JwtKeys): Uint8Array {
	if (typeof secret === "string" && secret.includes("-----BEGIN")) {
		throw new TypeError("jwt: secret is a PEM key; a public key is no secret");
	}
	const bytes = Buffer.from(secret as string);
	const least = algorithms.map((name) => secretBytes[name as SecretAlgorithm]);
	if (bytes.length < Math.max(...least)) {
		throw new TypeError(
			`jwt: secret must have at least ${Math.max(...least)} bytes`,
		);
	}
	return bytes;
}

function toPublicKey({ publicKey, algorithms }: JwtKeys): KeyObject {
	const key = importKey(publicKey as string | PublicJwk | KeyObject);
	for (const name of algorithms as readonly PublicAlgorithm[]) {
		if (!keyTypes[name].includes(key.asymmetricKeyType ?? "")) {
			throw new TypeError(
				`jwt: publicKey is of type ${key.asymmetricKeyType}, which ${name} does not take`,
			);
		}
	}
	return key;
}

function importKey(key: string | PublicJwk | KeyObject): KeyObject {
	if (typeof key === "string") return createPublicKey(key);
	if ("kty" in key) return createPublicKey({ key: { ...key }, format: "jwk" });
	return (key as KeyObject).type === "public"
		? (key as KeyObject)
		: createPublicKey(key as KeyObject);
}

/** The claims that are checked, as jose takes them. @throws TypeError or RangeError for what can not be one. */
export function checkClaims(options: JwtClaimOptions): {
	readonly issuer: string[];
	readonly audience?: string[];
	readonly typ?: string;
	readonly clockTolerance: number;
	readonly requiredClaims: string[];
} {
	const { audience, type, leewaySeconds = 60 } = options;
	if (
		!Number.isInteger(leewaySeconds) ||
		leewaySeconds < 0 ||
		leewaySeconds > 300
	) {
		throw new RangeError("jwt: leewaySeconds must be an integer in 0..300");
	}
	return {
		issuer: toNames(options.issuer, "issuer"),
		...(audience === false ? {} : { audience: toNames(audience, "audience") }),
		...(type === undefined ? {} : { typ: type }),
		clockTolerance: leewaySeconds,
		requiredClaims: ["exp"],
	};
}

function toNames(value: string | readonly string[], option: string): string[] {
	const names = [value ?? []].flat();
	if (
		names.length === 0 ||
		names.some((name) => typeof name !== "string" || name === "")
	) {
		throw new TypeError(`jwt: ${option} must be a name, or several`);
	}
	return names as string[];
}
