import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { suite, test } from "node:test";
import {
	type IntrospectionOptions,
	introspection,
} from "../../../src/policies/auth/introspection.ts";
import { startUpstream, type TestScope } from "../../../src/testing.ts";
import { createGate } from "../../helpers/gate.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { Clock, startStage } from "./stage.ts";

type Answer = (res: ServerResponse) => void;

/** An authorization server that knows tokens. */
class Server {
	readonly clock: Clock = new Clock();
	readonly tokens: Map<string, object> = new Map();
	/** What it was asked: the Authorization field, and the form. */
	readonly asked: { authorization: string | undefined; form: string }[] = [];
	gate: Promise<void> | null = null;
	/** Answers in place of the server. */
	answer: Answer | null = null;
	url = "";

	static async start(scope: TestScope): Promise<Server> {
		const server = new Server();
		const { url } = await startUpstream(scope, (req, res) => {
			void server.#serve(req, res);
		});
		server.url = `${url}/introspect`;
		return server;
	}

	get options(): IntrospectionOptions {
		return {
			url: this.url,
			client: { id: "gateway", secret: "hush" },
			now: this.clock.now,
		};
	}

	/** In seconds from now. */
	in(seconds: number): number {
		return this.clock.ms / 1000 + seconds;
	}

	async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
		let form = "";
		for await (const chunk of req.setEncoding("utf8")) form += chunk;
		this.asked.push({ authorization: req.headers.authorization, form });
		await this.gate;
		if (this.answer !== null) return this.answer(res);
		const known = this.tokens.get(new URLSearchParams(form).get("token") ?? "");
		res.setHeader("content-type", "application/json");
		res.end(JSON.stringify(known ?? { active: false }));
	}
}

function bearer(token: string): { authorization: string } {
	return { authorization: `Bearer ${token}` };
}

suite("a token that its issuer is asked about", () => {
	test("tells who calls when it is active, and is not sent on", async (t) => {
		const server = await Server.start(t);
		const claims = { active: true, sub: "ada", scope: "read write", tenant: 7 };
		server.tokens.set("t-1", claims);
		const stage = await startStage(t, introspection(server.options));
		const { identity, echo } = await stage.ask(bearer("t-1"));
		assert.deepEqual(identity, {
			id: "ada",
			scopes: ["read", "write"],
			claims,
		});
		assert.equal(echo?.headers.authorization, undefined);
		assert.deepEqual(server.asked, [
			{
				authorization: `Basic ${Buffer.from("gateway:hush").toString("base64")}`,
				form: "token=t-1&token_type_hint=access_token",
			},
		]);
	});

	test("that is missing, malformed or inactive is a 401", async (t) => {
		const server = await Server.start(t);
		const stage = await startStage(t, introspection(server.options));
		const cases: readonly [Record<string, string>, RegExp][] = [
			[{}, /^Bearer realm="api"$/],
			[bearer("a b"), /invalid_token.*malformed/],
			[bearer("x".repeat(9 * 1024)), /invalid_token.*large/],
			[bearer("t-2"), /invalid_token.*not active/],
		];
		for (const [headers, expected] of cases) {
			const answer = await stage.ask(headers);
			assert.equal(answer.status, 401);
			assert.match(String(answer.headers["www-authenticate"]), expected);
		}
		assert.equal(server.asked.length, 1);
	});

	test("is refused beyond its times, from another issuer, for another audience", async (t) => {
		const server = await Server.start(t);
		const good = { active: true, iss: "me", aud: ["x", "api"] };
		const told: Readonly<Record<string, object>> = {
			good,
			alone: { ...good, aud: "api" },
			expired: { ...good, exp: server.in(0) },
			early: { ...good, nbf: server.in(1) },
			issuer: { ...good, iss: "me/" },
			nobody: { active: true, aud: "api" },
			audience: { ...good, aud: ["x"] },
			unsaid: { active: true, iss: "me" },
		};
		for (const [name, claims] of Object.entries(told)) {
			server.tokens.set(name, claims);
		}
		const options = { issuer: "me", audience: ["api", "other"] };
		const caller = introspection({ ...server.options, ...options });
		const stage = await startStage(t, caller);
		const reasons: Record<string, unknown> = {};
		for (const name of Object.keys(told)) {
			await stage.ask(bearer(name));
			reasons[name] = stage.decisions.at(-1)?.reason;
		}
		assert.deepEqual(reasons, {
			good: null,
			alone: null,
			expired: "expired",
			early: "early",
			issuer: "issuer",
			nobody: "issuer",
			audience: "audience",
			unsaid: "audience",
		});
	});

	test("needs every scope that is asked for, else 403", async (t) => {
		const server = await Server.start(t);
		server.tokens.set("t-1", { active: true, scope: "read" });
		server.tokens.set("t-2", { active: true, scope: "write read" });
		const scopes = ["read", "write"];
		const stage = await startStage(
			t,
			introspection({ ...server.options, scopes }),
		);
		const { status, headers } = await stage.ask(bearer("t-1"));
		assert.equal(status, 403);
		assert.match(
			String(headers["www-authenticate"]),
			/error="insufficient_scope", scope="read write"/,
		);
		assert.equal((await stage.ask(bearer("t-2"))).status, 200);
	});

	test("may be asked about by a client in the form, or by a token of the gateway's own", async (t) => {
		const server = await Server.start(t);
		const clients: IntrospectionOptions["client"][] = [
			{ id: "g&w", secret: "a b:c", method: "post" },
			{ id: "g&w", secret: "a b:c" },
			{ token: "own-token" },
		];
		for (const client of clients) {
			const caller = introspection({ ...server.options, client });
			await (await startStage(t, caller)).ask(bearer("t"));
		}
		const pair = Buffer.from("g%26w:a+b%3Ac").toString("base64");
		const plain = "token=t&token_type_hint=access_token";
		assert.deepEqual(server.asked, [
			{
				authorization: undefined,
				form: `${plain}&client_id=g%26w&client_secret=a+b%3Ac`,
			},
			{ authorization: `Basic ${pair}`, form: plain },
			{ authorization: "Bearer own-token", form: plain },
		]);
	});
});

