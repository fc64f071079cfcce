import type { WindowName } from "./ring.ts";
import type { RefusalReason, RefusedSubject } from "./snapshot.ts";
import { Tally } from "./tally.ts";
import { Top } from "./top.ts";

const maxSubjects = 64;
const shownSubjects = 20;
const halfMs = 5 * 60_000;

/** Who was refused: a caller that is known, else an address. */
export type SubjectKind = RefusedSubject["kind"];

/** What is remembered of somebody who was refused. */
interface Last {
	code: string;
	route: string;
	atMs: number;
}

/** A caller's id and an address may read the same: the first letter keeps them apart. */
const prefixes = { caller: "c", address: "a" } as const;

/** Who is refused, and why. */
export class Refusals {
	readonly #reasons = new Tally();
	readonly #subjects = new Top<Last>(maxSubjects, halfMs, () => ({
		code: "",
		route: "",
		atMs: 0,
	}));

	add(
		nowMs: number,
		kind: SubjectKind,
		subject: string,
		code: string,
		route: string,
	): void {
		this.#reasons.add(nowMs, code);
		const { detail } = this.#subjects.add(prefixes[kind] + subject, nowMs);
		detail.code = code;
		detail.route = route;
		detail.atMs = nowMs;
	}

	listReasons(window: WindowName, nowMs: number): RefusalReason[] {
		return this.#reasons
			.read(window, nowMs)
			.filter(([, count]) => count > 0)
			.map(([code, count]) => ({ code, count }));
	}

	listSubjects(nowMs: number): RefusedSubject[] {
		return this.#subjects
			.list(nowMs)
			.sort((a, b) => b.count - a.count)
			.slice(0, shownSubjects)
			.map(({ name, count, detail }) => ({
				subject: name.slice(1),
				kind: name.startsWith(prefixes.caller) ? "caller" : "address",
				count,
				code: detail.code,
				route: detail.route,
				agoMs: nowMs - detail.atMs,
			}));
	}
}
