import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import {
	createSigningKey,
	Issuer,
	signToken,
	signWithSecret,
	toJwk,
	writeToken,
} from "./issuer.ts";
import { Clock, type Stage, startStage } from "./stage.ts";

const key = createSigningKey("k1");
const evil = createSigningKey("evil");
const pem = key.publicKey.export({ format: "pem", type: "spki" }) as string;
const clock = new Clock();
const now = clock.ms / 1000;
const issuer = "https://issuer.test";
const claims = { iss: issuer, aud: "api", sub: "ada", exp: now + 3600 };

const keys = await Issuer.start({ after }, [key]);
const base = { issuer, now: clock.now, jwksUri: keys.jwksUri } as const;
const stage = await startStage(
	{ after },
	jwt({ ...base, algorithms: ["RS256"], audience: ["api", "other-api"] }),
);

/** What a token comes to: accepted, or the reason that it is not. */
async function judge(token: string, on: Stage = stage): Promise<string> {
	const authorization = `Bearer ${token}`;
	const { status, headers, code } = await on.ask({ authorization });
	if (status === 200) return "accepted";
	assert.deepEqual([status, code], [401, "ERR_UNAUTHORIZED"]);
	const challenge = String(headers["www-authenticate"]);
	assert.match(challenge, /^Bearer realm="api", error="invalid_token", /);
	return on.decisions.at(-1)?.reason ?? "";
}

function signed(more: object, header: object = {}): Promise<string> {
	return judge(signToken(key, { ...claims, ...more }, header));
}

suite("a forged token:", () => {
	test("the way they are made here is right", async () => {
		assert.equal(await signed({}), "accepted");
	});

	test("alg none, in any case, with and without a signature", async () => {
		for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
			for (const bytes of ["", "x"]) {
				const header = { alg, typ: "JWT", kid: "k1" };
				const token = writeToken(header, claims, () => Buffer.from(bytes));
				assert.match(await judge(token), /algorithm|malformed/, alg);
			}
		}
		const unsigned = writeToken({ typ: "JWT" }, claims, () => Buffer.of());
		assert.equal(await judge(unsigned), "malformed");
	});

	test("HS256 signed with the RSA public key, in each form it may be had", async () => {
		const secrets = [
			pem,
			pem.trim(),
			key.publicKey.export({ format: "der", type: "spki" }),
			key.publicKey.export({ format: "der", type: "pkcs1" }),
			JSON.stringify(toJwk(key)),
			Buffer.from(key.publicKey.export({ format: "jwk" }).n ?? "", "base64url"),
		];
		for (const secret of secrets) {
			const header = { alg: "HS256", kid: "k1" };
			const token = signWithSecret(secret, claims, header);
			assert.equal(await judge(token), "algorithm");
		}
		assert.equal(keys.count, 1, "and no key was asked for");
	});

	test("RS256 as a name over a signature by a secret", async () => {
		const header = { alg: "RS256", kid: "k1" };
		assert.equal(await judge(signWithSecret(pem, claims, header)), "signature");
	});

	test("another algorithm with the same key", async () => {
		for (const alg of ["RS512", "PS256", "ES256", "RS256 ", "rs256"]) {
			assert.equal(await signed({}, { alg }), "algorithm", alg);
		}
	});

	test("a kid that points elsewhere", async () => {
		const kids = [
			"../../../../dev/null",
			"file:///dev/null",
			`${keys.jwksUri}?evil`,
			"' OR 1=1 --",
			"__proto__",
			"k1\0",
			"",
			"evil",
		];
		for (const kid of kids) assert.equal(await signed({}, { kid }), "key", kid);
		for (const kid of [1, null, {}, ["k1"]]) {
			assert.equal(await signed({}, { kid }), "key", JSON.stringify(kid));
		}
		assert.equal(keys.count, 2, "the issuer was asked once for all of them");
	});

	test("its own key in jwk, jku, x5u or x5c", async (t) => {
		const elsewhere = await Issuer.start(t, [evil]);
		const headers: readonly object[] = [
			{ jwk: toJwk(evil) },
			{ jku: elsewhere.jwksUri },
			{ x5u: elsewhere.jwksUri },
			{
				x5c: [
					evil.publicKey
						.export({ format: "der", type: "spki" })
						.toString("base64"),
				],
			},
		];
		for (const header of headers) {
			const asOurs = signToken(evil, claims, { ...header, kid: "k1" });
			assert.equal(await judge(asOurs), "signature");
			const asItself = signToken(evil, claims, header);
			assert.equal(await judge(asItself), "key");
			const nameless = signToken(evil, claims, { ...header, kid: undefined });
			assert.equal(await judge(nameless), "signature");
			assert.equal(await signed({}, header), "accepted", "they are ignored");
		}
		assert.equal(elsewhere.count, 0, "nobody was asked");
	});

	test("unknown crit, and an empty one", async () => {
		const urn = "urn:evil";
		assert.equal(await signed({}, { crit: [urn], [urn]: 1 }), "unsupported");
		for (const crit of [[], ["exp"], ["alg"], "b64", [1]]) {
			const reason = await signed({}, { crit });
			assert.match(reason, /malformed|unsupported/, JSON.stringify(crit));
		}
		assert.equal(await signed({}, { crit: ["b64"], b64: false }), "malformed");
	});

	test("a changed, cut or borrowed signature", async () => {
		const token = signToken(key, claims);
		const [header = "", payload = "", signature = ""] = token.split(".");
		const admin = Buffer.from(JSON.stringify({ ...claims, sub: "root" }));
		const forged = [
			`${header}.${admin.toString("base64url")}.${signature}`,
			`${header}.${payload}.${signature.slice(0, -4)}`,
			`${header}.${payload}.`,
		];
		for (const one of forged) assert.equal(await judge(one), "signature");
		const broken = [
			`${header}.${payload}`,
			`${token}.x`,
			`..${signature}`,
			"x",
		];
		for (const one of broken) assert.equal(await judge(one), "malformed", one);
		const odd = [
			"",
			" ",
			"a b",
			`${token} ${token}`,
			`${token},x`,
			`"${token}"`,
		];
		for (const one of odd) assert.equal(await judge(one), "malformed", one);
	});

	test("claims that are no object", async () => {
		for (const payload of [null, [], "text", 7]) {
			const token = signToken(key, payload as object);
			assert.equal(await judge(token), "malformed");
		}
	});
});

