import type { TestContext } from "node:test";
import {
	createGateway,
	type Decision,
	type Dependency,
	decisionsOf,
	dependency,
	HttpError,
	type InjectResponse,
	type Policy,
	route,
} from "../../../src/index.ts";
import { anyOf } from "../../../src/policies/auth/any-of.ts";
import { apiKey } from "../../../src/policies/auth/api-key.ts";
import {
	type Consumer,
	type Plan,
	type Plans,
	type PlansOptions,
	plans,
} from "../../../src/policies/plans/plans.ts";
import { KeptLog } from "../../helpers/kept-log.ts";
import { Clock } from "../auth/stage.ts";

/** A gateway with plans on its routes, under a clock that stands. */
export interface PlansStage {
	readonly clock: Clock;
	readonly policy: Plans;
	readonly log: KeptLog;
	/** The latest request's. */
	readonly decisions: readonly Decision[];
	/** Asks as that consumer; nobody without an id. */
	ask(url: string, id?: string): Promise<InjectResponse>;
	/** The statuses of so many requests, one after the other. */
	statuses(count: number, url: string, id?: string): Promise<number[]>;
}

/** Their keys are their ids. Who has none is nobody. */
export function callers(
	consumers: readonly Consumer[],
): Dependency<Consumer | null> {
	const byId = new Map(consumers.map((one) => [one.id, one]));
	const key = apiKey({ lookup: (id) => byId.get(id) });
	return anyOf(
		key,
		dependency(() => null),
	);
}

/** What a test says of the plans: the consumers are found by key. */
export type StageOptions = Partial<Omit<PlansOptions, "plans" | "consumer">> & {
	readonly plans: Readonly<Record<string, Plan>>;
	readonly consumers?: readonly Consumer[];
};

/** Routes `GET /a`, `b` (an operationId) and `GET /fails`. */
export function startPlans(t: TestContext, options: StageOptions): PlansStage {
	const { consumers = [], ...more } = options;
	const clock = new Clock();
	const caller = callers(consumers);
	const log = new KeptLog();
	const policy = plans({ now: clock.now, ...more, consumer: caller });
	let decisions: readonly Decision[] = [];
	const keeper: Policy = {
		name: "keeper",
		forRoute: () => ({
			onFinish: (ctx) => {
				decisions = [...decisionsOf(ctx)];
			},
		}),
	};
	const api = route.with({ dependencies: { caller } });
	const gateway = createGateway({
		docs: false,
		logger: log,
		policies: [keeper, policy],
		routes: [
			api.get("/a", { handler: () => "a" }),
			api.get("/b", { operationId: "b", handler: () => "b" }),
			api.get("/fails", {
				handler: () => {
					throw new HttpError(502);
				},
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const ask: PlansStage["ask"] = (url, id) =>
		gateway.inject({
			url,
			headers: id === undefined ? {} : { "x-api-key": id },
		});
	return {
		clock,
		policy,
		log,
		get decisions() {
			return decisions;
		},
		ask,
		async statuses(count, url, id) {
			const found: number[] = [];
			for (let i = 0; i < count; i++) found.push((await ask(url, id)).status);
			return found;
		},
	};
}
