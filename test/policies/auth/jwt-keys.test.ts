import assert from "node:assert/strict";
import type { RequestListener, ServerResponse } from "node:http";
import { after, suite, test } from "node:test";
import { type JwtOptions, jwt } from "../../../src/policies/auth/jwt.ts";
import type { TestScope } from "../../../src/testing.ts";
import { Authority } from "../../helpers/certificates.ts";
import { createGate } from "../../helpers/gate.ts";
import {
	createSigningKey,
	Issuer,
	type SigningKey,
	signToken,
	toJwk,
} from "./issuer.ts";
import { type Answer, Clock, type Stage, startStage } from "./stage.ts";

const key = createSigningKey("k1");
const next = createSigningKey("k2");
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A gateway and its issuer, whose clock stands. */
class Scene {
	readonly clock: Clock = new Clock();
	readonly issuer: Issuer;
	stage!: Stage;
	#serial = 0;

	constructor(issuer: Issuer) {
		this.issuer = issuer;
	}

	static async start(
		scope: TestScope,
		options: Partial<JwtOptions> = {},
	): Promise<Scene> {
		const scene = new Scene(await Issuer.start(scope, [key]));
		const caller = jwt({
			algorithms: ["RS256"],
			jwksUri: scene.issuer.jwksUri,
			issuer: "https://issuer.test",
			audience: false,
			now: scene.clock.now,
			...options,
		} as JwtOptions);
		scene.stage = await startStage(scope, caller);
		return scene;
	}

	/** A token that was never seen before, so that it has to be verified. */
	token(by: SigningKey = key, header: object = {}): string {
		const claims = {
			iss: "https://issuer.test",
			exp: this.clock.ms / 1000 + 30 * 86_400,
			jti: String(this.#serial++),
		};
		return signToken(by, claims, header);
	}

	ask(token: string = this.token()): Promise<Answer> {
		return this.stage.ask({ authorization: `Bearer ${token}` });
	}

	async status(by?: SigningKey): Promise<number> {
		return (await this.ask(this.token(by))).status;
	}
}

/** Waits until the issuer has been asked that often. */
async function untilAsked(issuer: Issuer, count: number): Promise<void> {
	while (issuer.count < count) await new Promise(setImmediate);
}

/** Waits until requests see what was fetched in the background. */
async function untilStatus(
	scene: Scene,
	by: SigningKey,
	wanted: number,
): Promise<void> {
	while ((await scene.status(by)) !== wanted) await new Promise(setImmediate);
}

suite("the issuer's keys", () => {
	test("are fetched once for a hundred requests that wait for them", async (t) => {
		const scene = await Scene.start(t);
		const gate = createGate();
		scene.issuer.handler = async (_req, res) => {
			await gate.opened;
			res.end(JSON.stringify({ keys: [toJwk(key)] }));
		};
		const answers = Array.from({ length: 100 }, () => scene.ask());
		await untilAsked(scene.issuer, 1);
		gate.open();
		const statuses = (await Promise.all(answers)).map(({ status }) => status);
		assert.deepEqual([...new Set(statuses)], [200]);
		assert.equal(scene.issuer.count, 1);
	});

	test("that do not come in time are a 503 for all who wait", async (t) => {
		const scene = await Scene.start(t, { timeoutMs: 50 });
		const held: ServerResponse[] = [];
		scene.issuer.handler = (_req, res) => void held.push(res);
		const answers = await Promise.all([scene.ask(), scene.ask(), scene.ask()]);
		for (const { status, code, headers } of answers) {
			assert.deepEqual([status, code], [503, "ERR_UNAVAILABLE"]);
			assert.equal(headers["www-authenticate"], undefined);
		}
		assert.equal(scene.issuer.count, 1);
		assert.equal(scene.stage.decisions[0]?.outcome, "unavailable");
	});

	test("of an issuer that is down at start are a 503, until it comes up", async (t) => {
		const scene = await Scene.start(t);
		await scene.issuer.stop();
		assert.equal(await scene.status(), 503);
		assert.equal(await scene.status(), 503, "it is not asked at each request");
		await scene.issuer.listen();
		scene.clock.move(1_000);
		assert.equal(await scene.status(), 200);
	});

	test("serve for 24 hours after the issuer has gone down, and no longer", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		await scene.issuer.stop();
		scene.clock.move(11 * minuteMs);
		assert.equal(await scene.status(), 200);
		scene.clock.move(24 * hourMs - 11 * minuteMs);
		assert.equal(await scene.status(), 200);
		scene.clock.move(1);
		assert.equal(await scene.status(), 503);
		await scene.issuer.listen();
		scene.clock.move(1_000);
		assert.equal(await scene.status(), 200);
	});

	test("are kept for ten minutes, and refreshed behind the request that finds them old", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		scene.clock.move(10 * minuteMs);
		assert.equal(await scene.status(), 200);
		assert.equal(scene.issuer.count, 1);
		const gate = createGate();
		scene.issuer.handler = async (_req, res) => {
			await gate.opened;
			res.end(JSON.stringify({ keys: [toJwk(next)] }));
		};
		scene.clock.move(1);
		assert.equal(await scene.status(), 200, "nobody waits for the new set");
		await untilAsked(scene.issuer, 2);
		assert.equal(await scene.status(), 200, "the old set serves meanwhile");
		gate.open();
		await untilStatus(scene, key, 401);
		assert.equal(await scene.status(next), 200);
	});

