import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	reply,
	route,
	Type,
} from "../../../src/index.ts";
import { anyOf, noCredential } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import { checkDocument, operationAt } from "../../openapi/document-of.ts";
import { assertType, type Same } from "../../types/same.ts";
import { signWithSecret } from "./issuer.ts";
import { Clock, startStage } from "./stage.ts";

const secret = "a secret of at least thirty-two bytes";
const clock = new Clock();
const key = apiKey({
	header: "x-key",
	query: "key",
	keys: [{ key: "key-of-ada", id: "ada" }],
});
const bearer = jwt({
	algorithms: ["HS256"],
	secret,
	issuer: "me",
	audience: false,
	now: clock.now,
});

function authorization(sub: string, exp = 60): string {
	const claims = { iss: "me", sub, exp: clock.ms / 1000 + exp };
	return `Bearer ${signWithSecret(secret, claims)}`;
}

const good = { authorization: authorization("bob") };
const expired = { authorization: authorization("bob", -600) };
const known = { "x-key": "key-of-ada" };
const unknown = { "x-key": "key-of-eve" };

suite("any of a token and a key", () => {
	test("takes either", async (t) => {
		const stage = await startStage(t, anyOf(bearer, key));
		const byToken = await stage.ask(good);
		assert.equal((byToken.identity as { id: string }).id, "bob");
		const byKey = await stage.ask(known);
		assert.deepEqual(byKey.identity, { id: "ada" });
	});

	test("lets the first decide that was sent, in the order they are given", async (t) => {
		const both = { ...good, ...known };
		const tokenFirst = await startStage(t, anyOf(bearer, key));
		const one = await tokenFirst.ask(both);
		assert.equal((one.identity as { id: string }).id, "bob");
		const keyFirst = await startStage(t, anyOf(key, bearer));
		const other = await keyFirst.ask(both);
		assert.equal((other.identity as { id: string }).id, "ada");
	});

	test("refuses a bad one, whatever good one is behind it", async (t) => {
		const stage = await startStage(t, anyOf(bearer, key));
		const { status, headers } = await stage.ask({ ...expired, ...known });
		assert.equal(status, 401);
		assert.match(String(headers["www-authenticate"]), /^Bearer .*expired/);
		assert.equal((await stage.ask(unknown)).status, 401);
		const twice = { authorization: [good.authorization, "Basic x"], ...known };
		assert.equal((await stage.ask(twice)).status, 401);
	});

	test("looks at no bad one behind a good one, and sends neither on", async (t) => {
		const stage = await startStage(t, anyOf(bearer, key));
		const { status, echo } = await stage.ask(
			{ ...good, ...unknown },
			"/?key=key-of-eve&a=1",
		);
		assert.equal(status, 200);
		assert.equal(echo?.url, "/?a=1");
		assert.equal(echo?.headers["x-key"], undefined);
		assert.equal(echo?.headers.authorization, undefined);
		const turned = await startStage(t, anyOf(key, bearer));
		const { echo: other } = await turned.ask({ ...known, ...expired });
		assert.equal(other?.headers.authorization, undefined);
	});

	test("sends no token on that was not looked at, though looked at it would be", async (t) => {
		const forwarding = jwt({
			algorithms: ["HS256"],
			secret,
			issuer: "me",
			audience: false,
			now: clock.now,
			forwardToken: true,
		});
		const stage = await startStage(t, anyOf(key, forwarding));
		const alone = await stage.ask(good);
		assert.equal(alone.echo?.headers.authorization, good.authorization);
		const both = await stage.ask({ ...known, ...good });
		assert.equal(both.status, 200);
		assert.equal(both.echo?.headers.authorization, undefined);
	});

	test("takes a tab behind the scheme's name for no blank, and does not send on what stands there", async (t) => {
		const tabbed = good.authorization.replace(" ", "\t");
		const stage = await startStage(t, anyOf(key, bearer));
		const alone = await stage.ask({ authorization: tabbed });
		assert.equal(alone.status, 401);
		const both = await stage.ask({ ...known, authorization: tabbed });
		assert.equal(both.status, 200);
		assert.equal(both.echo?.headers.authorization, undefined);
	});

	test("asks for all of them where none was sent", async (t) => {
		const stage = await startStage(t, anyOf(bearer, key));
		const { status, headers } = await stage.ask();
		assert.equal(status, 401);
		assert.equal(
			headers["www-authenticate"],
			'Bearer realm="api", ApiKey realm="api"',
		);
		assert.deepEqual(
			stage.decisions.map(({ name, outcome }) => [name, outcome]),
			[
				["jwt", "absent"],
				["api-key", "absent"],
			],
		);
	});
});

