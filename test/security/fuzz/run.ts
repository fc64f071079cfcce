import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import type { Stage } from "./stage.ts";

/** What a run does: from the environment, so that `npm test` passes it on. */
export interface RunOptions {
	/** `FUZZ_SEED`. Default 1. */
	readonly seed: number;
	/** `FUZZ_CASES`: cases of each kind. Default 10,000. */
	readonly cases: number;
	/** `FUZZ_CASE`: only this one, told in full. Default all. */
	readonly only: number | null;
}

/** The options of this process. */
export function readOptions(): RunOptions {
	const { FUZZ_SEED, FUZZ_CASES, FUZZ_CASE } = process.env;
	return {
		seed: Number(FUZZ_SEED ?? 1),
		cases: Number(FUZZ_CASES ?? 10_000),
		only: FUZZ_CASE === undefined ? null : Number(FUZZ_CASE),
	};
}

/** Runs one case on a stage; throws where a rule is broken. Gives back what became of it, for the tally. */
export type RunCase = (stage: Stage, index: number) => Promise<string>;

const stageCount = 16;
/** So many broken rules end a run. */
const maxFailures = 5;

/** Runs all cases over a few stages at once and gives back how often each thing became of them. */
export async function runCases(
	options: RunOptions,
	start: () => Promise<Stage>,
	run: RunCase,
): Promise<Map<string, number>> {
	const { seed, cases, only } = options;
	const tally = new Map<string, number>();
	const failures: Error[] = [];
	let next = only ?? 0;
	const end = only === null ? cases : only + 1;
	const work = async (): Promise<void> => {
		const stage = await start();
		try {
			while (next < end && failures.length < maxFailures) {
				const index = next++;
				try {
					const kind = await run(stage, index);
					tally.set(kind, (tally.get(kind) ?? 0) + 1);
				} catch (cause) {
					failures.push(toReport(cause, seed, index));
				}
			}
		} finally {
			await stage.close();
		}
	};
	await Promise.all(
		Array.from({ length: only === null ? stageCount : 1 }, work),
	);
	if (failures.length > 0) throw toOne(failures);
	return tally;
}

function toOne(failures: readonly Error[]): Error {
	const text = failures.map(({ message }) => message).join("\n\n");
	return new Error(text, { cause: failures[0] });
}

function toReport(cause: unknown, seed: number, index: number): Error {
	const reason = cause instanceof Error ? cause.message : String(cause);
	return new Error(
		`${reason}\nreplay with FUZZ_SEED=${seed} FUZZ_CASE=${index}`,
		{ cause },
	);
}

/** One line on what a run did. */
export function describe(
	tally: ReadonlyMap<string, number>,
	startedMs: number,
): string {
	const total = [...tally.values()].reduce((sum, count) => sum + count, 0);
	const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
	const parts = [...tally].sort().map(([kind, count]) => `${kind} ${count}`);
	return `${total} cases in ${seconds} s: ${parts.join(", ")}`;
}

/** Fails where too small a share of the cases came to something: then the generator tests nothing. */
export function assertShare(
	tally: ReadonlyMap<string, number>,
	kind: string,
	least: number,
): void {
	const total = [...tally.values()].reduce((sum, count) => sum + count, 0);
	const share = (tally.get(kind) ?? 0) / total;
	assert.ok(share >= least, `only ${share.toFixed(3)} of the cases: ${kind}`);
}
