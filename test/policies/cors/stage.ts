import { request } from "undici";
import {
	createGateway,
	type Decision,
	decisionsOf,
	type Policy,
	route,
	Type,
} from "../../../src/index.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import { type CorsOptions, cors } from "../../../src/policies/cors/cors.ts";
import {
	startGateway,
	startUpstream,
	type TestScope,
} from "../../../src/testing.ts";

/** The origin of the page that asks. */
export const page = "https://app.example";
/** What was decided since the test emptied it. */
export const decisions: Decision[] = [];
const keep: Policy = {
	name: "keep",
	forRoute: () => ({
		onFinish: (ctx) => void decisions.push(...decisionsOf(ctx)),
	}),
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The CORS headers of an answer, and its `vary` as one list. */
export interface Said {
	readonly status: number;
	readonly cors: Readonly<Record<string, unknown>>;
	readonly vary: string | undefined;
}

/** Asks over a socket. */
export type Ask = (
	method: string,
	path: string,
	headers?: Readonly<Record<string, string>>,
) => Promise<Said>;

/** A gateway in front of a service that speaks of origins by itself, and varies by language. */
export async function start(t: TestScope, options: CorsOptions): Promise<Ask> {
	const service = await startUpstream(t, (_req, res) => {
		res.setHeader("access-control-allow-origin", "https://service.example");
		res.setHeader("Access-Control-Allow-Credentials", "true");
		res.setHeader("vary", "accept-language");
		res.end();
	});
	const gateway = createGateway({
		docs: false,
		policies: [keep, cors(options)],
		routes: [
			route.all("/open", { upstream: service.url }),
			route.put("/closed", {
				upstream: service.url,
				dependencies: { caller: apiKey({ keys: [{ key: "k" }] }) },
			}),
			route.post("/checked", {
				upstream: service.url,
				body: Type.Object({ a: Type.Integer() }),
			}),
			route.get("/gone", { upstream: "http://127.0.0.1:1" }),
			route.get("/broken", {
				handler: () => {
					throw new Error("on purpose");
				},
			}),
		],
		logger: { error: () => {}, warn: () => {}, info: () => {} },
	});
	const { url } = await startGateway(t, gateway);
	return async (method, path, headers = {}) => {
		const res = await request(url + path, { method: method as "GET", headers });
		await res.body.dump();
		return toSaid(res.statusCode, res.headers);
	};
}

function toSaid(status: number, headers: Headers): Said {
	const cors = Object.entries(headers).flatMap(([name, value]) =>
		name.startsWith("access-control-") ? [[name.slice(15), value]] : [],
	);
	const { vary } = headers;
	return {
		status,
		cors: Object.fromEntries(cors),
		vary: vary === undefined ? undefined : [vary].flat().join(", "),
	};
}

/** The head of a preflight for that method, with those headers. */
export function preflight(
	method: string,
	names?: string,
	origin: string = page,
): Readonly<Record<string, string>> {
	return {
		origin,
		"access-control-request-method": method,
		...(names === undefined ? {} : { "access-control-request-headers": names }),
	};
}