	test("are asked for again every 30 s while a refresh fails", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		scene.issuer.handler = (_req, res) => void res.writeHead(500).end();
		scene.clock.move(11 * minuteMs);
		await scene.status();
		await untilAsked(scene.issuer, 2);
		// The failure is taken note of before the next answer: both go through the same loop.
		for (let i = 0; i < 5; i++) assert.equal(await scene.status(), 200);
		assert.equal(scene.issuer.count, 2);
		scene.clock.move(30_000);
		assert.equal(await scene.status(), 200);
		await untilAsked(scene.issuer, 3);
	});
});

suite("an unknown key id", () => {
	test("makes the issuer be asked: a rotated key works at once, the old one until it is gone", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		scene.issuer.keys = [key, next];
		assert.equal(await scene.status(next), 200);
		assert.equal(await scene.status(key), 200);
		assert.equal(scene.issuer.count, 2);
	});

	test("a thousand times in a second is one fetch, which all share", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		const tokens = Array.from({ length: 1_000 }, (_, i) =>
			scene.token(key, { kid: `made-up-${i}` }),
		);
		const answers = await Promise.all(tokens.map((token) => scene.ask(token)));
		assert.ok(answers.every(({ status }) => status === 401));
		assert.equal(scene.issuer.count, 2);
		scene.clock.move(29_999);
		assert.equal((await scene.ask(scene.token(next))).status, 401);
		assert.equal(scene.issuer.count, 2);
		scene.issuer.keys = [key, next];
		scene.clock.move(1);
		assert.equal(await scene.status(next), 200);
		assert.equal(scene.issuer.count, 3);
	});

	test("at first is one fetch in all", async (t) => {
		const scene = await Scene.start(t);
		for (let i = 0; i < 20; i++) assert.equal(await scene.status(next), 401);
		assert.equal(scene.issuer.count, 1);
	});

	test("while the issuer is down is a 503, and known keys go on", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		await scene.issuer.stop();
		assert.equal(await scene.status(next), 503);
		assert.equal(await scene.status(next), 503);
		assert.equal(await scene.status(), 200);
	});

	test("makes a failing issuer be asked again after 1 s, then after twice the time, up to 30 s", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		scene.issuer.handler = (_req, res) => void res.writeHead(500).end();
		let count = 1;
		for (const pauseMs of [1, 2, 4, 8, 16, 30, 30].map((s) => s * 1_000)) {
			assert.equal(await scene.status(next), 503);
			assert.equal(scene.issuer.count, ++count);
			scene.clock.move(pauseMs - 1);
			assert.equal(await scene.status(next), 503);
			assert.equal(scene.issuer.count, count, `${pauseMs} ms`);
			scene.clock.move(1);
		}
		scene.issuer.handler = null;
		scene.issuer.keys = [key, next];
		assert.equal(await scene.status(next), 200);
	});

	test("works within a second after the issuer is back", async (t) => {
		const scene = await Scene.start(t);
		assert.equal(await scene.status(), 200);
		scene.issuer.handler = (_req, res) => void res.writeHead(500).end();
		assert.equal(await scene.status(next), 503);
		scene.issuer.handler = null;
		scene.issuer.keys = [key, next];
		scene.clock.move(1_000);
		assert.equal(await scene.status(next), 200);
	});

	test("is of no avail to a token that is forged: no key is asked for without need", async (t) => {
		const scene = await Scene.start(t);
		const header = { kid: "k9", alg: "HS256" };
		assert.equal((await scene.ask(scene.token(key, header))).status, 401);
		assert.equal(scene.issuer.count, 0);
	});
});

