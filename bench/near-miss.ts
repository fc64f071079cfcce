// Whether the time of a refusal tells how near a guess was: a statistical check, for a quiet machine and not for CI.
//
//   npx node bench/near-miss.ts [rounds]
//
// Guesses of one length take turns in random order. Their times are compared by means without the slowest tenth.
// Exit code 1 where a difference is beyond both four standard errors and two in a hundred.
import { randomInt } from "node:crypto";
import { headgate, load } from "./http/gateway-source.ts";
import type { ApiKeyModule } from "./http/policies.ts";

const { apiKey } = await load<ApiKeyModule>("auth/api-key");
const { createGateway, route } = headgate;
const { createKey } =
	await load<typeof import("../src/policies/auth/keys.ts")>("keys");

const rounds = Number(process.argv[2] ?? 20_000);
const { key } = createKey();
const keys = [key, ...Array.from({ length: 99 }, () => createKey().key)];
const gateway = createGateway({
	docs: false,
	routes: [
		route.get("/", {
			dependencies: {
				caller: apiKey({ keys: keys.map((one) => ({ key: one })) }),
			},
			handler: () => null,
		}),
	],
});

/** The key with another character there. */
function changed(at: number): string {
	const other = key.at(at) === "x" ? "y" : "x";
	return key.slice(0, at) + other + key.slice(at + 1 || key.length);
}

const guesses: Readonly<Record<string, string>> = {
	"nothing alike": createKey().key.replace("key_", "xyz_"),
	"all but the first": changed(0),
	"the first half": key.slice(0, 25) + createKey().key.slice(25),
	"all but the last": changed(key.length - 1),
};
const times = new Map<string, number[]>(
	Object.keys(guesses).map((name) => [name, []]),
);

async function measure(name: string, guess: string): Promise<void> {
	const headers = { "x-api-key": guess };
	const startedNs = process.hrtime.bigint();
	const { status } = await gateway.inject({ url: "/", headers });
	const tookNs = Number(process.hrtime.bigint() - startedNs);
	if (status !== 401) throw new Error(`${name} answered ${status}`);
	times.get(name)?.push(tookNs);
}

for (let round = 0; round < rounds; round++) {
	const order = Object.entries(guesses);
	while (order.length > 0) {
		const [next] = order.splice(randomInt(order.length), 1);
		if (next !== undefined) await measure(...next);
	}
	// The first ones are those of a cold machine.
	if (round === Math.floor(rounds / 10)) {
		for (const list of times.values()) list.length = 0;
	}
}

interface Summary {
	readonly mean: number;
	readonly error: number;
}

function summarize(list: readonly number[]): Summary {
	const kept = list.toSorted((a, b) => a - b).slice(0, list.length * 0.9);
	const mean = kept.reduce((sum, one) => sum + one, 0) / kept.length;
	const spread = kept.reduce((sum, one) => sum + (one - mean) ** 2, 0);
	return { mean, error: Math.sqrt(spread) / kept.length };
}

const base = summarize(times.get("nothing alike") ?? []);
let isTold = false;
for (const [name, list] of times) {
	const { mean, error } = summarize(list);
	const difference = mean - base.mean;
	const sigma = difference / Math.hypot(error, base.error);
	const isFar = Math.abs(sigma) > 4 && Math.abs(difference) > base.mean * 0.02;
	isTold ||= isFar;
	console.log(
		`${name.padEnd(18)} ${(mean / 1000).toFixed(2)} us  ${difference.toFixed(0)} ns  ${sigma.toFixed(1)} sigma${isFar ? "  TOLD" : ""}`,
	);
}
await gateway.close();
process.exitCode = isTold ? 1 : 0;
