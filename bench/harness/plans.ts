import { createHmac } from "node:crypto";
import type { LoadRequest } from "./load.ts";
import type { RowPlan } from "./measure.ts";
import { apiKeyValue, clientHeaders, jsonBody, jwtSecret } from "./work.ts";

/** A table of contenders that do the same kind of work. */
export interface Section {
	readonly id: string;
	readonly title: string;
	/** The row that is 1.00. */
	readonly reference: string;
	readonly rows: readonly RowPlan[];
}

const mebibyte = 1024 * 1024;
const smallBytes = 82;

/** The proxies of other people that run on node: name of the row and file. */
export const nodePeers: readonly string[] = [
	"fast-proxy",
	"fastify-http-proxy",
	"http-proxy",
	"http-proxy-3",
	"httpxy",
	"http-proxy-middleware",
	"hono-proxy",
];

const peers: readonly string[] = [...nodePeers, "nginx", "haproxy"];

const get = request("/users/7");
const typed = request("/users/7?verbose=true&page=3", {
	"x-api-key": apiKeyValue,
});
const full = request("/users/7", { authorization: `Bearer ${token()}` });
const keyed = request("/users/7", { "x-api-key": apiKeyValue });
/** The client has what is stored: nothing has changed until then. */
const unchanged: LoadRequest = {
	...request("/users/7", {
		"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT",
	}),
	status: 304,
};
const largeBytes = 100_000;
const large = request(`/bytes/${largeBytes}`);
const post: LoadRequest = {
	method: "POST",
	path: "/users",
	headers: { ...clientHeaders, "content-type": "application/json" },
	body: jsonBody,
};

/** What one thing in front of a pass-through costs, by its name in `bench:compare`. */
const costs: Readonly<Record<string, RowPlan>> = {
	"api-key": policy("api key", "api-key", keyed),
	jwt: policy("jwt, cached", "jwt", full),
	limit: policy("rate limit, memory", "rate-limit", get),
	"limit-redis": policy("rate limit, Redis", "rate-limit-redis", get),
	"on-finish": policy("empty onFinish", "on-finish", get),
	log: policy("access log", "access-log", get),
	metrics: policy("metrics", "metrics", get),
	id: policy("request id", "request-id", get),
	status: policy("status page", "status", get),
	tracing: policy("tracing, no SDK", "tracing", get),
	"tracing-sdk": policy("tracing, spans made", "tracing-sdk", get),
	observed: policy("log + metrics + id", "observed", get),
	observability: policy("all observability", "observability", get),
};

/** Every table of `npm run bench`, in order. */
export const sections: readonly Section[] = [
	{
		id: "get",
		title: "GET, 82-byte JSON answer",
		reference: "ceiling",
		rows: ["ceiling", "gateway", "splice", "bare", ...peers].map(row(get)),
	},
	{
		id: "variants",
		title: "The gateway's own variants, GET, 82-byte JSON answer",
		reference: "gateway",
		rows: [
			row(get)("gateway"),
			row(typed)("gateway-parameters"),
			row(typed)("gateway-typed"),
			row(full)("gateway-full"),
			{ ...row(get)("gateway-dependencies"), name: "10 dependencies" },
			routes(10),
			routes(10_000),
		],
	},
	{
		id: "post",
		title: "POST, JSON body of 1 KiB",
		reference: "gateway",
		rows: [
			...["gateway", "ceiling"].map(row(post)),
			row(post)("gateway-body"),
			...["fast-proxy", "httpxy"].map(row(post)),
		],
	},
	{
		id: "download",
		title: "GET, answer of 1 MiB",
		reference: "ceiling",
		rows: ["ceiling", "gateway", "splice", ...peers].map(
			row(request(`/bytes/${mebibyte}`), mebibyte),
		),
	},
	{
		id: "cache",
		title: "Cache hit, 82 bytes",
		reference: "bare",
		rows: [
			...["bare", "gateway-cache"].map(row(get)),
			policy("hit, one of 20,000", "cache-many", get),
			policy("304 hit", "cache", unchanged, 0),
			policy("local handler", "handler", get),
		],
	},
	{
		id: "cache-work",
		title: "The cache's other work, beside a pass-through of the same answer",
		reference: "gateway",
		rows: [
			row(get)("gateway"),
			policy("miss, stored", "cache-miss", get),
			policy("one miss in 40", "cache-collapse", get),
			{ ...row(large, largeBytes)("gateway"), name: "100 KB pass-through" },
			policy("100 KB hit", "cache", large, largeBytes),
		],
	},
	{
		id: "costs",
		title: "One policy alone, GET, 82-byte JSON answer",
		reference: "gateway",
		rows: [row(get)("gateway"), ...Object.values(costs)],
	},
];

/** What `bench:compare` can do, by name. */
export const comparisons: Readonly<Record<string, RowPlan>> = {
	get: row(get)("gateway"),
	parameters: row(typed)("gateway-parameters"),
	typed: row(typed)("gateway-typed"),
	full: row(full)("gateway-full"),
	dependencies: row(get)("gateway-dependencies"),
	post: row(post)("gateway"),
	body: row(post)("gateway-body"),
	download: row(request(`/bytes/${mebibyte}`), mebibyte)("gateway"),
	cache: row(get)("gateway-cache"),
	handler: policy("local handler", "handler", get),
	miss: policy("miss, stored", "cache-miss", get),
	hits: policy("hit, one of 20,000", "cache-many", get),
	"304": policy("304 hit", "cache", unchanged, 0),
	...costs,
};

function request(
	path: string,
	headers: Readonly<Record<string, string>> = {},
): LoadRequest {
	return { path, headers: { ...clientHeaders, ...headers } };
}

function row(
	work: LoadRequest,
	answerBytes: number = smallBytes,
): (name: string) => RowPlan {
	return (name) => ({ name, file: `${name}.ts`, request: work, answerBytes });
}

/** Pass-through with what `POLICY` names added to it. */
function policy(
	name: string,
	id: string,
	work: LoadRequest,
	answerBytes: number = smallBytes,
): RowPlan {
	return {
		...row(work, answerBytes)("gateway-policy"),
		name,
		env: { POLICY: id },
	};
}

function routes(count: number): RowPlan {
	return {
		...row(request(`/service-${count - 1}/users/7`))("gateway-routes"),
		name: `${count.toLocaleString("en")} routes`,
		env: { ROUTES: String(count) },
	};
}

/** An HS256 token (RFC 7515) that is good for a day. */
function token(): string {
	const now = Math.floor(Date.now() / 1000);
	const claims = { iss: "bench", aud: "bench", sub: "7", iat: now };
	const text = [
		{ alg: "HS256", typ: "JWT" },
		{ ...claims, exp: now + 86_400 },
	]
		.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
		.join(".");
	return `${text}.${createHmac("sha256", jwtSecret).update(text).digest("base64url")}`;
}
