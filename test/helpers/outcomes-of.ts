import type { TestContext } from "node:test";
import {
	createGateway,
	type Outcome,
	type PolicyHooks,
	type Route,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { policyOf } from "./policed-gateway.ts";

/** A gateway whose outcomes are kept. */
export interface OutcomeStage {
	readonly port: number;
	readonly url: string;
	/** The outcome of the next request to end. */
	next(): Promise<Outcome>;
}

/** Starts a gateway with those routes, and those hooks on all of them. */
export async function startOutcomes(
	t: TestContext,
	routes: readonly Route[],
	hooks: PolicyHooks = {},
): Promise<OutcomeStage> {
	const outcomes: Outcome[] = [];
	let wake = (): void => undefined;
	const recording = policyOf({
		...hooks,
		onFinish(_ctx, outcome) {
			outcomes.push(outcome);
			wake();
		},
	});
	const gateway = createGateway({
		docs: false,
		policies: [recording],
		routes,
	});
	const { port, url } = await startGateway(t, gateway);
	return {
		port,
		url,
		async next() {
			while (outcomes.length === 0) {
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
			return outcomes.shift() as Outcome;
		},
	};
}
