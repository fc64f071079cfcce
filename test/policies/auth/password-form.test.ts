import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { createGateway, route } from "../../../src/index.ts";
import {
	type PasswordFormOptions,
	passwordForm,
} from "../../../src/policies/auth/password-form.ts";
import { startGateway } from "../../../src/testing.ts";
import { type Echo, startEcho } from "../../helpers/echo.ts";
import { checkDocument, operationAt } from "../../openapi/document-of.ts";

interface Got {
	readonly status: number;
	/** What the gateway read; null where it refused. */
	readonly login: unknown;
	readonly scopes: unknown;
	/** The body as the service got it. */
	readonly sent: string | null;
	readonly text: string;
}

type Post = (body: string | FormData) => Promise<Got>;

async function start(
	t: TestContext,
	options?: PasswordFormOptions,
): Promise<Post> {
	const service = await startEcho(t);
	const gateway = createGateway({
		docs: false,
		routes: [
			route.post("/token", {
				upstream: service.url,
				dependencies: { login: passwordForm(options) },
				forward: {
					headers: ({ deps: { login } }) => ({
						"x-login": JSON.stringify([{ ...login }, login.scopes]),
					}),
				},
			}),
		],
	});
	const { url } = await startGateway(t, gateway);
	return async (body) => {
		const headers: Record<string, string> =
			typeof body === "string"
				? { "content-type": "application/x-www-form-urlencoded" }
				: {};
		const res = await fetch(`${url}/token`, { method: "POST", headers, body });
		const text = await res.text();
		const { status } = res;
		if (status !== 200) {
			return { status, login: null, scopes: null, sent: null, text };
		}
		const echo = JSON.parse(text) as Echo;
		const [login, scopes] = JSON.parse(echo.headers["x-login"] ?? "") as [
			unknown,
			unknown,
		];
		return { status, login, scopes, sent: echo.body, text };
	};
}

suite("a password form", () => {
	test("gives its fields under their own names, and goes on as it came", async (t) => {
		const post = await start(t);
		const text =
			"grant_type=password&username=ada&password=p%26+w&scope=read+write&client_id=c&client_secret=s&extra=1";
		const { login, scopes, sent } = await post(text);
		assert.deepEqual(login, {
			username: "ada",
			password: "p& w",
			grant_type: "password",
			scope: "read write",
			client_id: "c",
			client_secret: "s",
		});
		assert.deepEqual(scopes, ["read", "write"]);
		assert.equal(sent, text);
	});

	test("needs a name and a password, and nothing else", async (t) => {
		const post = await start(t);
		const least = { username: "ada", password: "", scope: "" };
		const empty = "&grant_type=&scope=&client_id=&client_secret=";
		for (const more of ["", empty]) {
			const { login, scopes } = await post(`username=ada&password=${more}`);
			assert.deepEqual([login, scopes], [least, []]);
		}
		for (const text of ["username=ada", "password=x", ""]) {
			const { status } = await post(text);
			assert.equal(status, 422, text);
		}
	});

	test("may be multipart", async (t) => {
		const post = await start(t);
		const form = new FormData();
		form.set("username", "ada");
		form.set("password", "x");
		const { status, login } = await post(form);
		assert.equal(status, 200);
		assert.equal((login as { username: string }).username, "ada");
	});

	test("is of no other grant, and must say so where that is asked", async (t) => {
		const login = "username=ada&password=my-secret";
		const lax = await start(t);
		const strict = await start(t, { strict: true });
		const other = await lax(`${login}&grant_type=refresh_token`);
		assert.equal(other.status, 422);
		assert.match(other.text, /grant_type/);
		assert.doesNotMatch(other.text, /my-secret/);
		assert.equal((await strict(login)).status, 422);
		assert.equal((await strict(`${login}&grant_type=`)).status, 422);
		assert.equal((await strict(`${login}&grant_type=password`)).status, 200);
	});

	test("is the body of its operations in the docs", async () => {
		const gateway = createGateway({
			routes: [
				route.post("/token", {
					dependencies: { login: passwordForm() },
					handler: () => 1,
				}),
			],
		});
		await checkDocument(gateway.openapi());
		const { requestBody } = operationAt(gateway.openapi(), "POST", "/token");
		const text = JSON.stringify(requestBody);
		assert.match(text, /"required":\["username","password"\]/);
		assert.match(text, /"password":\{[^}]*"format":"password"/);
	});
});
