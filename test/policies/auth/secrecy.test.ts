import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { type Dependency, HttpError } from "../../../src/index.ts";
import { anyOf } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { basic } from "../../../src/policies/auth/basic.ts";
import { forwardAuth } from "../../../src/policies/auth/forward-auth.ts";
import { introspection } from "../../../src/policies/auth/introspection.ts";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import type { SchemeOptions } from "../../../src/policies/auth/scheme.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { signWithSecret } from "./issuer.ts";
import { type SentHeaders, startStage } from "./stage.ts";

/** Nobody listens there. */
const nowhere = "http://127.0.0.1:1";
const secret = "a secret of at least thirty-two bytes";
const exp = Date.now() / 1000 + 600;
const good = signWithSecret(secret, { iss: "me", exp });
const other = signWithSecret("x".repeat(32), { iss: "me", exp });
const claims = { issuer: "me", audience: false } as const;

interface Case {
	readonly name: string;
	readonly make: (options: SchemeOptions) => Dependency;
	readonly sent: SentHeaders;
	readonly target?: string;
	/** What no line may have. */
	readonly hidden: readonly string[];
}

const password = "open-sesame";
const pair = Buffer.from(`ada:${password}`).toString("base64");
const login = { authorization: `Basic ${pair}` };
const keyring = { header: "x-key", query: "key", cookie: "key" };

const cases: readonly Case[] = [
	{
		name: "a key of a list, known",
		make: (options) =>
			apiKey({ ...options, ...keyring, keys: [{ key: "key-of-ada" }] }),
		sent: { "x-key": "key-of-ada" },
		target: "/?key=key-of-ada",
		hidden: ["key-of-ada"],
	},
	{
		name: "a key of a list, unknown",
		make: (options) =>
			apiKey({ ...options, ...keyring, keys: [{ key: "key-of-ada" }] }),
		sent: { cookie: "key=key-of-eve" },
		hidden: ["key-of-"],
	},
	{
		name: "a token, valid",
		make: (options) =>
			jwt({ ...options, ...claims, secret, algorithms: ["HS256"] }),
		sent: { authorization: `Bearer ${good}` },
		hidden: [good, good.split(".")[2] ?? ""],
	},
	{
		name: "a token with a bad signature",
		make: (options) =>
			jwt({ ...options, ...claims, secret, algorithms: ["HS256"] }),
		sent: { authorization: `Bearer ${other}` },
		hidden: [other, other.split(".")[2] ?? ""],
	},
	{
		name: "a token while the issuer is down",
		make: (options) =>
			jwt({
				...options,
				...claims,
				jwksUri: nowhere,
				algorithms: ["RS256"],
			}),
		sent: { authorization: `Bearer ${other}` },
		hidden: [other],
	},
	{
		name: "a token that nobody can be asked about",
		make: (options) =>
			introspection({
				...options,
				url: nowhere,
				client: { id: "gateway", secret: "of-the-gateway" },
			}),
		sent: { authorization: "Bearer token-of-ada" },
		hidden: ["token-of-ada", "of-the-gateway"],
	},
	{
		name: "a password, right",
		make: (options) => basic({ ...options, verify: () => ({ id: "ada" }) }),
		sent: login,
		hidden: [password, pair],
	},
	{
		name: "a password whose check fails",
		make: (options) =>
			basic({
				...options,
				verify: () => {
					throw new Error("gone");
				},
			}),
		sent: login,
		hidden: [password, pair],
	},
	{
		name: "what a service that is down would decide about",
		make: ({ onDecision }) =>
			forwardAuth({ url: nowhere, ...(onDecision && { onDecision }) }),
		sent: { ...login, cookie: "session=session-of-ada" },
		hidden: [password, pair, "session-of-ada"],
	},
	{
		name: "one of several",
		make: (options) =>
			anyOf(
				jwt({ ...options, ...claims, secret, algorithms: ["HS256"] }),
				apiKey({ ...options, keys: [{ key: "key-of-ada" }] }),
			),
		sent: { "x-api-key": "key-of-eve" },
		hidden: ["key-of-"],
	},
];

suite("neither the log, nor what was decided, nor the answer has", () => {
	for (const { name, make, sent, target, hidden } of cases) {
		test(name, async (t) => {
			const log = new KeptLog();
			// A hook that fails makes the log tell all there is.
			const onDecision: SchemeOptions["onDecision"] = (decision) => {
				log.info({ decision }, "decided");
				throw new HttpError(500, undefined, { cause: new Error("on purpose") });
			};
			for (const options of [{}, { onDecision }]) {
				const caller = make(options);
				const stage = await startStage(t, caller, { logger: log });
				const answer = await stage.ask(sent, target);
				const told = answer.echo === null ? answer : null;
				const all = [log.lines, stage.decisions, told];
				const text = inspect(all, { depth: null, maxStringLength: null });
				assert.ok(stage.decisions.length > 0);
				for (const one of hidden) assert.ok(!text.includes(one), text);
			}
			assert.ok(log.lines.length >= 2, "there is something to look at");
		});
	}
});
