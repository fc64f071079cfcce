import { setTimeout as sleep } from "node:timers/promises";
import { createGateway, type Route } from "../../../../src/index.ts";
import {
	type StatusOptions,
	type StatusSnapshot,
	status,
} from "../../../../src/policies/observability/status/status.ts";
import { startGateway, type TestScope } from "../../../../src/testing.ts";

/** Starts a gateway with a status page. */
export async function start(
	t: TestScope,
	routes: readonly Route[],
	options: Partial<StatusOptions> = {},
): Promise<{
	url: string;
	snapshot: (window?: string) => Promise<StatusSnapshot>;
	close: () => Promise<void>;
}> {
	const page = status({ dependencies: {}, ...options });
	const gateway = createGateway({
		docs: false,
		policies: [page],
		routes: [...routes],
	});
	const { url } = await startGateway(t, gateway);
	const snapshot = async (window = "1m") => {
		const res = await fetch(`${url}/_gateway/snapshot.json?window=${window}`);
		return (await res.json()) as StatusSnapshot;
	};
	return { url, snapshot, close: () => gateway.close({ timeoutMs: 2_000 }) };
}

/** The snapshot when so many calls have been counted: what ends a request is told after its last byte. */
export async function settled(
	snapshot: () => Promise<StatusSnapshot>,
	calls: number,
): Promise<StatusSnapshot> {
	for (;;) {
		const found = await snapshot();
		if (found.total.calls >= calls) return found;
		await sleep(5);
	}
}
