import type { Decision } from "../../../index.ts";
import type { WindowName } from "./ring.ts";
import type { CacheCounts, LimitCounts, LimitSubject } from "./snapshot.ts";
import { Tally } from "./tally.ts";
import { Top, toShortName } from "./top.ts";

const maxLimits = 32;
const maxSubjects = 32;
const shownSubjects = 8;
const halfMs = 5 * 60_000;
const rest = "other limits";

/** How somebody stands under a limit. */
interface Standing {
	plan: string | null;
	calls: number;
	refused: number;
	left: number | null;
}

/** What a limit decided, and about whom. */
class Limit {
	readonly outcomes: Tally = new Tally();
	readonly subjects: Top<Standing> = new Top(maxSubjects, halfMs, () => ({
		plan: null,
		calls: 0,
		refused: 0,
		left: null,
	}));
}

/** What a decision may say besides. */
interface Told {
	readonly plan?: unknown;
	readonly remaining?: unknown;
}

/** What limits and caches decided. */
export class Decisions {
	readonly #limits = new Map<string, Limit>();
	readonly #cache: Tally = new Tally();

	add(nowMs: number, decision: Decision): void {
		const { kind, name, outcome, subject } = decision;
		if (kind === "cache") this.#cache.add(nowMs, outcome);
		if (kind !== "limit") return;
		const limit = this.#limitOf(name);
		limit.outcomes.add(nowMs, outcome);
		if (subject === null) return;
		const { detail } = limit.subjects.add(subject, nowMs);
		detail.calls++;
		if (outcome === "refused") detail.refused++;
		// A limit may tell more than every decision does.
		const { plan, remaining } = decision as Told;
		detail.plan = typeof plan === "string" ? toShortName(plan) : null;
		detail.left = typeof remaining === "number" ? remaining : null;
	}

	#limitOf(name: string): Limit {
		const known = this.#limits.get(name);
		if (known !== undefined) return known;
		const key = this.#limits.size < maxLimits ? toShortName(name) : rest;
		const made = this.#limits.get(key) ?? new Limit();
		this.#limits.set(key, made);
		return made;
	}

	readLimits(window: WindowName, nowMs: number): LimitCounts[] {
		return [...this.#limits].map(([name, { outcomes, subjects }]) => ({
			name,
			outcomes: Object.fromEntries(outcomes.read(window, nowMs)),
			subjects: subjects
				.list(nowMs)
				.map(({ name: subject, detail, older }) => ({
					subject,
					plan: detail.plan,
					calls: detail.calls + (older?.calls ?? 0),
					refused: detail.refused + (older?.refused ?? 0),
					left: detail.left,
				}))
				.sort(byNeed)
				.slice(0, shownSubjects),
		}));
	}

	readCache(window: WindowName, nowMs: number): CacheCounts {
		const outcomes = this.#cache.read(window, nowMs);
		let [hits, all] = [0, 0];
		for (const [outcome, count] of outcomes) {
			all += count;
			if (isAnswered(outcome)) hits += count;
		}
		return {
			outcomes: Object.fromEntries(outcomes),
			hitShare: all > 0 ? hits / all : null,
		};
	}
}

/** Who is over first, then who has least left, then who calls most. */
function byNeed(a: LimitSubject, b: LimitSubject): number {
	const [left, other] = [
		a.left ?? Number.MAX_SAFE_INTEGER,
		b.left ?? Number.MAX_SAFE_INTEGER,
	];
	return b.refused - a.refused || left - other || b.calls - a.calls;
}

const answered: ReadonlySet<string> = new Set(["hit", "stale", "collapsed"]);

/** Whether the cache answered with no call of its own, or with one that is not waited for. */
export function isAnswered(outcome: string): boolean {
	return answered.has(outcome);
}
