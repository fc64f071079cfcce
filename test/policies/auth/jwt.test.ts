import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import {
	createSigningKey,
	Issuer,
	signToken,
	signWithSecret,
	toJwk,
} from "./issuer.ts";
import { Clock, startStage } from "./stage.ts";

const rsa = createSigningKey("r1");
const ec = createSigningKey("e1", "ES256");
const secret = "a secret of at least thirty-two bytes";
const clock = new Clock();
const seconds = clock.ms / 1000;
const base = { issuer: "https://issuer.test", audience: "api", now: clock.now };
const claims = {
	iss: "https://issuer.test",
	aud: "api",
	sub: "ada",
	exp: seconds + 3600,
	scope: "read write",
};

function bearer(token: string): { authorization: string } {
	return { authorization: `Bearer ${token}` };
}

suite("a token", () => {
	test("is verified with the issuer's keys, and tells who calls", async (t) => {
		const issuer = await Issuer.start(t, [rsa, ec]);
		const { jwksUri } = issuer;
		const algorithms = ["RS256", "ES256"] as const;
		const stage = await startStage(t, jwt({ ...base, jwksUri, algorithms }));
		for (const key of [rsa, ec]) {
			const { status, identity } = await stage.ask(
				bearer(signToken(key, claims)),
			);
			assert.equal(status, 200);
			assert.deepEqual(identity, {
				id: "ada",
				scopes: ["read", "write"],
				claims,
			});
		}
		assert.equal(issuer.count, 1);
		assert.equal(stage.decisions[0]?.subject, "ada");
	});

	test("is not sent on, unless that is asked for", async (t) => {
		const options = { ...base, algorithms: ["HS256"] as const, secret };
		const token = bearer(signWithSecret(secret, claims));
		const kept = await startStage(t, jwt(options));
		assert.equal(
			(await kept.ask(token)).echo?.headers.authorization,
			undefined,
		);
		const sent = await startStage(t, jwt({ ...options, forwardToken: true }));
		const { echo } = await sent.ask(token);
		assert.equal(echo?.headers.authorization, token.authorization);
	});

	test("may be checked with a secret, a key, or a set of keys", async (t) => {
		const algorithms = ["RS256"] as const;
		const publicKeys = [
			rsa.publicKey,
			rsa.publicKey.export({ format: "pem", type: "spki" }) as string,
			toJwk(rsa) as { kty: string },
		];
		const callers = [
			...publicKeys.map((publicKey) => jwt({ ...base, algorithms, publicKey })),
			jwt({ ...base, algorithms, jwks: { keys: [toJwk(rsa) as never] } }),
		];
		for (const caller of callers) {
			const stage = await startStage(t, caller);
			assert.equal(
				(await stage.ask(bearer(signToken(rsa, claims)))).status,
				200,
			);
			const other = createSigningKey("r1");
			const forged = await stage.ask(bearer(signToken(other, claims)));
			assert.equal(forged.status, 401);
		}
		const shared = await startStage(
			t,
			jwt({ ...base, algorithms: ["HS256"], secret: Buffer.from(secret) }),
		);
		const token = signWithSecret(secret, claims);
		assert.equal((await shared.ask(bearer(token))).status, 200);
	});

	test("without a key id is tried with each key that fits", async (t) => {
		const keys = ["a", "b", "c"].map((kid) => createSigningKey(kid));
		const jwks = { keys: keys.map((key) => toJwk(key) as { kty: string }) };
		const caller = jwt({ ...base, algorithms: ["RS256"], jwks });
		const stage = await startStage(t, caller);
		for (const key of keys) {
			const token = signToken(key, claims, { kid: undefined });
			assert.equal((await stage.ask(bearer(token))).status, 200, key.kid);
		}
		const stranger = signToken(createSigningKey("x"), claims, {
			kid: undefined,
		});
		const { status, headers } = await stage.ask(bearer(stranger));
		assert.equal(status, 401);
		assert.match(String(headers["www-authenticate"]), /signature/);
	});

	test("that is missing, or of another scheme, is a 401 with a plain challenge", async (t) => {
		const caller = jwt({
			...base,
			algorithms: ["HS256"],
			secret,
			realm: "mine",
		});
		const stage = await startStage(t, caller);
		for (const headers of [{}, { authorization: "Basic YTpi" }]) {
			const answer = await stage.ask(headers);
			assert.equal(answer.status, 401);
			assert.equal(answer.code, "ERR_UNAUTHORIZED");
			assert.equal(answer.headers["www-authenticate"], 'Bearer realm="mine"');
		}
		assert.equal(stage.decisions[0]?.outcome, "absent");
	});

	test("needs every scope that is asked for, however its issuer writes them", async (t) => {
		const options = { ...base, algorithms: ["HS256"] as const, secret };
		const caller = jwt({ ...options, scopes: ["read", "write"] });
		const stage = await startStage(t, caller);
		const statusOf = async (more: object): Promise<number> => {
			const token = signWithSecret(secret, {
				...claims,
				scope: undefined,
				...more,
			});
			return (await stage.ask(bearer(token))).status;
		};
		assert.equal(await statusOf({ scope: "write other read" }), 200);
		assert.equal(await statusOf({ scope: ["read", "write"] }), 200);
		assert.equal(await statusOf({ scp: ["read", "write"] }), 200);
		assert.equal(await statusOf({ scp: "read write" }), 200);
		assert.equal(await statusOf({ scope: "read writer" }), 403);
		assert.equal(await statusOf({}), 403);
		assert.equal(await statusOf({ scope: 7, scp: ["read", "write"] }), 403);
		const token = bearer(signWithSecret(secret, { ...claims, scope: "read" }));
		for (let i = 0; i < 2; i++) {
			const { status, headers, code } = await stage.ask(token);
			assert.deepEqual([status, code], [403, "ERR_FORBIDDEN"]);
			assert.equal(
				headers["www-authenticate"],
				'Bearer realm="api", error="insufficient_scope", scope="read write"',
			);
		}
	});

	test("without a subject has no id", async (t) => {
		const caller = jwt({ ...base, algorithms: ["HS256"], secret });
		const stage = await startStage(t, caller);
		const token = signWithSecret(secret, { ...claims, sub: undefined });
		const { identity } = await stage.ask(bearer(token));
		assert.equal((identity as { id: unknown }).id, null);
	});

	test("of another type is refused where a type is asked for", async (t) => {
		const options = { ...base, algorithms: ["HS256"] as const, secret };
		const stage = await startStage(t, jwt({ ...options, type: "at+jwt" }));
		const typed = (typ: string): string =>
			signWithSecret(secret, claims, { alg: "HS256", typ });
		assert.equal((await stage.ask(bearer(typed("at+jwt")))).status, 200);
		assert.equal((await stage.ask(bearer(typed("JWT")))).status, 401);
	});
});