suite("a dependency of one's own", () => {
	const session = dependency(
		{ sid: input.cookie("sid", Type.Optional(Type.String())) },
		({ sid }) => {
			if (sid === undefined) throw noCredential('Session realm="x"');
			if (sid !== "open") throw new HttpError(401);
			return { id: "carl", session: true as const };
		},
		{ name: "session" },
	);

	test("takes part by saying that it found nothing", async (t) => {
		const stage = await startStage(t, anyOf(session, key));
		assert.equal((await stage.ask({ cookie: "sid=open" })).status, 200);
		assert.equal((await stage.ask(known)).status, 200);
		assert.equal((await stage.ask({ cookie: "sid=x", ...known })).status, 401);
		const { headers } = await stage.ask();
		const challenge = 'Session realm="x", ApiKey realm="api"';
		assert.equal(headers["www-authenticate"], challenge);
	});

	test("may stand on schemes: what those find missing it does not run for", async (t) => {
		let count = 0;
		const user = dependency({ bearer }, async ({ bearer: { id } }) => {
			count++;
			if (id === "banned") throw new HttpError(403);
			return { id: `user ${id}` };
		});
		const stage = await startStage(t, anyOf(user, key));
		assert.deepEqual((await stage.ask(known)).identity, { id: "ada" });
		assert.equal(count, 0);
		assert.deepEqual((await stage.ask(good)).identity, { id: "user bob" });
		const banned = { authorization: authorization("banned") };
		assert.equal((await stage.ask({ ...banned, ...known })).status, 403);
		assert.equal((await stage.ask({ ...expired, ...known })).status, 401);
	});

	test("may give what is awaited though it is no promise", async (t) => {
		const query = dependency(() => ({
			// biome-ignore lint/suspicious/noThenProperty: it is one
			then: (_done: unknown, fail: (error: unknown) => void) =>
				fail(noCredential("Query")),
		}));
		const stage = await startStage(t, anyOf(query, key));
		assert.equal((await stage.ask(known)).status, 200);
	});

	test("that answers by itself answers for all", async (t) => {
		const login = dependency(() => reply(303, null, { location: "/login" }));
		const stage = await startStage(t, anyOf(key, login));
		assert.equal((await stage.ask(known)).status, 200);
		const { status, headers } = await stage.ask();
		assert.deepEqual([status, headers.location], [303, "/login"]);
		const behind = dependency({ login }, (): never =>
			assert.fail("not reached"),
		);
		const nested = await startStage(t, anyOf(key, behind));
		assert.equal((await nested.ask()).status, 303);
	});
});

test("the type is any of theirs", () => {
	const caller = anyOf(bearer, key);
	route.get("/", {
		dependencies: { caller },
		handler({ deps }) {
			assertType<Same<typeof deps.caller.id, string | null>>();
			return { isToken: "claims" in deps.caller };
		},
	});
	assert.throws(() => anyOf(), TypeError);
});

test("the docs offer each way in, and ask for no parameter that a scheme stands for", async () => {
	const scoped = jwt({
		algorithms: ["HS256"],
		secret,
		issuer: "me",
		audience: false,
		scopes: ["read"],
		tokenUrl: "/token",
	});
	const gateway = createGateway({
		routes: [
			route.get("/", {
				dependencies: { caller: anyOf(scoped, key) },
				handler: () => "here",
			}),
		],
	});
	await checkDocument(gateway.openapi());
	const operation = operationAt(gateway.openapi(), "GET", "/");
	assert.deepEqual(operation.security, [
		{ jwt: ["read"] },
		{ apiKey: [] },
		{ apiKey_query: [] },
	]);
	assert.deepEqual(Object.keys(operation.responses), [
		"200",
		"401",
		"403",
		"422",
	]);
	assert.equal(operation.parameters, undefined);
	assert.deepEqual(gateway.openapi().components?.securitySchemes, {
		jwt: {
			type: "oauth2",
			flows: { password: { tokenUrl: "/token", scopes: { read: "" } } },
		},
		apiKey: { type: "apiKey", in: "header", name: "x-key" },
		apiKey_query: { type: "apiKey", in: "query", name: "key" },
	});
	const steps = gateway
		.explain("GET", "/")
		.map(({ name, mode }) => [name, mode]);
	assert.deepEqual(steps[1], ["dependency any of jwt, api-key", "async"]);
});
