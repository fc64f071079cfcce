import {
	createHmac,
	generateKeyPairSync,
	type KeyObject,
	sign,
} from "node:crypto";
import {
	createServer as createHttpServer,
	type RequestListener,
	type Server,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestScope } from "../../../src/testing.ts";
import type { Certificate } from "../../helpers/certificates.ts";

/** A key pair with the name it goes by. */
export interface SigningKey {
	readonly kid: string;
	readonly alg: "RS256" | "ES256";
	readonly privateKey: KeyObject;
	readonly publicKey: KeyObject;
}

/** A new key pair. */
export function createSigningKey(
	kid: string,
	alg: SigningKey["alg"] = "RS256",
): SigningKey {
	const pair =
		alg === "RS256"
			? generateKeyPairSync("rsa", { modulusLength: 2048 })
			: generateKeyPairSync("ec", { namedCurve: "P-256" });
	return { kid, alg, ...pair };
}

/** As the issuer publishes it. */
export function toJwk({ kid, alg, publicKey }: SigningKey): object {
	return { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

/** A token written by hand, so that everything about it can be wrong. */
export function writeToken(
	header: object,
	claims: unknown,
	toSignature: (input: string) => Buffer,
): string {
	const input = `${encode(header)}.${encode(claims)}`;
	return `${input}.${toSignature(input).toString("base64url")}`;
}

function encode(value: unknown): string {
	return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token signed by a key; `header` is added to what it needs. */
export function signToken(
	key: SigningKey,
	claims: object,
	header: object = {},
): string {
	const { alg, kid, privateKey } = key;
	return writeToken({ alg, kid, typ: "JWT", ...header }, claims, (input) =>
		sign("sha256", Buffer.from(input), {
			key: privateKey,
			dsaEncoding: "ieee-p1363",
		}),
	);
}

/** A token signed by a secret. */
export function signWithSecret(
	secret: string | Buffer,
	claims: object,
	header: object = { alg: "HS256", typ: "JWT" },
): string {
	return writeToken(header, claims, (input) =>
		createHmac("sha256", secret).update(input).digest(),
	);
}

/** An issuer that publishes its keys over HTTP, or HTTPS with a certificate. */
export class Issuer {
	/** What it publishes. */
	keys: readonly SigningKey[];
	/** How often it was asked. */
	count = 0;
	/** Answers in place of the key set. */
	handler: RequestListener | null = null;
	readonly #server: Server;
	readonly #scheme: string;
	#port = 0;

	private constructor(
		server: Server,
		scheme: string,
		keys: readonly SigningKey[],
	) {
		this.#server = server;
		this.#scheme = scheme;
		this.keys = keys;
	}

	/** Starts one, closed with the scope. */
	static async start(
		scope: TestScope,
		keys: readonly SigningKey[],
		certificate: Certificate | null = null,
	): Promise<Issuer> {
		const serve: RequestListener = (req, res) => issuer.#serve(req, res);
		const server =
			certificate === null
				? createHttpServer(serve)
				: createHttpsServer({ ...certificate }, serve);
		const scheme = certificate === null ? "http" : "https";
		const issuer = new Issuer(server, scheme, keys);
		scope.after(() => issuer.stop());
		await issuer.listen();
		return issuer;
	}

	get jwksUri(): string {
		return `${this.#scheme}://127.0.0.1:${this.#port}/keys`;
	}

	/** Listens, again on the same port after a stop. */
	async listen(): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		this.#server.once("error", reject);
		this.#server.listen(this.#port, "127.0.0.1", resolve);
		await promise;
		this.#port = (this.#server.address() as AddressInfo).port;
	}

	/** Is gone, with every connection. */
	async stop(): Promise<void> {
		if (!this.#server.listening) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#server.close(() => resolve());
		this.#server.closeAllConnections();
		await promise;
	}

	#serve: RequestListener = (req, res) => {
		this.count++;
		if (this.handler !== null) {
			this.handler(req, res);
			return;
		}
		res.setHeader("content-type", "application/jwk-set+json");
		res.end(JSON.stringify({ keys: this.keys.map(toJwk) }));
	};
}
