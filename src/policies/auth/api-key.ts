import { timingSafeEqual } from "node:crypto";
import {
	type Context,
	type Dependency,
	type Input,
	input,
	type MaybePromise,
	type SecuritySchemes,
	Type,
	type WithheldSource,
} from "../../index.ts";
import {
	type Checks,
	checkOptions,
	func,
	group,
	list,
	matching,
	object,
	text,
} from "../kit/kit.ts";
import {
	CachedLookup,
	failLookup,
	type LookupBounds,
	type LookupCacheOptions,
	lookupBoundChecks,
	lookupCacheChecks,
} from "./cached-lookup.ts";
import { toFrozen } from "./deep-freeze.ts";
import { digestKey, isKey } from "./keys.ts";
import { absent, refused, toChallenge, toRealm } from "./refusals.ts";
import { type SchemeOptions, scheme, schemeChecks } from "./scheme.ts";

export type { LookupCacheOptions } from "./cached-lookup.ts";
export type { AuthDecision, SchemeOptions } from "./scheme.ts";

/** Where a key may stand, and how it is looked at. Where no place is named, it is the header `x-api-key`. */
export interface ApiKeyOptions extends SchemeOptions {
	readonly header?: string;
	/** A key in a URL ends up in logs and histories: for clients that can not set a header. */
	readonly query?: string;
	readonly cookie?: string;
	/** The prefix that `createKey` was given: a text that is no such key is refused without a look-up. Default: any text may be a key. */
	readonly prefix?: string;
	/** The name of the security scheme in the docs. Default `"apiKey"`. */
	readonly schemeName?: string;
}

/** Keys that are looked up. */
export interface LookupOptions<T extends object>
	extends ApiKeyOptions,
		LookupBounds {
	/** Different keys that are being looked up at the same time; beyond it the response is 503. Default 256. */
	readonly maxUnderWay?: number;
	/**
	 * Whose key it is; null or undefined where it is nobody's. `digest` is its
	 * SHA-256 in hexadecimal, so that only that needs to be stored. What is thrown
	 * is a 503.
	 */
	readonly lookup: (
		key: string,
		digest: string,
	) => MaybePromise<T | null | undefined>;
	readonly keys?: never;
	readonly cache?: LookupCacheOptions;
}

/** One key of a fixed list, in clear or as `digestKey` gives it, and whose it is. */
export type FixedKey =
	| { readonly key: string; readonly digest?: never }
	| { readonly digest: string; readonly key?: never };

/** Keys that are listed. */
export interface FixedKeyOptions<K extends FixedKey> extends ApiKeyOptions {
	readonly keys: readonly K[];
	readonly lookup?: never;
}

/** What is known of the owner of a fixed key: everything but the key. */
export type KeyOwner<K> = K extends unknown
	? Readonly<Omit<K, "key" | "digest">>
	: never;

/**
 * Callers by API key, taken from a header, a query value or a cookie; the key is
 * not sent on. Answers of `lookup` are cached, 60 s for a known key and 5 s for
 * an unknown one. 401 for a missing or unknown key and for two different ones, 503 when the
 * look-up fails.
 *
 * @throws TypeError when neither or both of `lookup` and `keys` are given, or a key of the list is not usable.
 */
export function apiKey<T extends object>(
	options: LookupOptions<T>,
): Dependency<T>;
export function apiKey<K extends FixedKey>(
	options: FixedKeyOptions<K>,
): Dependency<KeyOwner<K>>;
export function apiKey(
	options: LookupOptions<object> | FixedKeyOptions<FixedKey>,
): Dependency<object> {
	checkOptions("apiKey", options as AllOptions, checks);
	const places = toPlaces(options);
	const challenge = toChallenge("ApiKey", { realm: toRealm(options.realm) });
	const find = compileFind(options);
	return scheme({
		name: "api-key",
		needs: toNeeds(places),
		docs: {
			security: toSchemes(places, options.schemeName ?? "apiKey"),
			responses: { 401: { description: "The API key is missing or unknown." } },
		},
		withhold: (_values, ctx) => withhold(places, ctx),
		mayWait: options.lookup !== undefined,
		identify(values, ctx) {
			const key = readKey(values, challenge);
			if (options.prefix !== undefined && !isKey(key, options.prefix)) {
				throw refused(challenge, "malformed");
			}
			const found = find(key, digestKey(key), ctx.address);
			return found instanceof Promise
				? found.then((owner) => owner ?? refuse(challenge))
				: (found ?? refuse(challenge));
		},
		onDecision: options.onDecision,
	});
}

