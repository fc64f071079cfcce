import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { anyOf } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { basic, hashPassword } from "../../../src/policies/auth/basic.ts";
import { forwardAuth } from "../../../src/policies/auth/forward-auth.ts";
import { introspection } from "../../../src/policies/auth/introspection.ts";
import { jwt } from "../../../src/policies/auth/jwt.ts";
import { createKey } from "../../../src/policies/auth/keys.ts";
import { passwordForm } from "../../../src/policies/auth/password-form.ts";

type Make = (options?: unknown) => unknown;
const schemes = {
	apiKey,
	basic,
	forwardAuth,
	introspection,
	jwt,
} as unknown as Readonly<Record<string, Make>>;
const lookup = (): null => null;
const claims = { issuer: "https://id", audience: "api", algorithms: ["RS256"] };
const secret = "0123456789abcdef0123456789abcdef";
const asked = { url: "https://id/check", client: { id: "a", secret: "b" } };

const wrong: Readonly<Record<string, readonly (readonly [object, RegExp])[]>> =
	{
		apiKey: [
			[{ lookup, heador: "x-key" }, /did you mean "header"\?$/],
			[{ lookup, header: 5 }, /header must be a name .*got 5$/],
			[{ lookup: "find" }, /lookup must be a function, got "find"$/],
			[{ keys: { key: "a" } }, /keys must be an array, got an object$/],
			[{ keys: [null] }, /keys\[0\] must be an object, got null$/],
			[{ lookup, cache: 60 }, /cache must be an object, got 60$/],
			[{ lookup, cache: { foundMS: 1 } }, /did you mean "cache\.foundMs"\?$/],
			[{ lookup, onDecision: true }, /onDecision must be a function/],
		],
		basic: [
			[{ verify: lookup, maxUnderway: 1 }, /did you mean "maxUnderWay"\?$/],
			[{ users: [null] }, /users\[0\] must be an object, got null$/],
			[{ verify: lookup, realm: 5 }, /realm must be a string/],
			[{ verify: lookup, maxUnderWay: 0.5 }, /maxUnderWay must be a whole/],
		],
		jwt: [
			[{ ...claims, secrett: secret }, /did you mean "secret"\?$/],
			[{ ...claims, secret: 5 }, /secret must be a string or bytes, got 5$/],
			[{ ...claims, publicKey: 5 }, /publicKey: a key is PEM text/],
			[{ ...claims, publicKey: null }, /publicKey: a key is PEM text/],
			[{ ...claims, publicKey: "no key" }, /publicKey: /],
			[{ ...claims, jwks: { key: [] } }, /jwks must be a JSON Web Key Set/],
			[{ ...claims, issuer: 5, jwksUri: "https://a" }, /issuer must be a str/],
			[{ algorithms: ["RS256"], jwksUri: "https://a" }, /issuer is required/],
			[
				{ ...claims, jwksUri: "https://a", leewaySeconds: 301 },
				/leewaySeconds must be a whole number from 0 to 300, got 301$/,
			],
			[{ ...claims, jwksUri: "https://a", audience: true }, /audience must be/],
		],
		introspection: [
			[{ url: "https://a" }, /client is required$/],
			[{ client: asked.client }, /url is required$/],
			[{ ...asked, client: { id: "a", secrt: "b" } }, /"client\.secret"\?$/],
			[{ ...asked, tls: { serverName: "a" } }, /"tls\.servername"\?$/],
			[{ ...asked, timeoutMs: 0 }, /timeoutMs must be a whole number from 1/],
		],
		forwardAuth: [
			[{ urll: "http://a" }, /did you mean "url"\?/],
			[{ url: 5 }, /url must be a string/],
			[{ url: "http://a", requestHeaders: "cookie" }, /must be an array/],
			[{ url: "http://a", cacheMs: "5" }, /cacheMs must be a number/],
		],
	};

suite("wrong options of a scheme are an error that names them:", () => {
	for (const [name, cases] of Object.entries(wrong)) {
		for (const [options, message] of cases) {
			const says = `${name}(${JSON.stringify(options)})`;
			test(says, () => {
				assert.throws(
					() => schemes[name]?.(options),
					(error: Error) => {
						assert.ok(error instanceof TypeError);
						assert.match(error.message, new RegExp(`^${name}`));
						assert.match(error.message, message);
						assert.ok(!error.message.includes(secret));
						return true;
					},
				);
			});
		}
		for (const options of [undefined, null, "x", 5]) {
			test(`${name}(${JSON.stringify(options)})`, () => {
				assert.throws(() => schemes[name]?.(options), {
					name: "TypeError",
					message: new RegExp(`^${name}: the options must be an object`),
				});
			});
		}
	}

	test("createKey, passwordForm, anyOf and hashPassword", async () => {
		const message = (text: RegExp) => ({ name: "TypeError", message: text });
		assert.throws(
			() => createKey({ prefx: "a" } as object),
			message(/^createKey: .*did you mean "prefix"/),
		);
		assert.throws(
			() => passwordForm({ strickt: true } as object),
			message(/^passwordForm: .*did you mean "strict"/),
		);
		assert.throws(
			() => anyOf({} as never),
			message(/^anyOf: schemes\[0\] must be made by/),
		);
		assert.throws(() => anyOf(), message(/^anyOf: schemes must not be empty/));
		await assert.rejects(
			hashPassword("x", { n: 15 } as object),
			message(/^hashPassword: there is no option "n"/),
		);
	});
});
