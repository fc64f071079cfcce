import type { DocsContribution, SecurityScheme } from "../../index.ts";
import { type Checks, flag, list, matching, text } from "../kit/kit.ts";
import { readCredentials } from "./authorization.ts";
import { AuthError, toChallenge, toRealm } from "./refusals.ts";
import { type SchemeOptions, schemeChecks } from "./scheme.ts";

/** What every scheme with bearer tokens takes. */
export interface BearerOptions extends SchemeOptions {
	/** Every one of them is asked for, else 403. Default none. */
	readonly scopes?: readonly string[];
	/** Whether the service gets the token too, once it has been accepted. Default false. */
	readonly forwardToken?: boolean;
	/** Where the docs page gets a token for a name and a password. Default none: the reader pastes one. */
	readonly tokenUrl?: string;
	/** The name of the security scheme in the docs. Default: the scheme's own. */
	readonly schemeName?: string;
}

/** Whom a token speaks for. */
export interface TokenIdentity<C> {
	/** The subject; null where the token names none. */
	readonly id: string | null;
	readonly scopes: readonly string[];
	readonly claims: C;
}

// RFC 6749 section 3.3.
const scope = matching(
	"a scope: visible ASCII without quotes and backslashes",
	/^[\x21\x23-\x5b\x5d-\x7e]+$/,
);

/** The checks of {@link BearerOptions}. */
export const bearerChecks: Checks<BearerOptions> = {
	...schemeChecks,
	scopes: list(scope),
	forwardToken: flag,
	tokenUrl: text,
	schemeName: text,
};

/** What can be wrong with a token, and how the client is told. */
const sentences = {
	ambiguous: "More than one credential was sent",
	malformed: "The token is malformed",
	"too-large": "The token is too large",
	algorithm: "The token is signed in a way that is not accepted",
	unsupported: "The token asks for something that is not supported",
	key: "The token is signed with an unknown key",
	signature: "The signature of the token is not valid",
	expired: "The token has expired",
	early: "The token is not valid yet",
	issuer: "The token comes from another issuer",
	audience: "The token is for another audience",
	claims: "A claim of the token is missing or not valid",
	inactive: "The token is not active",
} as const;

/** Why a token is refused. */
export type TokenProblem = keyof typeof sentences;

/** Tokens longer than that are not looked at. */
export const maxTokenBytes: number = 8 * 1024;

// RFC 6750 section 2.1.
const tokenText = /^[\w\-.~+/]+=*$/;

/** The challenges of RFC 6750 section 3, and the checks that all bearer tokens share. */
export class Bearer {
	readonly #realm: string;
	readonly #scopes: readonly string[];

	/** @throws TypeError when the realm is not what a header can carry. */
	constructor({ realm, scopes = [] }: BearerOptions) {
		this.#realm = toRealm(realm);
		this.#scopes = scopes;
	}

	/** @throws AuthError when there is none, or what there is can not be a token. */
	readToken(lines: readonly string[] | undefined): string {
		const credentials = readCredentials(lines, "bearer");
		if (credentials.kind === "none") throw this.#absent();
		if (credentials.kind === "several") throw this.invalid("ambiguous");
		const { text } = credentials;
		if (text.length > maxTokenBytes) throw this.invalid("too-large");
		if (!tokenText.test(text)) throw this.invalid("malformed");
		return text;
	}

	/** Whether every scope that is asked for is among those. */
	allows(scopes: readonly string[]): boolean {
		return this.#scopes.every((scope) => scopes.includes(scope));
	}

	#absent(): AuthError {
		const challenge = toChallenge("Bearer", { realm: this.#realm });
		return new AuthError("absent", undefined, { challenge });
	}

	invalid(problem: TokenProblem, cause?: unknown): AuthError {
		const description = sentences[problem];
		const challenge = toChallenge("Bearer", {
			realm: this.#realm,
			error: "invalid_token",
			error_description: description,
		});
		const options = { challenge, reason: problem, cause };
		return new AuthError("refused", `${description}.`, options);
	}

	insufficient(): AuthError {
		const challenge = toChallenge("Bearer", {
			realm: this.#realm,
			error: "insufficient_scope",
			scope: this.#scopes.join(" "),
		});
		return new AuthError("forbidden", "The token does not allow this.", {
			challenge,
			reason: "scope",
		});
	}
}

/** The scopes of a token: `scope` with blanks between (RFC 8693 section 4.2), or a list, and `scp` as some issuers have it. */
export function readScopes(
	claims: Readonly<Record<string, unknown>>,
): readonly string[] {
	const said = claims.scope ?? claims.scp;
	if (typeof said === "string") return said.split(" ").filter(Boolean);
	if (!Array.isArray(said)) return [];
	return said.filter((scope) => typeof scope === "string");
}

/** What the docs say of a route that asks for a bearer token. */
export function bearerDocs(
	options: BearerOptions,
	defaultName: string,
	details: Readonly<Record<string, unknown>> = {},
): DocsContribution {
	const { scopes = [], schemeName = defaultName, tokenUrl } = options;
	const type: SecurityScheme =
		tokenUrl === undefined
			? { type: "http", scheme: "bearer", ...details }
			: { type: "oauth2", flows: { password: toFlow(tokenUrl, scopes) } };
	return {
		security: { [schemeName]: { ...type, requiredScopes: scopes } },
		responses: {
			401: { description: "The token is missing or not valid." },
			...(scopes.length === 0
				? {}
				: { 403: { description: "The token does not allow this." } }),
		},
	};
}

function toFlow(tokenUrl: string, scopes: readonly string[]): object {
	return {
		tokenUrl,
		scopes: Object.fromEntries(scopes.map((scope) => [scope, ""])),
	};
}
