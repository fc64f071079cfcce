/** What a user may write with each subpath of the identity schemes, and what it prints. */
export const authUses: Readonly<
	Record<string, { readonly code: string; readonly prints: string }>
> = {
	"headgate/auth/any-of": {
		code: `
			import { anyOf } from "headgate/auth/any-of";
			import { apiKey } from "headgate/auth/api-key";
			const keys = [{ key: "secret", id: "ada" }];
			console.log(anyOf(apiKey({ keys }), apiKey({ query: "key", keys })).name);
		`,
		prints: "any of api-key, api-key",
	},
	"headgate/auth/api-key": {
		code: `
			import { createGateway, route } from "headgate";
			import { apiKey } from "headgate/auth/api-key";
			const owners = new Map([["secret", { id: "ada", level: 3 }]]);
			const caller = apiKey({ header: "x-key", lookup: (key) => owners.get(key) });
			const gateway = createGateway({
				routes: [
					route.get("/", {
						dependencies: { caller },
						handler: ({ deps }) => {
							const level: number = deps.caller.level;
							return { id: deps.caller.id, level };
						},
					}),
				],
			});
			const headers = { "x-key": "secret" };
			console.log((await gateway.inject({ url: "/", headers })).body);
		`,
		prints: '{"id":"ada","level":3}',
	},
	"headgate/auth/jwt": {
		// Without its peer it says what to install.
		code: `
			import { type JwtOptions, jwt } from "headgate/auth/jwt";
			const options: JwtOptions = {
				jwksUri: "https://issuer.example/keys",
				algorithms: ["RS256", "ES256"],
				issuer: "https://issuer.example/",
				audience: "api",
			};
			try {
				jwt(options);
			} catch (error) {
				console.log((error as Error).message);
			}
			// @ts-expect-error what is signed with a secret is not mixed with public keys
			void ({ ...options, algorithms: ["RS256", "HS256"] } satisfies JwtOptions);
		`,
		prints: 'headgate/auth/jwt needs the package "jose": npm install jose',
	},
	"headgate/auth/basic": {
		code: `
			import { basic, hashPassword } from "headgate/auth/basic";
			const hash = await hashPassword("open sesame", { ln: 10 });
			console.log(basic({ users: [{ id: "ada", hash }] }).name);
		`,
		prints: "basic",
	},
	"headgate/auth/introspection": {
		code: `
			import { introspection } from "headgate/auth/introspection";
			const caller = introspection({
				url: "https://issuer.example/introspect",
				client: { id: "gateway", secret: "hush" },
			});
			console.log(caller.name);
		`,
		prints: "introspection",
	},
	"headgate/auth/password-form": {
		code: `
			import { createGateway, route } from "headgate";
			import { passwordForm } from "headgate/auth/password-form";
			const gateway = createGateway({
				routes: [
					route.post("/token", {
						dependencies: { login: passwordForm() },
						handler: ({ deps }) => [deps.login.username, deps.login.scopes.length],
					}),
				],
			});
			const res = await gateway.inject({
				method: "POST",
				url: "/token",
				headers: { "content-type": "application/x-www-form-urlencoded" },
				body: "username=ada&password=x&scope=read+write",
			});
			console.log(res.body);
		`,
		prints: '["ada",2]',
	},
	"headgate/auth/forward-auth": {
		code: `
			import { forwardAuth } from "headgate/auth/forward-auth";
			console.log(forwardAuth({ url: "http://auth:9000/check" }).name);
		`,
		prints: "forward-auth",
	},
	"headgate/cors": {
		code: `
			import { type CorsOptions, cors } from "headgate/cors";
			const options: CorsOptions = { origins: ["https://app.example"] };
			console.log(cors(options).name);
		`,
		prints: "cors",
	},
	"headgate/ip-filter": {
		code: `
			import { ipFilter } from "headgate/ip-filter";
			console.log(ipFilter({ allow: ["10.0.0.0/8"] }).name);
		`,
		prints: "ip-filter",
	},
	"headgate/keys": {
		code: `
			import { createKey, digestKey, isKey } from "headgate/keys";
			const { key, digest } = createKey({ prefix: "acme" });
			console.log(isKey(key, "acme") && digestKey(key) === digest);
		`,
		prints: "true",
	},
};
