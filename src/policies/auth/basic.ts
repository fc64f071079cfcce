import crypto, { createHmac, randomBytes } from "node:crypto";
import type { Dependency, MaybePromise } from "../../index.ts";
import {
	type Checks,
	checkOptions,
	func,
	group,
	list,
	object,
	text,
} from "../kit/kit.ts";
import {
	authorizationInput,
	readCredentials,
	withholdAuthorization,
} from "./authorization.ts";
import {
	CachedLookup,
	failLookup,
	type LookupBounds,
	type LookupCacheOptions,
	lookupBoundChecks,
	lookupCacheChecks,
} from "./cached-lookup.ts";
import { toFrozen } from "./deep-freeze.ts";
import {
	isPasswordOf,
	type PasswordHash,
	parseHash,
	toDecoy,
} from "./password-hash.ts";
import { absent, refused, toChallenge, toRealm } from "./refusals.ts";
import { type SchemeOptions, scheme, schemeChecks } from "./scheme.ts";

export type { LookupCacheOptions } from "./cached-lookup.ts";
export { hashPassword, type ScryptCost } from "./password-hash.ts";
export type { AuthDecision, SchemeOptions } from "./scheme.ts";

/** What both ways of knowing users take. */
export interface BasicOptions extends SchemeOptions, LookupBounds {
	/** How long answers are believed, and how many. Failures are not kept. */
	readonly cache?: LookupCacheOptions;
	/** Different credentials that are being checked at the same time; beyond it the response is 503. Default 16. */
	readonly maxUnderWay?: number;
	/** The name of the security scheme in the docs. Default `"basic"`. */
	readonly schemeName?: string;
}

/** A user of a fixed list: a name without colon, and a hash that `hashPassword` made. */
export interface BasicUser {
	readonly id: string;
	readonly hash: string;
}

/** Users that are listed. */
export interface UserListOptions<U extends BasicUser> extends BasicOptions {
	readonly users: readonly U[];
	readonly verify?: never;
}

/** Users that are asked for. */
export interface VerifyOptions<T extends object> extends BasicOptions {
	/** Who it is; null or undefined where name and password are nobody's. What is thrown is a 503. */
	readonly verify: (
		user: string,
		password: string,
	) => MaybePromise<T | null | undefined>;
	readonly users?: never;
}

type AllOptions = UserListOptions<BasicUser> | VerifyOptions<object>;

const checks: Checks<AllOptions> = {
	...schemeChecks,
	cache: group(lookupCacheChecks),
	...lookupBoundChecks,
	schemeName: text,
	users: list(object, 1),
	verify: func,
};

/**
 * Callers by name and password (RFC 7617, UTF-8); they are not sent on. Passwords
 * of a list are checked with scrypt off the main thread, an unknown name takes as
 * long as a known one, and what was found is kept, 60 s if it was right and 5 s if
 * not. 401 for missing and wrong ones, 503 when they can not be checked.
 *
 * @throws TypeError when neither or both of `users` and `verify` are given, or a user of the list is not usable.
 */
export function basic<T extends object>(
	options: VerifyOptions<T>,
): Dependency<T>;
export function basic<const U extends BasicUser>(
	options: UserListOptions<U>,
): Dependency<Readonly<Omit<U, "hash">>>;
export function basic(
	options: UserListOptions<BasicUser> | VerifyOptions<object>,
): Dependency<object> {
	checkOptions("basic", options as AllOptions, checks);
	const realm = toRealm(options.realm);
	const challenge = toChallenge("Basic", { realm, charset: "UTF-8" });
	const check = compileCheck(options);
	return scheme({
		name: "basic",
		needs: { lines: authorizationInput },
		docs: {
			security: {
				[options.schemeName ?? "basic"]: { type: "http", scheme: "basic" },
			},
			responses: {
				401: { description: "The user name or password is missing or wrong." },
			},
		},
		withhold: ({ lines }, ctx) => withholdAuthorization(lines, "basic", ctx),
		mayWait: true,
		identify({ lines }, ctx) {
			const found = check(readUser(lines, challenge), ctx.address);
			return found instanceof Promise
				? found.then((user) => user ?? refuse(challenge))
				: (found ?? refuse(challenge));
		},
		onDecision: options.onDecision,
	});
}

function refuse(challenge: string): never {
	throw refused(challenge, "unknown");
}