suite("a token of its issuer is refused", () => {
	test("at the edges of the leeway: expired, or not yet valid", async () => {
		assert.equal(await signed({ exp: now - 59 }), "accepted");
		assert.equal(await signed({ exp: now - 60 }), "expired");
		assert.equal(await signed({ nbf: now + 60 }), "accepted");
		assert.equal(await signed({ nbf: now + 61 }), "early");
		const none = { ...base, algorithms: ["RS256"] as const, audience: "api" };
		const strict = await startStage(
			{ after },
			jwt({ ...none, leewaySeconds: 0 }),
		);
		const strictly = (more: object): Promise<string> =>
			judge(signToken(key, { ...claims, ...more }), strict);
		assert.equal(await strictly({ exp: now + 1 }), "accepted");
		assert.equal(await strictly({ exp: now }), "expired");
		assert.equal(await strictly({ nbf: now }), "accepted");
		assert.equal(await strictly({ nbf: now + 1 }), "early");
	});

	test("without exp, or with one that is no number", async () => {
		assert.equal(await signed({ exp: undefined }), "claims");
		for (const exp of [null, String(now + 60), {}, [now + 60], true]) {
			assert.equal(await signed({ exp }), "claims", JSON.stringify(exp));
		}
		// Beyond the range of a date it would be valid for ever.
		assert.equal(await signed({ exp: now + 1e300 }), "claims");
		assert.equal(await signed({ nbf: "0" }), "claims");
	});

	test("for another audience, or none; one of several will do", async () => {
		assert.equal(await signed({ aud: "other-api" }), "accepted");
		assert.equal(await signed({ aud: ["x", "api"] }), "accepted");
		for (const aud of [
			"API",
			"api2",
			"ap",
			"",
			[],
			["x"],
			[["api"]],
			{ api: 1 },
		]) {
			assert.equal(await signed({ aud }), "audience", JSON.stringify(aud));
		}
		assert.equal(await signed({ aud: undefined }), "claims");
		const caller = jwt({ ...base, algorithms: ["RS256"], audience: false });
		const open = await startStage({ after }, caller);
		for (const aud of [undefined, "anything"]) {
			assert.equal(
				await judge(signToken(key, { ...claims, aud }), open),
				"accepted",
			);
		}
	});

	test("from another issuer, by one character", async () => {
		const others = [
			`${issuer}/`,
			"https://ISSUER.test",
			"https://issuer.tes",
			[issuer],
			null,
			"",
		];
		for (const iss of others) {
			assert.equal(await signed({ iss }), "issuer", JSON.stringify(iss));
		}
		assert.equal(await signed({ iss: undefined }), "claims");
	});

	test("of more than 8 KiB", async () => {
		const padded = (bytes: number): string => {
			const more = { ...claims, pad: "x".repeat(bytes) };
			return signToken(key, more);
		};
		const small = padded(5_000);
		assert.ok(small.length < 8192 && small.length > 6_500);
		assert.equal(await judge(small), "accepted");
		const large = padded(6_300);
		assert.ok(large.length > 8192 && large.length < 9216);
		assert.equal(await judge(large), "too-large");
	});

	test("with another Authorization field beside it, even its own twin", async () => {
		const token = `Bearer ${signToken(key, claims)}`;
		const pairs = [
			[token, token],
			[token, "Basic YTpi"],
			["Basic YTpi", token],
			["", token],
		];
		for (const authorization of pairs) {
			const { status } = await stage.ask({ authorization });
			assert.equal(status, 401, authorization.join());
			assert.equal(stage.decisions.at(-1)?.reason, "ambiguous");
		}
		const joined = `${token}, ${token}`;
		assert.equal((await stage.ask({ authorization: joined })).status, 401);
	});

	test("in the query or a cookie: there it is no credential", async () => {
		const token = signToken(key, claims);
		const query = await stage.ask({}, `/?access_token=${token}`);
		assert.equal(query.status, 401);
		const cookie = await stage.ask({ cookie: `authorization=Bearer ${token}` });
		assert.equal(cookie.status, 401);
		assert.equal(stage.decisions.at(-1)?.outcome, "absent");
	});
});
