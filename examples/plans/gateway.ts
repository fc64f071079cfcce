import {
	createGateway,
	dependency,
	type Gateway,
	HttpError,
	route,
} from "../../src/index.ts";
import { anyOf } from "../../src/policies/auth/any-of.ts";
import { apiKey } from "../../src/policies/auth/api-key.ts";
import { jwt } from "../../src/policies/auth/jwt.ts";
import {
	type Consumer,
	type LimitStore,
	plans,
} from "../../src/policies/plans/plans.ts";

/** What differs from one installation to the next. */
export interface PlansGatewayOptions {
	readonly serviceUrl: string;
	/** Whose key it is, by the key's digest. */
	readonly owners: ReadonlyMap<string, Consumer>;
	/** Tokens are signed with it. */
	readonly secret: Uint8Array;
	/** Where calls are counted. Default: in this process. */
	readonly store?: LimitStore;
}

/** API keys and tokens side by side, and what each may use by its plan. */
export function createPlansGateway(options: PlansGatewayOptions): Gateway {
	const { serviceUrl, owners, secret, store } = options;
	const key = apiKey({
		prefix: "demo",
		lookup: (_key, digest) => owners.get(digest),
	});
	const token = jwt({
		secret,
		algorithms: ["HS256"],
		issuer: "https://issuer.example/",
		audience: "demo",
	});
	// A token says who it is about, and in a claim of ours by which plan.
	const bearer = dependency(
		{ token },
		({ token: { id, claims } }): Consumer => {
			const plan = typeof claims.plan === "string" ? claims.plan : "free";
			if (id === null) throw new HttpError(403, "The token names nobody.");
			return { id, plan };
		},
	);
	const nobody = dependency(() => null);
	const caller = anyOf(key, bearer, nobody);

	const api = route.with({ upstream: serviceUrl, dependencies: { caller } });
	const routes = [
		api.get("/words/:word", {}),
		api.get("/search", { operationId: "search" }),
		api.get("/export", { operationId: "export" }),
	];
	const policy = plans({
		...(store === undefined ? {} : { store }),
		name: "plans",
		routes,
		consumer: caller,
		anonymous: "anonymous",
		plans: {
			anonymous: {
				limits: [{ limit: 5, window: "minute" }],
				routes: { search: { cost: 5 }, export: { deny: true } },
			},
			free: {
				limits: [{ limit: 20, window: "minute" }],
				quotas: [{ name: "daily", limit: 100, window: "day" }],
				routes: { search: { cost: 5 }, export: { deny: true } },
			},
			pro: {
				limits: [{ limit: 600, window: "minute" }],
				quotas: [{ name: "daily", limit: 10_000, window: "day" }],
				routes: {
					export: {
						cost: 100,
						limits: [{ name: "exports", limit: 2, window: "hour" }],
					},
				},
			},
		},
	});
	return createGateway({ title: "Words", policies: [policy], routes });
}