interface Credential {
	readonly user: string;
	readonly password: string;
}

const maxLength = 4_096;
const base64Text = /^[A-Za-z\d+/]+={0,2}$/;
// RFC 7617 section 2.
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are refused
const controls = /[\x00-\x1f\x7f-\x9f]/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readUser(
	lines: readonly string[] | undefined,
	challenge: string,
): Credential {
	const credentials = readCredentials(lines, "basic");
	if (credentials.kind === "none") throw absent(challenge);
	if (credentials.kind === "several") throw refused(challenge, "ambiguous");
	const { text } = credentials;
	if (text.length > maxLength) throw refused(challenge, "too-large");
	const pair = base64Text.test(text) ? decode(text) : null;
	const colon = pair?.indexOf(":") ?? -1;
	if (pair === null || colon < 0 || controls.test(pair)) {
		throw refused(challenge, "malformed");
	}
	// One spelling of each letter, so that what is composed differently is the same (RFC 8265).
	return {
		user: pair.slice(0, colon).normalize("NFC"),
		password: pair.slice(colon + 1).normalize("NFC"),
	};
}

function decode(text: string): string | null {
	try {
		return utf8.decode(Buffer.from(text, "base64"));
	} catch {
		return null;
	}
}

type Verify = (
	credential: Credential,
	address: string,
) => MaybePromise<object | null>;

function compileCheck(
	options: UserListOptions<BasicUser> | VerifyOptions<object>,
): Verify {
	const { users, verify, cache = {}, maxUnderWay = 16, now } = options;
	if ((users === undefined) === (verify === undefined)) {
		throw new TypeError("basic: give one of users and verify");
	}
	const find = verify === undefined ? listed(users) : asked(verify);
	const known = new CachedLookup<object>(cache, now ?? Date.now, {
		...options,
		maxUnderWay,
	});
	// Digests of passwords are quick to guess from: without this key, which is nowhere else, they tell nothing.
	const key = randomBytes(32);
	return (credential, address) => {
		const { user, password } = credential;
		const pair = `${user}:${password}`;
		const digest = createHmac("sha256", key).update(pair).digest("base64url");
		const found = known.get(digest, address, () => find(credential));
		return found instanceof Promise
			? found.catch((cause) => failLookup(cause, "verify-failed"))
			: found;
	};
}

type Find = (credential: Credential) => MaybePromise<object | null | undefined>;

function asked(verify: VerifyOptions<object>["verify"]): Find {
	return ({ user, password }) => verify(user, password);
}

interface KnownUser {
	readonly owner: object | null;
	readonly hash: PasswordHash;
}

function listed(users: readonly BasicUser[]): Find {
	const byName = new Map<string, KnownUser>();
	for (const { hash, ...owner } of users) {
		const name = checkName(owner.id, byName);
		byName.set(name, { owner: toFrozen(owner), hash: toHash(hash, name) });
	}
	const decoys = [...byName.values()].map(({ hash }) => ({
		owner: null,
		hash: toDecoy(hash),
	}));
	return async ({ user, password }) => {
		const known = byName.get(user) ?? pickDecoy(decoys, user);
		const isRight = await isPasswordOf(known.hash, password);
		return isRight ? known.owner : null;
	};
}

function checkName(id: string, known: ReadonlyMap<string, KnownUser>): string {
	if (typeof id !== "string" || id.includes(":") || controls.test(id)) {
		throw new TypeError(
			`basic: the user ${JSON.stringify(id)} needs an id without colon or control characters`,
		);
	}
	const name = id.normalize("NFC");
	if (known.has(name)) {
		throw new TypeError(`basic: the user ${JSON.stringify(id)} is there twice`);
	}
	return name;
}

function toHash(text: string, name: string): PasswordHash {
	try {
		return parseHash(text);
	} catch (error) {
		const { message } = error as Error;
		throw new TypeError(
			`basic: the hash of user ${JSON.stringify(name)} can not be used: ${message}`,
		);
	}
}

/** Hashes may cost differently: an unknown name has the cost of always the same user, so that asking twice tells nothing. */
function pickDecoy(decoys: readonly KnownUser[], user: string): KnownUser {
	const number = crypto.hash("sha256", user, "buffer").readUInt32LE();
	return decoys[number % decoys.length] as KnownUser;
}