suite("an answer about a token", () => {
	test("is asked for once by a hundred requests at the same time", async (t) => {
		const server = await Server.start(t);
		server.tokens.set("t-1", { active: true });
		const gate = createGate();
		server.gate = gate.opened;
		const stage = await startStage(t, introspection(server.options));
		const answers = Array.from({ length: 100 }, () => stage.ask(bearer("t-1")));
		while (server.asked.length === 0) await new Promise(setImmediate);
		gate.open();
		for (const { status } of await Promise.all(answers)) {
			assert.equal(status, 200);
		}
		assert.equal(server.asked.length, 1);
	});

	test("is kept until the token expires, and five minutes at most", async (t) => {
		const server = await Server.start(t);
		server.tokens.set("short", { active: true, exp: server.in(60) });
		server.tokens.set("long", { active: true, exp: server.in(3_600) });
		server.tokens.set("open", { active: true });
		const stage = await startStage(t, introspection(server.options));
		const ask = async (...names: string[]): Promise<number[]> => {
			const statuses: number[] = [];
			for (const name of names) {
				statuses.push((await stage.ask(bearer(name))).status);
			}
			return statuses;
		};
		assert.deepEqual(await ask("short", "long", "open"), [200, 200, 200]);
		server.tokens.clear();
		server.clock.move(59_999);
		assert.deepEqual(await ask("short", "long", "open"), [200, 200, 200]);
		server.clock.move(1);
		assert.deepEqual(await ask("short"), [401]);
		server.clock.move(239_999);
		assert.deepEqual(await ask("long", "open"), [200, 200]);
		server.clock.move(1);
		assert.deepEqual(await ask("long", "open"), [401, 401]);
	});

	test("that it is inactive is kept for 5 s", async (t) => {
		const server = await Server.start(t);
		const stage = await startStage(t, introspection(server.options));
		assert.equal((await stage.ask(bearer("t-1"))).status, 401);
		server.tokens.set("t-1", { active: true });
		server.clock.move(4_999);
		assert.equal((await stage.ask(bearer("t-1"))).status, 401);
		server.clock.move(1);
		assert.equal((await stage.ask(bearer("t-1"))).status, 200);
	});

	test("that is none, or does not come, is a 503 and no 401, and is not kept", async (t) => {
		const server = await Server.start(t);
		server.tokens.set("t-1", { active: true, sub: "ada" });
		const log = new KeptLog();
		const options = { ...server.options, timeoutMs: 300 };
		const stage = await startStage(t, introspection(options), { logger: log });
		const end = (status: number, body: string): Answer => {
			return (res) => res.writeHead(status).end(body);
		};
		const answers: readonly Answer[] = [
			end(500, "{}"),
			end(401, '{"active":true}'),
			(res) => res.writeHead(302, { location: "/other" }).end(),
			end(200, "no JSON"),
			end(200, "{}"),
			end(200, "null"),
			end(200, "[]"),
			end(200, '{"active":"true"}'),
			end(200, '{"active":true,"exp":"tomorrow"}'),
			end(200, `{"active":true,"a":"${"x".repeat(70_000)}"}`),
			(res) => res.destroy(),
			() => undefined,
		];
		for (const answer of answers) {
			server.answer = answer;
			const { status, code, headers } = await stage.ask(bearer("t-1"));
			assert.deepEqual([status, code], [503, "ERR_UNAVAILABLE"], `${answer}`);
			assert.equal(headers["www-authenticate"], undefined);
			assert.equal(stage.decisions.at(-1)?.outcome, "unavailable");
		}
		server.answer = null;
		assert.equal((await stage.ask(bearer("t-1"))).status, 200);
		assert.doesNotMatch(JSON.stringify(log.lines), /t-1|hush/);
	});

	test("is asked for so many at the same time, and for the rest it is a 503", async (t) => {
		const server = await Server.start(t);
		const gate = createGate();
		server.gate = gate.opened;
		const caller = introspection({
			...server.options,
			maxUnderWay: 1,
			maxPerAddress: 2,
		});
		const stage = await startStage(t, caller);
		const first = stage.ask(bearer("t-1"));
		while (server.asked.length === 0) await new Promise(setImmediate);
		assert.equal((await stage.ask(bearer("t-2"))).status, 503);
		gate.open();
		assert.equal((await first).status, 401);
	});
});
