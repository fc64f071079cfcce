import type { Agent } from "undici";
import type { SecuritySchemes } from "../../index.ts";
import {
	type Checks,
	checkOptions,
	list,
	longestTimerMs,
	object,
	required,
	text,
	tlsOptions,
	whole,
} from "../kit/kit.ts";
import { keptMs } from "./cached-lookup.ts";
import { createAgent, type TlsOptions, toTrustedUrl } from "./json-client.ts";
import { type SchemeOptions, schemeChecks } from "./scheme.ts";

/** Whom to ask, and what goes to and fro. Header names are in any case. */
export interface ForwardAuthOptions
	extends Pick<SchemeOptions, "now" | "onDecision"> {
	/** Of the service that decides: it gets a GET there. It stands inside the network, so that http will do. */
	readonly url: string;
	/** The client's headers that it gets. Default `["authorization", "cookie"]`. */
	readonly requestHeaders?: readonly string[];
	/** Headers of its yes that the service behind gets, in place of any that the client sent. Default none. */
	readonly upstreamHeaders?: readonly string[];
	/** Headers of its yes that the client gets with the answer, such as `set-cookie`. Default none. */
	readonly replyHeaders?: readonly string[];
	/** Headers of its no that the client gets. Default: those that make a refusal work: `www-authenticate`, `location`, `set-cookie`, `content-type`, `content-language`, `content-encoding`, `cache-control`, `retry-after`. */
	readonly refusalHeaders?: readonly string[];
	/** The one of `upstreamHeaders` that names the caller. Default none: `id` is null. */
	readonly idHeader?: string;
	/** For its whole answer, in milliseconds. Default 2,000. */
	readonly timeoutMs?: number;
	/** How long a yes is believed for a request that looks the same to it, in milliseconds: also how long it can not be taken back. Default 0: it is asked each time. */
	readonly cacheMs?: number;
	/** How many are kept. Default 10,000. */
	readonly maxEntries?: number;
	/** How it is reached over TLS. Default: the system's authorities. */
	readonly tls?: TlsOptions;
	/** A scheme of the docs (OpenAPI 3.1, Security Scheme Object) by its name. Default none. */
	readonly security?: SecuritySchemes;
}

const checks: Checks<ForwardAuthOptions> = {
	now: schemeChecks.now,
	onDecision: schemeChecks.onDecision,
	url: required(text),
	requestHeaders: list(text),
	upstreamHeaders: list(text),
	replyHeaders: list(text),
	refusalHeaders: list(text),
	idHeader: text,
	timeoutMs: whole(1, longestTimerMs),
	cacheMs: keptMs,
	maxEntries: whole(),
	tls: tlsOptions,
	security: object,
};

const maxAnswerBytes = 256 * 1024;
const defaultRefusalHeaders: readonly string[] = [
	"www-authenticate",
	"location",
	"set-cookie",
	"content-type",
	"content-language",
	"content-encoding",
	"cache-control",
	"retry-after",
];

/** What the options come to, checked. Names are in lower case. */
export interface ForwardAuthPlan {
	readonly url: URL;
	readonly agent: Agent;
	readonly requestHeaders: readonly string[];
	readonly upstreamHeaders: readonly string[];
	readonly replyHeaders: readonly string[];
	readonly refusalHeaders: readonly string[];
	readonly idHeader: string | null;
	readonly timeoutMs: number;
	readonly cacheMs: number;
	readonly maxEntries: number;
}

/** @throws TypeError for options that can not be used. */
export function toPlan(options: ForwardAuthOptions): ForwardAuthPlan {
	checkOptions("forwardAuth", options, checks);
	const { timeoutMs = 2_000, cacheMs = 0, maxEntries = 10_000 } = options;
	const upstreamHeaders = toNames(options.upstreamHeaders ?? []);
	const idHeader = options.idHeader?.toLowerCase() ?? null;
	if (idHeader !== null && !upstreamHeaders.includes(idHeader)) {
		throw new TypeError("forwardAuth: idHeader must be one of upstreamHeaders");
	}
	return {
		url: toTrustedUrl(options.url, "forwardAuth: url", true),
		agent: createAgent({
			tls: options.tls,
			timeoutMs,
			maxBytes: maxAnswerBytes,
			connections: 64,
		}),
		requestHeaders: toNames(
			options.requestHeaders ?? ["authorization", "cookie"],
		),
		upstreamHeaders,
		replyHeaders: toNames(options.replyHeaders ?? []),
		refusalHeaders: toNames(options.refusalHeaders ?? defaultRefusalHeaders),
		idHeader,
		timeoutMs,
		cacheMs,
		maxEntries,
	};
}

// Those are of one connection, or of the body as it is sent (RFC 9110 section 7.6.1).
const notPassed: ReadonlySet<string> = new Set([
	"connection",
	"content-length",
	"expect",
	"host",
	"keep-alive",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
]);

function toNames(names: readonly string[]): string[] {
	return names.map((text) => {
		const name = text.toLowerCase();
		if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name) || notPassed.has(name)) {
			throw new TypeError(
				`forwardAuth: the header "${text}" can not be passed`,
			);
		}
		return name;
	});
}
