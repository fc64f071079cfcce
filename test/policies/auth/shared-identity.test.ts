import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createGateway, type Dependency, route } from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { basic } from "../../../src/policies/auth/basic.ts";
import { hashPassword } from "../../../src/policies/auth/password-hash.ts";

class Account {
	visits = 0;
	readonly tags: string[] = [];
}

const stored = {
	id: "ada",
	roles: ["user"],
	nested: { list: [{ deep: 1 }] },
	account: new Account(),
	self: null as unknown,
};
stored.self = stored;
const keyHeader = { "x-api-key": "k" };
const basicHeader = { authorization: `Basic ${btoa("ada:right")}` };

/** The identity as two requests get it. */
async function identitiesOf(
	caller: Dependency,
	headers: Readonly<Record<string, string>>,
): Promise<readonly (typeof stored)[]> {
	const seen: unknown[] = [];
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/", {
				dependencies: { caller },
				handler: ({ deps }) => {
					seen.push(deps.caller);
					return "";
				},
			}),
		],
	});
	for (let i = 0; i < 2; i++) await gateway.inject({ url: "/", headers });
	return seen as (typeof stored)[];
}

suite("an identity that requests share", () => {
	const callers: readonly [string, () => Promise<Dependency>, object][] = [
		["of a look-up", async () => apiKey({ lookup: () => stored }), keyHeader],
		[
			"of an asynchronous look-up",
			async () => apiKey({ lookup: async () => stored }),
			keyHeader,
		],
		[
			"of a listed key",
			async () => apiKey({ keys: [{ key: "k", ...stored }] }),
			keyHeader,
		],
		[
			"of a verified user",
			async () => basic({ verify: () => stored }),
			basicHeader,
		],
		[
			"of a listed user",
			async () =>
				basic({ users: [{ hash: await hashPassword("right"), ...stored }] }),
			basicHeader,
		],
	];
	for (const [name, create, headers] of callers) {
		test(`${name} is frozen at every depth`, async () => {
			const [first, second] = await identitiesOf(
				await create(),
				headers as Record<string, string>,
			);
			assert.ok(first !== undefined && second !== undefined);
			assert.throws(() => Object.assign(first, { id: "root" }), TypeError);
			assert.throws(() => first.roles.push("admin"), TypeError);
			assert.throws(() => {
				(first.nested.list[0] as { deep: number }).deep = 2;
			}, TypeError);
			assert.equal(second.id, "ada");
			assert.deepEqual(second.roles, ["user"]);
		});
	}

	test("leaves class instances, and the program's own object, as they are", async () => {
		const caller = apiKey({ lookup: () => stored });
		const [first] = await identitiesOf(caller, keyHeader);
		assert.equal(first?.account, stored.account);
		assert.ok(!Object.isFrozen(stored.account));
		assert.ok(!Object.isFrozen(stored) && !Object.isFrozen(stored.roles));
		assert.equal(first?.self, first);
		const account = new Account();
		const [same] = await identitiesOf(
			apiKey({ lookup: () => account }),
			keyHeader,
		);
		assert.equal(same as unknown, account);
		assert.ok(!Object.isFrozen(account));
	});
});
