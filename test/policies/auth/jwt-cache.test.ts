import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import {
	createSigningKey,
	Issuer,
	signToken,
	signWithSecret,
} from "./issuer.ts";
import { Clock, startStage } from "./stage.ts";

const secret = "a secret of at least thirty-two bytes";
const key = createSigningKey("k1");

suite("a verified token", () => {
	test("is not taken beyond its expiry and leeway, seen before or not", async (t) => {
		const clock = new Clock();
		const caller = jwt({
			algorithms: ["HS256"],
			secret,
			issuer: "me",
			audience: false,
			now: clock.now,
		});
		const stage = await startStage(t, caller);
		const claims = { iss: "me", exp: clock.ms / 1000 + 10 };
		const authorization = `Bearer ${signWithSecret(secret, claims)}`;
		assert.equal((await stage.ask({ authorization })).status, 200);
		clock.move(69_999);
		assert.equal((await stage.ask({ authorization })).status, 200);
		clock.move(1);
		assert.equal((await stage.ask({ authorization })).status, 401);
		assert.equal(stage.decisions.at(-1)?.reason, "expired");
	});

	test("is not taken any more once its key has gone from the set", async (t) => {
		const clock = new Clock();
		const issuer = await Issuer.start(t, [key]);
		const caller = jwt({
			algorithms: ["RS256"],
			jwksUri: issuer.jwksUri,
			issuer: "me",
			audience: false,
			now: clock.now,
		});
		const stage = await startStage(t, caller);
		const claims = { iss: "me", exp: clock.ms / 1000 + 86_400 };
		const old = { authorization: `Bearer ${signToken(key, claims)}` };
		assert.equal((await stage.ask(old)).status, 200);
		const next = createSigningKey("k2");
		issuer.keys = [next];
		const fresh = { authorization: `Bearer ${signToken(next, claims)}` };
		assert.equal((await stage.ask(fresh)).status, 200);
		assert.equal((await stage.ask(old)).status, 401);
	});

	test("can not be changed by one request for the next", async () => {
		const clock = new Clock();
		const caller = jwt({
			algorithms: ["HS256"],
			secret,
			issuer: "me",
			audience: false,
			now: clock.now,
		});
		const gateway = createGateway({
			routes: [
				route.get("/", {
					dependencies: { caller },
					handler({ deps }) {
						const { id, claims } = deps.caller;
						const writable = claims as unknown as { roles: string[] };
						assert.throws(() => writable.roles.push("admin"), TypeError);
						assert.throws(
							() => Object.assign(deps.caller, { id: "b" }),
							TypeError,
						);
						return { id, roles: writable.roles };
					},
				}),
			],
		});
		const claims = {
			iss: "me",
			sub: "a",
			exp: clock.ms / 1000 + 60,
			roles: ["x"],
		};
		const authorization = `Bearer ${signWithSecret(secret, claims)}`;
		for (let i = 0; i < 2; i++) {
			const answer = await gateway.inject({
				url: "/",
				headers: { authorization },
			});
			assert.deepEqual(answer.json(), { id: "a", roles: ["x"] });
		}
	});
});
