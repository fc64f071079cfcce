import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import type { CacheStore } from "../../../src/policies/cache/cache.ts";
import { redisStore } from "../../../src/policies/cache/store/redis.ts";
import { skipRedis, startRedis } from "../../helpers/redis-server.ts";
import { type CacheStage, startCache } from "./stage.ts";

// Many requests at random, several at a time, against a service that fails and changes: whatever the cache does, no
// answer may be one that its client must not have. What comes back says whose answer it is.

const controls = [
	"max-age=5",
	"public, max-age=5",
	"private, max-age=5",
	"no-store",
	"no-cache",
	"s-maxage=5",
	"max-age=5, stale-while-revalidate=5",
	"max-age=5, stale-if-error=5",
	'max-age=5, private="x-who"',
] as const;
const asks = ["no-cache", "max-age=0", "no-store", "only-if-cached"];
const ranges = ["bytes=0-3", "bytes=2-", "bytes=-4", "bytes=900-"];
/** Seconds that an answer may be old where a request allows nothing. */
const oldest = 10;

/** What an answer's body says of itself. */
interface Said {
	readonly path: string;
	readonly who: string;
	readonly lang: string;
	readonly version: number;
	readonly control: string;
}

/** Numbers that are the same for the same seed. */
function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
		return state / 0x80000000;
	};
}

class Model {
	readonly #random: () => number;
	/** Of the service, by path. */
	readonly #versions = new Map<string, number>();
	/** What a client has been told is there. */
	readonly #known = new Map<string, number>();
	readonly seen = { hits: 0, collapsed: 0, validated: 0 };
	stage!: CacheStage;

	constructor(seed: number) {
		this.#random = randomOf(seed);
	}

	pick<T>(values: readonly T[]): T {
		return values[Math.floor(this.#random() * values.length)] as T;
	}

	often(part: number): boolean {
		return this.#random() < part;
	}

	/** The service. */
	answer(req: IncomingMessage, res: ServerResponse): void {
		req.resume();
		const path = req.url as string;
		const version = this.#versions.get(path) ?? 0;
		if (req.method === "PUT") {
			this.#versions.set(path, version + 1);
			res.writeHead(204).end();
		} else if (this.often(0.5)) this.#give(req, res, path, version);
		else {
			setTimeout(() => this.#give(req, res, path, version), 8 * this.#random());
		}
	}

	#give(
		{ headers, method, socket }: IncomingMessage,
		res: ServerResponse,
		path: string,
		version: number,
	): void {
		const control = controls[Number(path.at(-1))] as string;
		const varies = path.startsWith("/v");
		const who = headers.authorization ?? "nobody";
		const lang = varies ? String(headers["x-lang"]) : "any";
		const body = JSON.stringify({ path, who, lang, version, control });
		const etag = `"${path}-${lang}-${version}-${who}"`;
		res.setHeader("cache-control", control);
		res.setHeader("etag", etag);
		res.setHeader("x-who", who);
		if (varies) res.setHeader("vary", "x-lang");
		const chance = this.#random();
		if (chance < 0.03) socket.destroy();
		else if (chance < 0.06) res.writeHead(503).end("no");
		else if (chance < 0.09) {
			res.writeHead(200, { "content-length": body.length }).write("{");
			setImmediate(() => res.destroy());
		} else if (headers["if-none-match"] === etag) res.writeHead(304).end();
		else res.end(method === "HEAD" ? undefined : body);
	}

	/** One client. */
	async ask(): Promise<void> {
		const path = `/${this.pick(["a", "v"])}${this.pick([..."012345678"])}`;
		const who = this.often(0.3) ? this.pick(["ann", "bob"]) : "nobody";
		const lang = this.pick(["en", "de"]);
		const method = this.often(0.06) ? "PUT" : this.pick([..."GGGGGH"]);
		const headers = {
			"x-lang": lang,
			...(who !== "nobody" && { authorization: who }),
			...(this.often(0.1) && { "cache-control": this.pick(asks) }),
			...(this.often(0.1) && { range: this.pick(ranges) }),
		};
		const least = this.#known.get(path) ?? 0;
		const verb = { G: "GET", H: "HEAD" }[method] ?? method;
		// One that is cut off has been told to its client as such.
		const got = await this.stage.get(path, headers, verb).catch(() => null);
		if (got === null) return;
		if (verb === "PUT" && got.status === 204) {
			const now = this.#versions.get(path) as number;
			this.#known.set(path, Math.max(now, this.#known.get(path) ?? 0));
		}
		if (verb !== "GET" || got.status !== 200) return;
		const said = JSON.parse(got.body) as Said;
		const { how } = got;
		const told = JSON.stringify({ said, how, headers });
		assert.equal(said.path, path, told);
		assert.ok(["any", lang].includes(said.lang), told);
		assert.ok(said.version >= least, `from before a change: ${told}`);
		const isOpen = /public|s-maxage/.test(said.control);
		const isOwn = said.who === who || said.who === "nobody";
		assert.ok(isOwn || isOpen, `another's: ${told}`);
		if (/hit|collapsed|304/.test(how)) {
			assert.doesNotMatch(said.control, /private,|no-store/, told);
		}
		if (how.includes("hit")) {
			this.seen.hits++;
			assert.ok(Number(got.headers.age) <= oldest, told);
			if (said.control.includes("x-who")) {
				assert.equal(got.headers["x-who"], undefined, told);
			}
		}
		if (how.includes("collapsed")) this.seen.collapsed++;
		if (how.includes("304")) this.seen.validated++;
	}
}

async function check(
	t: TestContext,
	seed: number,
	store?: CacheStore,
): Promise<void> {
	const model = new Model(seed);
	const stage = await startCache(t, (req, res) => model.answer(req, res), {
		cache: store === undefined ? {} : { store },
	});
	model.stage = stage;
	for (let round = 0; round < 100; round++) {
		await Promise.all(Array.from({ length: 12 }, () => model.ask()));
		if (model.often(0.4)) stage.clock.pass(model.pick([0.5, 1, 3, 4]));
		if (model.often(0.03)) await stage.cache.purge({ prefix: "/" });
	}
	const { hits, collapsed, validated } = model.seen;
	const told = JSON.stringify(model.seen);
	assert.ok(hits > 50 && collapsed > 0 && validated > 5, told);
}

for (const seed of [1, 2, 3]) {
	test(`no request of many at random gets an answer that it must not have (seed ${seed})`, (t) =>
		check(t, seed));

	test(`nor with Redis (seed ${seed})`, {
		skip: skipRedis,
	}, async (t: TestContext) => {
		const { url } = await startRedis(t);
		const store = redisStore({ url, timeoutMs: 5_000 });
		await store.connected();
		await check(t, seed, store);
	});
}
