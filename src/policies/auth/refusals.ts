import { HttpError, type HttpErrorOptions, type Reply } from "../../index.ts";

/** Why nobody was let in: there was no credential, it is not valid, it does not allow this, its client asks too much, or it could not be checked. */
export type RefusalOutcome =
	| "absent"
	| "refused"
	| "forbidden"
	| "limited"
	| "unavailable";

/** What a refusal says to the client, and to the log. */
export interface RefusalOptions extends HttpErrorOptions {
	/** As one of few, for the log. */
	readonly reason?: string;
	/** The `www-authenticate` value; several schemes in turn join theirs. */
	readonly challenge?: string;
}

/** A refusal by an authentication scheme. */
export class AuthError extends HttpError {
	readonly outcome: RefusalOutcome;
	readonly reason: string | null;
	readonly challenge: string | null;

	constructor(
		outcome: RefusalOutcome,
		detail: string | undefined,
		{ reason, challenge, ...options }: RefusalOptions = {},
	) {
		const headers =
			challenge === undefined ? {} : { "www-authenticate": challenge };
		super(statuses[outcome], detail, {
			...options,
			headers: { ...headers, ...options.headers },
		});
		this.outcome = outcome;
		this.reason = reason ?? null;
		this.challenge = challenge ?? null;
	}
}

const statuses = {
	absent: 401,
	refused: 401,
	forbidden: 403,
	limited: 429,
	unavailable: 503,
} as const;

/** No credential of this scheme was sent: 401 with the challenge, and in `anyOf` the next scheme's turn. */
export function absent(challenge: string): AuthError {
	return new AuthError("absent", undefined, { challenge });
}

/** A credential was sent and is not valid: 401. */
export function refused(
	challenge: string,
	reason: string,
	cause?: unknown,
): AuthError {
	return new AuthError("refused", "The credentials are not valid.", {
		challenge,
		reason,
		cause,
	});
}

/** Whether a credential is valid can not be told now: 503, never 401. */
export function unavailable(reason: string, cause?: unknown): AuthError {
	return new AuthError("unavailable", undefined, { reason, cause });
}

/** One challenge of `www-authenticate` (RFC 9110 section 11.6.1): `Bearer realm="api", error="invalid_token"`. */
export function toChallenge(
	scheme: string,
	parameters: Readonly<Record<string, string>>,
): string {
	const pairs = Object.entries(parameters).map(
		([name, value]) => `${name}="${value.replaceAll(/["\\]/g, "\\$&")}"`,
	);
	return `${scheme} ${pairs.join(", ")}`;
}

// A line break would be a second header; the rest of it is what a quoted string may hold.
const realmText = /^[\x20-\x7e]+$/;

/**
 * The realm of a challenge. Default `"api"`.
 *
 * @throws TypeError when a header can not carry it.
 */
export function toRealm(realm = "api"): string {
	if (!realmText.test(realm)) {
		throw new TypeError("realm must be printable ASCII");
	}
	return realm;
}

/** A refusal whose answer is another service's. */
export class RefusedWithReply extends AuthError {
	readonly reply: Reply;

	constructor(reply: Reply) {
		super("refused", undefined, { reason: `status-${reply.status}` });
		this.reply = reply;
	}
}
