import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { suite, test } from "node:test";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import { startStage } from "./stage.ts";

const secret = "s".repeat(32);
const caller = jwt({
	algorithms: ["HS256"],
	secret,
	issuer: "i",
	audience: false,
});

/** A signed token with those claims, as JSON text. */
function sign(claims: string): string {
	const head = Buffer.from('{"alg":"HS256"}').toString("base64url");
	const input = `${head}.${Buffer.from(claims).toString("base64url")}`;
	const mac = createHmac("sha256", secret).update(input).digest("base64url");
	return `${input}.${mac}`;
}

const valid = sign('{"iss":"i","exp":4000000000}');

suite("a token is 401", () => {
	const cases: readonly [string, string][] = [
		["that never expires", sign('{"iss":"i","exp":1e400}')],
		[
			"that was issued at no time",
			sign('{"iss":"i","exp":4000000000,"iat":-1e400}'),
		],
		["valid since no time", sign('{"iss":"i","exp":4000000000,"nbf":-1e400}')],
		["with padding", `${valid}=`],
		["with two characters of padding", `${valid}==`],
		["with a plus", `${valid.slice(0, -3)}+${valid.slice(-2)}`],
		["with a slash behind it", `${valid}/`],
		["with a tilde behind it", `${valid}~`],
	];
	for (const [name, token] of cases) {
		test(name, async (t) => {
			const stage = await startStage(t, caller);
			const ask = async (text: string) =>
				(await stage.ask({ authorization: `Bearer ${text}` })).status;
			assert.equal(await ask(token), 401);
			assert.equal(await ask(valid), 200);
		});
	}
});
