import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { type TestContext, test } from "node:test";
import { Pool } from "undici";
import {
	createGateway,
	dependency,
	type Gateway,
	HttpError,
	input,
	type Policy,
	route,
	Type,
} from "../../../src/index.ts";
import { cache } from "../../../src/policies/cache/cache.ts";
import { metrics } from "../../../src/policies/observability/metrics/metrics.ts";
import { rateLimit } from "../../../src/policies/rate-limit/rate-limit.ts";
import { startGateway, startUpstream } from "../../../src/testing.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

interface Sample {
	readonly value: string;
	readonly labels: Readonly<Record<string, string>>;
}

type Parse = (text: string) => readonly { readonly name: string }[];
const parsed: unknown = createRequire(import.meta.url)(
	"parse-prometheus-text-format",
);
const parse = ((parsed as { default?: Parse }).default ?? parsed) as Parse;

async function start(t: TestContext): Promise<{
	gateway: Gateway;
	scrape(): Promise<string>;
	clients(): ReadonlySet<string>;
}> {
	const { url } = await startUpstream(t, (req, res) => {
		if (req.url === "/broken") req.socket.resetAndDestroy();
		else {
			res.setHeader("cache-control", "max-age=60");
			res.end("four");
		}
	});
	const admin = dependency(
		{ key: input.header("x-admin", Type.Optional(Type.String())) },
		({ key }) => {
			if (key !== "yes") throw new HttpError(401);
			return key;
		},
	);
	const counted = metrics({ dependencies: { admin } });
	const addresses = new Set<string>();
	const seen: Policy = {
		name: "seen",
		forRoute: () => ({
			onFinish: ({ address }) => void addresses.add(address),
		}),
	};
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		trustedProxies: ["127.0.0.1", "::1"],
		policies: [counted, seen],
		routes: [
			route.all("/users/:id", { upstream: url }),
			route.get("/broken", { upstream: url }),
			route.get("/cached", { upstream: url, policies: [cache()] }),
			route.get("/few", {
				policies: [rateLimit({ name: "few", limit: 1, window: "hour" })],
				handler: () => "well",
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	return {
		gateway,
		clients: () => addresses,
		async scrape() {
			const headers = { "x-admin": "yes" };
			const answer = await gateway.inject({ url: "/metrics", headers });
			assert.equal(answer.status, 200);
			assert.match(String(answer.headers["content-type"]), /^text\/plain/);
			assert.ok(parse(answer.body).length > 8);
			return answer.body;
		},
	};
}

/** The sample of that name and those labels; undefined where there is none. The parser loses the labels of histograms. */
function find(
	text: string,
	name: string,
	labels: Readonly<Record<string, string>> = {},
): Sample | undefined {
	const samples = text
		.split("\n")
		.filter((line) => line.startsWith(`${name}{`))
		.map((line) => ({
			value: line.slice(line.lastIndexOf(" ") + 1),
			labels: Object.fromEntries(
				[...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [
					key,
					value,
				]),
			) as Record<string, string>,
		}));
	return samples.find((one) =>
		Object.entries(labels).every(([key, value]) => one.labels[key] === value),
	);
}

test("requests are counted by method, route, status and upstream", async (t) => {
	const { gateway, scrape } = await start(t);
	for (const id of [1, 2, 3]) await gateway.inject(`/users/${id}`);
	await gateway.inject("/broken");
	await gateway.inject("/nowhere");
	const text = await scrape();
	assert.doesNotMatch(text, /"\/few"/, "nobody asked for that route");
	const server = "http_server_request_duration_seconds";
	const users = { method: "GET", route: "/users/:id", status: "200" };
	const served = find(text, `${server}_count`, users);
	assert.equal(served?.value, "3");
	assert.ok(Number(find(text, `${server}_sum`, users)?.value) > 0);
	assert.match(served?.labels.upstream ?? "", /^127\.0\.0\.1:\d+$/);
	const client = "http_client_request_duration_seconds";
	assert.equal(find(text, `${client}_count`, users)?.value, "3");
	const broken = { route: "/broken" };
	assert.equal(
		find(text, `${server}_count`, { ...broken, status: "502" })?.value,
		"1",
	);
	// Each call is timed, the one that was made again too.
	assert.equal(
		find(text, `${client}_count`, { ...broken, status: "none" })?.value,
		"2",
	);
	assert.equal(find(text, "gateway_upstream_retries_total")?.value, "1");
	const lost = { route: "unmatched", status: "404", source: "gateway" };
	assert.equal(find(text, "gateway_answers_total", lost)?.value, "1");
	const out = { route: "/users/:id", direction: "out" };
	assert.equal(find(text, "gateway_body_bytes_total", out)?.value, "12");
	const overhead = { route: "/users/:id" };
	assert.equal(
		find(text, "gateway_overhead_seconds_count", overhead)?.value,
		"3",
	);
});

test("what limits and caches decide is counted, and who runs", async (t) => {
	const { gateway, scrape } = await start(t);
	for (let i = 0; i < 3; i++) await gateway.inject("/few");
	for (let i = 0; i < 3; i++) await gateway.inject("/cached");
	const text = await scrape();
	const refused = { kind: "limit", policy: "few", outcome: "refused" };
	assert.equal(find(text, "gateway_decisions_total", refused)?.value, "2");
	assert.equal(
		find(text, "gateway_cache_total", { result: "hit" })?.value,
		"2",
	);
	assert.equal(
		find(text, "gateway_cache_total", { result: "miss" })?.value,
		"1",
	);
	const build = find(text, "gateway_build_info");
	assert.equal(build?.labels.node, process.version);
	assert.match(build?.labels.version ?? "", /^\d+\.\d+\.\d+$/);
	const late = find(text, "gateway_event_loop_delay_seconds");
	assert.ok(Number(late?.value) >= 0);
});

test("in flight is what has not ended", async (t) => {
	const { gateway, scrape } = await start(t);
	await Promise.all([1, 2, 3].map((id) => gateway.inject(`/users/${id}`)));
	const text = await scrape();
	const name = "gateway_requests_in_flight";
	assert.equal(find(text, name, { route: "/users/:id" })?.value, "0");
	assert.equal(find(text, name, { route: "/metrics" }), undefined);
});

test("10,000 paths and clients, and methods of a client's own, add no labels", async (t) => {
	const { gateway, scrape, clients } = await start(t);
	const { url } = await startGateway(t, gateway);
	const client = new Pool(url, { connections: 20 });
	t.after(() => client.close());
	const ask = async (n: number): Promise<void> => {
		const { body } = await client.request({
			method: "GET",
			path: n % 2 ? `/users/${n}?n=${n}` : `/lost-${n}`,
			headers: {
				"x-forwarded-for": `10.0.${n >> 8}.${n & 255}`,
				"user-agent": `client/${n}`,
			},
		});
		await body.dump();
	};
	await ask(1);
	await ask(2);
	for (const method of ["PROPFIND", "PURGE", "LOCK"]) {
		await gateway.inject({ method, url: "/users/1" });
	}
	const count = (text: string): number => text.split("\n").length;
	await scrape();
	const before = count(await scrape());
	for (let i = 0; i < 10_000; i += 100) {
		await Promise.all(Array.from({ length: 100 }, (_, j) => ask(i + j)));
	}
	const text = await scrape();
	assert.equal(count(text), before);
	const server = "http_server_request_duration_seconds_count";
	const users = { method: "GET", route: "/users/:id" };
	assert.equal(find(text, server, users)?.value, "5001");
	const known = [...clients()].filter((one) => one.startsWith("10."));
	assert.equal(known.length, 10_000);
	assert.equal(find(text, server, { method: "_OTHER" })?.value, "3");
});

test("they are guarded by the dependencies", async (t) => {
	const { gateway } = await start(t);
	assert.equal((await gateway.inject("/metrics")).status, 401);
});

test("bounds that do not rise are refused", () => {
	assert.throws(
		() => metrics({ buckets: [1, 1] }),
		/buckets must be an array of numbers above 0 that rise/,
	);
	assert.throws(
		() => metrics({ buckets: [0, 1] }),
		/buckets must be an array of numbers above 0 that rise/,
	);
});
