import { createPublicKey, type KeyObject } from "node:crypto";
import {
	type Checks,
	checkOptions,
	either,
	list,
	longestTimerMs,
	must,
	oneOf,
	required,
	text,
	texts,
	tlsOptions,
	usable,
	whole,
} from "../kit/kit.ts";
import { type BearerOptions, bearerChecks } from "./bearer.ts";
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

/** With both, a public key would serve as the secret of a forged token. */
function checkAlgorithms(algorithms: readonly string[]): void {
	if (new Set(algorithms.map((name) => name.startsWith("HS"))).size > 1) {
		throw new TypeError("jwt: HS algorithms can not be mixed with others");
	}
}

const checks: Checks<JwtClaimOptions & JwtKeys> = {
	...bearerChecks,
	issuer: required(texts),
	audience: required(
		either("a string, an array of strings or false", texts, oneOf(false)),
	),
	type: text,
	leewaySeconds: whole(0, 300),
	tls: tlsOptions,
	timeoutMs: whole(1, longestTimerMs),
	jwksUri: text,
	jwks: must("a JSON Web Key Set, which has an array of keys", (set) =>
		Array.isArray((set as { keys?: unknown } | null)?.keys),
	),
	publicKey: usable(importKey),
	secret: either(
		"a string or bytes",
		text,
		must("bytes", (value: object) => value instanceof Uint8Array),
	),
	algorithms: required(
		list(oneOf(...Object.keys({ ...secretBytes, ...keyTypes })), 1),
	),
};

/** @throws TypeError that lists what is wrong. */
export function checkJwtOptions(options: JwtClaimOptions & JwtKeys): void {
	checkOptions("jwt", options, checks);
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
	if (typeof key !== "object" || key === null) {
		throw new TypeError("a key is PEM text, a JSON Web Key or a KeyObject");
	}
	if ("kty" in key) return createPublicKey({ key: { ...key }, format: "jwk" });
	return (key as KeyObject).type === "public"
		? (key as KeyObject)
		: createPublicKey(key as KeyObject);
}

/** The claims that are checked, as jose takes them. */
export function checkClaims(options: JwtClaimOptions): {
	readonly issuer: string[];
	readonly audience?: string[];
	readonly typ?: string;
	readonly clockTolerance: number;
	readonly requiredClaims: string[];
} {
	const { audience, type, leewaySeconds = 60 } = options;
	return {
		issuer: [options.issuer].flat(),
		...(audience === false ? {} : { audience: [audience].flat() }),
		...(type === undefined ? {} : { typ: type }),
		clockTolerance: leewaySeconds,
		requiredClaims: ["exp"],
	};
}