suite("options that do not go together fail at start-up:", () => {
	const keys = { publicKey: rsa.publicKey };
	const cases: readonly [string, object, RegExp][] = [
		["no key", { algorithms: ["RS256"] }, /give one of/],
		["two keys", { algorithms: ["RS256"], ...keys, secret }, /give one of/],
		[
			"no algorithm",
			{ ...keys, algorithms: [] },
			/algorithms must not be empty/,
		],
		["algorithms left out", keys, /algorithms is required/],
		[
			"none",
			{ ...keys, algorithms: ["none"] },
			/algorithms\[0\] must be .*got "none"/,
		],
		[
			"an unknown one",
			{ ...keys, algorithms: ["RS1"] },
			/algorithms\[0\] must be .*got "RS1"/,
		],
		["HS with RS", { ...keys, algorithms: ["HS256", "RS256"] }, /mixed/],
		["HS with EdDSA", { secret, algorithms: ["EdDSA", "HS512"] }, /mixed/],
		["HS with a public key", { ...keys, algorithms: ["HS256"] }, /secret/],
		["RS with a secret", { secret, algorithms: ["RS256"] }, /secret/],
		["a short secret", { secret: "short", algorithms: ["HS256"] }, /32 bytes/],
		["a secret for HS512", { secret, algorithms: ["HS512"] }, /64 bytes/],
		[
			"a PEM key as a secret",
			{
				algorithms: ["HS256"],
				secret: rsa.publicKey.export({ format: "pem", type: "spki" }),
			},
			/PEM/,
		],
		[
			"an EC key for RS256",
			{ algorithms: ["RS256"], publicKey: ec.publicKey },
			/type ec/,
		],
		[
			"leeway over 300",
			{ ...keys, algorithms: ["RS256"], leewaySeconds: 301 },
			/300/,
		],
		[
			"no issuer",
			{ ...keys, algorithms: ["RS256"], issuer: undefined },
			/issuer/,
		],
		[
			"no audience",
			{ ...keys, algorithms: ["RS256"], audience: undefined },
			/audience/,
		],
		[
			"an empty audience",
			{ ...keys, algorithms: ["RS256"], audience: [] },
			/audience/,
		],
		[
			"a scope that is two",
			{ ...keys, algorithms: ["RS256"], scopes: ["a b"] },
			/scope/,
		],
		[
			"http to another host",
			{ algorithms: ["RS256"], jwksUri: "http://issuer.test/" },
			/https/,
		],
		[
			"http to a look-alike",
			{ algorithms: ["RS256"], jwksUri: "http://localhost.evil.test/" },
			/https/,
		],
		[
			"another protocol",
			{ algorithms: ["RS256"], jwksUri: "file:///etc/keys" },
			/https/,
		],
		["a relative URL", { algorithms: ["RS256"], jwksUri: "/keys" }, /absolute/],
		[
			"a password in the URL",
			{ algorithms: ["RS256"], jwksUri: "https://a:b@c.test/" },
			/password/,
		],
		[
			"a misspelt option: its scopes would not be asked for",
			{ ...keys, algorithms: ["RS256"], scope: ["admin"] },
			/"scope"/,
		],
		[
			"scopes that are no list",
			{ ...keys, algorithms: ["RS256"], scopes: "admin" },
			/scopes must be an array, got "admin"/,
		],
		...[Number.POSITIVE_INFINITY, Number.NaN, 0, 1.5, 2 ** 31].map(
			(timeoutMs): [string, object, RegExp] => [
				`a time that no timer can wait for, ${timeoutMs}`,
				{ ...keys, algorithms: ["RS256"], timeoutMs },
				/timeoutMs/,
			],
		),
	];
	for (const [name, options, message] of cases) {
		test(name, () => {
			assert.throws(() => jwt({ ...base, ...options } as never), message);
		});
	}
});
