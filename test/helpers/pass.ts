import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
	createGateway,
	type InjectRequest,
	type Route,
} from "../../src/index.ts";
import { type Echo, startEcho } from "./echo.ts";
import { KeptLog } from "./kept-log.ts";

export type Declare = (upstream: string) => Route;

/** What the service gets of a request through that route. */
export async function pass(
	t: TestContext,
	declare: Declare,
	request: InjectRequest,
): Promise<Echo> {
	const { url } = await startEcho(t);
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		routes: [declare(url)],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const answer = await gateway.inject(request);
	assert.equal(answer.status, 200, answer.body);
	return answer.json() as Echo;
}