function refuse(challenge: string): never {
	throw refused(challenge, "unknown");
}

type AllOptions = LookupOptions<object> | FixedKeyOptions<FixedKey>;

// RFC 9110 section 5.6.2, RFC 6265 section 4.1.1; a query's name may be any text.
const token = matching(
	"a name of letters, digits and -._~",
	/^[\w!#$%&'*+\-.^`|~]+$/,
);
const checks: Checks<AllOptions> = {
	...schemeChecks,
	header: token,
	query: text,
	cookie: token,
	prefix: text,
	schemeName: text,
	lookup: func,
	keys: list(object, 1),
	cache: group(lookupCacheChecks),
	...lookupBoundChecks,
};

interface Place {
	readonly source: WithheldSource;
	readonly name: string;
}

function toPlaces(options: ApiKeyOptions): readonly Place[] {
	const named = (["header", "query", "cookie"] as const).flatMap((source) => {
		const name = options[source];
		if (name === undefined) return [];
		return [{ source, name }];
	});
	return named.length > 0 ? named : [{ source: "header", name: "x-api-key" }];
}

type KeyInput = Input<string[] | undefined>;

function toNeeds(places: readonly Place[]): Readonly<Record<string, KeyInput>> {
	// Every value that was sent, because two different keys are refused.
	const all = Type.Optional(Type.Array(Type.String()));
	return Object.fromEntries(
		places.map(({ source, name }) => [source, input(source, name, all)]),
	);
}

/** One scheme for each place: any one will do. */
function toSchemes(
	places: readonly Place[],
	schemeName: string,
): readonly SecuritySchemes[] {
	return places.map(({ source, name }, i) => ({
		[i === 0 ? schemeName : `${schemeName}_${source}`]: {
			type: "apiKey",
			in: source,
			name,
		},
	}));
}

function withhold(places: readonly Place[], ctx: Context): void {
	for (const { source, name } of places) ctx.withhold(source, name);
}

/** The only key that was sent, in as many places as it may be. */
function readKey(
	values: Readonly<Record<string, string[] | undefined>>,
	challenge: string,
): string {
	let key: string | null = null;
	for (const source of ["header", "query", "cookie"]) {
		for (const value of values[source] ?? []) {
			if (key !== null && key !== value) throw refused(challenge, "ambiguous");
			key = value;
		}
	}
	if (key === null) throw absent(challenge);
	return key;
}

type Find = (
	key: string,
	digest: string,
	address: string,
) => MaybePromise<object | null>;

function compileFind(
	options: LookupOptions<object> | FixedKeyOptions<FixedKey>,
): Find {
	const { lookup, keys, now = Date.now } = options;
	if ((lookup === undefined) === (keys === undefined)) {
		throw new TypeError("apiKey: give one of lookup and keys");
	}
	if (lookup === undefined) return listed(keys as readonly FixedKey[]);
	const cache = new CachedLookup<object>(options.cache ?? {}, now, {
		...options,
		maxUnderWay: options.maxUnderWay ?? 256,
	});
	return (key, digest, address) => {
		const found = cache.get(digest, address, () => lookup(key, digest));
		return found instanceof Promise
			? found.catch((cause) => failLookup(cause, "lookup-failed"))
			: found;
	};
}

const digestText = /^[\da-f]{64}$/;

/** Owners by the digest of their key: found by its beginning, then compared in constant time, found or not. */
function listed(keys: readonly FixedKey[]): Find {
	const byPrefix = new Map<string, { digest: Buffer; owner: object }>();
	for (const { key, digest: given, ...owner } of keys) {
		const digest = key ? digestKey(key) : (given ?? "").toLowerCase();
		if (!digestText.test(digest)) {
			throw new TypeError(
				"apiKey: each of keys needs a key, or a digest of 64 hexadecimal digits",
			);
		}
		if (byPrefix.has(digest.slice(0, prefixDigits))) {
			throw new TypeError("apiKey: a key is listed twice");
		}
		byPrefix.set(digest.slice(0, prefixDigits), {
			digest: Buffer.from(digest),
			owner: toFrozen(owner),
		});
	}
	const nobody = { digest: Buffer.alloc(64), owner: null };
	return (_key, digest) => {
		const known = byPrefix.get(digest.slice(0, prefixDigits)) ?? nobody;
		const isSame = timingSafeEqual(known.digest, Buffer.from(digest));
		return isSame ? known.owner : null;
	};
}

/** 64 bits: no two keys share them by chance. */
const prefixDigits = 16;
