import { request } from "undici";
import {
	createGateway,
	type Decision,
	type Dependency,
	decisionsOf,
	type GatewayOptions,
	type Policy,
	route,
} from "../../../src/index.ts";
import { startGateway, type TestScope } from "../../../src/testing.ts";
import { type Echo, startEcho } from "../../helpers/echo.ts";

/** An answer of the gateway: what it said, and what the service got. */
export interface Answer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly code: string | null;
	readonly text: string;
	/** Null where the request was refused. */
	readonly echo: Echo | null;
	/** The identity as the gateway saw it; null where the request was refused. */
	readonly identity: unknown;
}

/** What a client sends. */
export type SentHeaders = Readonly<Record<string, string | string[]>>;

/** A gateway whose only route asks for an identity, in front of a service that answers with the request. */
export interface Stage {
	readonly url: string;
	readonly decisions: readonly Decision[];
	/** Asks over a socket; an array sends several lines of one name. */
	ask(headers?: SentHeaders, target?: string): Promise<Answer>;
}

/** A clock that stands until it is moved. */
export class Clock {
	ms: number = Date.UTC(2026, 0, 1);
	readonly now = (): number => this.ms;

	/** In milliseconds. */
	move(byMs: number): void {
		this.ms += byMs;
	}
}

/** Starts both, closed with the scope. */
export async function startStage(
	scope: TestScope,
	caller: Dependency,
	options: Partial<GatewayOptions> = {},
): Promise<Stage> {
	const service = await startEcho(scope);
	const decisions: Decision[] = [];
	const gateway = createGateway({
		...options,
		policies: [...(options.policies ?? []), keepDecisions(decisions)],
		routes: [
			route.all("/*", {
				upstream: service.url,
				dependencies: { caller },
				forward: {
					headers: (ctx) => ({ "x-identity": JSON.stringify(ctx.deps.caller) }),
				},
			}),
		],
	});
	const { url } = await startGateway(scope, gateway);
	const ask: Stage["ask"] = async (headers = {}, target = "/") => {
		const res = await request(`${url}${target}`, { headers });
		return toAnswer(res.statusCode, res.headers, await res.body.text());
	};
	return { url, decisions, ask };
}

function keepDecisions(decisions: Decision[]): Policy {
	return {
		name: "keep-decisions",
		forRoute: () => ({
			onFinish: (ctx) => void decisions.push(...decisionsOf(ctx)),
		}),
	};
}

function toAnswer(
	status: number,
	headers: Answer["headers"],
	text: string,
): Answer {
	if (status !== 200) {
		const isProblem = String(headers["content-type"]).includes("problem");
		const code = isProblem ? (JSON.parse(text) as { code: string }).code : null;
		return { status, headers, text, code, echo: null, identity: null };
	}
	const echo = JSON.parse(text) as Echo;
	const identity = JSON.parse(echo.headers["x-identity"] ?? "null") as unknown;
	return { status, headers, text, code: null, echo, identity };
}
