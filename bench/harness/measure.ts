import {
	type LoadName,
	type LoadRequest,
	type LoadResult,
	runLoad,
} from "./load.ts";
import { type Running, type StartOptions, start } from "./spawn.ts";
import { median, spread } from "./stats.ts";
import { readUsage } from "./usage.ts";

/** One line of a table: a contender doing one kind of work. */
export interface RowPlan {
	readonly name: string;
	/** In bench/http/. */
	readonly file: string;
	readonly env?: Readonly<Record<string, string>>;
	readonly request: LoadRequest;
	/** Bytes of a right answer's body. */
	readonly answerBytes: number;
	/** Default 40. */
	readonly connections?: number;
}

/** What was measured of one row, medians over the rounds. */
export interface Row {
	readonly name: string;
	/** Why there are no figures; null when there are. */
	readonly why: string | null;
	/** CPU of the gateway process for one request, in microseconds. */
	readonly cpuUs: number;
	/** Median over the rounds of this row's CPU to the reference row's in the same round. */
	readonly ratio: number;
	/** Half the quartile distance of that ratio: 0.03 is +-3 %. */
	readonly spread: number;
	readonly perSecond: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	/** The part of its core that the gateway process used: 1 is saturation. */
	readonly busy: number;
	/** Each round's CPU for one request. */
	readonly rounds: readonly number[];
}

export interface MeasureOptions {
	readonly load: LoadName;
	readonly upstreamPort: number;
	readonly rounds: number;
	readonly seconds: number;
	readonly warmSeconds: number;
	/** How often a round is tried while other programs disturb it; the quietest try counts. Default 3. */
	readonly tries?: number;
	/** The name of the row that is 1.00. */
	readonly reference: string;
	readonly onProgress?: (text: string) => void;
}

interface Round extends LoadResult {
	readonly cpuUs: number;
	readonly busy: number;
	/** The part of the time in which the process had to wait for its core. */
	readonly waited: number;
}

/** Above this part of waiting a round is tried again: other programs' work pollutes the caches. */
const tolerableWait = 0.05;

interface Live {
	readonly plan: RowPlan;
	readonly running: Running;
	readonly rounds: Round[];
	fault: string | null;
}

/**
 * Starts every row's process, then lets them work in turn, A B C A B C, so that a noisy minute hits
 * all of them; figures are medians, ratios are taken within a round.
 */
export async function measure(
	plans: readonly RowPlan[],
	options: MeasureOptions,
): Promise<Row[]> {
	const skipped = new Map<string, string>();
	const live: Live[] = [];
	try {
		for (const plan of plans) await startRow(plan, options, live, skipped);
		await runRounds(live, options);
	} finally {
		await Promise.all(live.map(({ running }) => running.stop()));
	}
	const reference = live.find(({ plan }) => plan.name === options.reference);
	return plans.map((plan) => {
		const row = live.find((candidate) => candidate.plan === plan);
		const why = row ? row.fault : (skipped.get(plan.name) ?? "");
		return row && why === null
			? figures(row, reference)
			: without(plan.name, why ?? "");
	});
}

async function startRow(
	plan: RowPlan,
	options: MeasureOptions,
	live: Live[],
	skipped: Map<string, string>,
): Promise<void> {
	const running = await start(startOptions(plan, options.upstreamPort));
	if ("skip" in running) {
		skipped.set(plan.name, running.skip);
		return;
	}
	const fault = await check(plan, running.port);
	live.push({ plan, running, rounds: [], fault });
}

/** How the process of a row is started. */
export function startOptions(
	plan: Pick<RowPlan, "file" | "env">,
	upstreamPort: number,
): StartOptions {
	const env = {
		...plan.env,
		PORT: "0",
		UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
	};
	return { side: "gateway", file: `http/${plan.file}`, env };
}

/** One request before any load: a contender that answers wrongly is not measured. */
async function check(
	{ request, answerBytes }: RowPlan,
	port: number,
): Promise<string | null> {
	try {
		const { method = "GET", path, headers, body = null } = request;
		const { status = 200 } = request;
		// Else fetch adds a no-cache to what has a condition.
		const init = { method, headers, body, cache: "force-cache" } as const;
		const ask = (): Promise<Response> =>
			fetch(`http://127.0.0.1:${port}${path}`, init);
		// A condition is answered out of the cache, which the first answer fills.
		if (status !== 200) await (await ask()).arrayBuffer();
		const answer = await ask();
		const { byteLength } = await answer.arrayBuffer();
		if (answer.status !== status) return `answered ${answer.status}`;
		return byteLength === answerBytes ? null : `answered ${byteLength} bytes`;
	} catch (error) {
		return `did not answer: ${(error as Error).message}`;
	}
}

async function runRounds(live: Live[], options: MeasureOptions): Promise<void> {
	for (let round = -1; round < options.rounds; round++) {
		const seconds = round < 0 ? options.warmSeconds : options.seconds;
		for (const row of live) {
			if (row.fault !== null) continue;
			options.onProgress?.(
				`${round < 0 ? "warming" : `round ${round + 1}`} ${row.plan.name}`,
			);
			const result = await runQuietRound(row, seconds, options);
			row.fault = result.fault;
			if (round >= 0) row.rounds.push(result);
		}
	}
}

async function runQuietRound(
	row: Live,
	seconds: number,
	{ load, tries = 3 }: MeasureOptions,
): Promise<Round> {
	let best = await runRound(row, seconds, load);
	for (let left = tries; left > 1 && best.waited > tolerableWait; left--) {
		const again = await runRound(row, seconds, load);
		if (again.waited < best.waited || again.fault !== null) best = again;
		if (again.fault !== null) break;
	}
	return best;
}

async function runRound(
	{ plan, running }: Live,
	seconds: number,
	load: LoadName,
): Promise<Round> {
	const { request, connections = 40 } = plan;
	const before = await readUsage(running);
	const result = await runLoad(load, {
		port: running.port,
		request,
		connections,
		seconds,
	});
	const after = await readUsage(running);
	const cpuUs = after.cpuUs - before.cpuUs;
	const elapsedUs = (result.requests / result.perSecond) * 1e6;
	return {
		...result,
		cpuUs: cpuUs / result.requests,
		busy: cpuUs / elapsedUs,
		waited: (after.waitUs - before.waitUs) / elapsedUs,
	};
}

function figures(row: Live, reference: Live | undefined): Row {
	const of = (pick: (round: Round) => number) => row.rounds.map(pick);
	const ratios = row.rounds.map(
		(round, i) => round.cpuUs / (reference?.rounds[i]?.cpuUs ?? NaN),
	);
	return {
		name: row.plan.name,
		why: null,
		cpuUs: median(of((round) => round.cpuUs)),
		ratio: median(ratios),
		spread: spread(row === reference ? of((round) => round.cpuUs) : ratios),
		perSecond: median(of((round) => round.perSecond)),
		p50Ms: median(of((round) => round.p50Ms)),
		p99Ms: median(of((round) => round.p99Ms)),
		busy: median(of((round) => round.busy)),
		rounds: of((round) => round.cpuUs),
	};
}

function without(name: string, why: string): Row {
	const none = NaN;
	return {
		name,
		why,
		cpuUs: none,
		ratio: none,
		spread: none,
		perSecond: none,
		p50Ms: none,
		p99Ms: none,
		busy: none,
		rounds: [],
	};
}