suite("an answer that is no set of keys does not replace one:", () => {
	const large = JSON.stringify({
		keys: [toJwk(next)],
		pad: "x".repeat(1 << 20),
	});
	const answers: Readonly<Record<string, RequestListener>> = {
		"an error": (_req, res) => res.writeHead(500).end("{}"),
		"a redirect": (_req, res) => {
			res.writeHead(302, { location: "https://evil.test/" }).end();
		},
		"a 204": (_req, res) => res.writeHead(204).end(),
		"no JSON": (_req, res) => res.end("<html>"),
		"a list": (_req, res) => res.end("[]"),
		null: (_req, res) => res.end("null"),
		"keys that are no list": (_req, res) => res.end('{"keys":{}}'),
		"more than 1 MiB, with a length": (_req, res) => res.end(large),
		"more than 1 MiB, without one": (_req, res) => {
			res.write(large);
			res.end();
		},
		"a cut one": (_req, res) => {
			res.writeHead(200, { "content-length": 100 }).write('{"keys":[]}');
			setImmediate(() => res.destroy());
		},
	};
	for (const [name, handler] of Object.entries(answers)) {
		test(name, async (t) => {
			const scene = await Scene.start(t);
			scene.issuer.handler = handler;
			assert.equal(await scene.status(), 503, "where there was none yet");
			scene.issuer.handler = null;
			scene.clock.move(1_000);
			assert.equal(await scene.status(), 200);
			scene.issuer.handler = handler;
			assert.equal(await scene.status(next), 503);
			assert.equal(scene.issuer.count, 3);
			assert.equal(await scene.status(), 200, "where there was one");
		});
	}

	test("a set of nearly 1 MiB is one", async (t) => {
		const scene = await Scene.start(t);
		const pad = "x".repeat((1 << 20) - 2_000);
		scene.issuer.handler = (_req, res) => {
			res.end(JSON.stringify({ keys: [toJwk(key)], pad }));
		};
		assert.equal(await scene.status(), 200);
	});
});

suite("over TLS", () => {
	const authority = new Authority();
	after(() => authority.close());
	const good = authority.issue("issuer");
	const other = authority.issue("issuer", { names: "DNS:other.test" });

	async function statusWith(
		scope: TestScope,
		certificate: typeof good,
		ca: string | undefined,
	): Promise<number> {
		const issuer = await Issuer.start(scope, [key], certificate);
		const scene = await Scene.start(scope, {
			jwksUri: issuer.jwksUri,
			...(ca === undefined ? {} : { tls: { ca } }),
		} as Partial<JwtOptions>);
		return scene.status();
	}

	test("the issuer is known by an authority of one's own", async (t) => {
		assert.equal(await statusWith(t, good, authority.ca), 200);
	});

	test("an issuer that nobody vouches for, or with another's name, gives no keys", async (t) => {
		assert.equal(await statusWith(t, good, undefined), 503);
		assert.equal(await statusWith(t, other, authority.ca), 503);
	});
});
