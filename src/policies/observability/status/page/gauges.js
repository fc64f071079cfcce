import { byId, el, Keyed, setMix, setText } from "./dom.js";
import { toCount, toPercent } from "./format.js";

const shareOf = (part, whole) => (whole > 0 ? part / whole : null);

/** What each limit decided, as a bar of its outcomes. */
export function limitMixes() {
	const rows = new Keyed(
		byId("limit-mix"),
		gauge,
		({ children: [name, value, bar] }, limit) => {
			const outcomes = Object.entries(limit.outcomes);
			const whole = outcomes.reduce((sum, [, count]) => sum + count, 0);
			const told = outcomes.map(([word, count]) => `${toCount(count)} ${word}`);
			setText(name, limit.name);
			setText(value, told.join(" · "));
			setMix(
				bar,
				outcomes.map(([word, count]) => [
					outcomeKinds[word] ?? "c-wait",
					shareOf(count, whole) ?? 0,
				]),
			);
		},
	);
	return { render: (limits) => rows.render(limits, ({ name }) => name) };
}

const outcomeKinds = {
	allowed: "c-2xx",
	refused: "c-4xx",
	shadowed: "c-499",
	queued: "c-3xx",
	"store-error": "c-5xx",
};

function gauge() {
	const bar = el("div", { class: "mix" });
	return el("div", { class: "gauge" }, el("span"), el("b"), bar);
}

/** Counts of a few words as bars. */
export function bars(host, kindOf) {
	const rows = new Keyed(
		host,
		gauge,
		({ children: [name, value, bar] }, [word, count, whole]) => {
			setText(name, word);
			setText(
				value,
				`${toCount(count)} · ${toPercent(shareOf(count, whole) ?? 0)}`,
			);
			setMix(bar, [[kindOf(word), shareOf(count, whole) ?? 0]]);
		},
	);
	return {
		render: (counts) => {
			const whole = counts.reduce((sum, [, count]) => sum + count, 0);
			rows.render(
				counts.map(([word, count]) => [word, count, whole]),
				([word]) => word,
			);
		},
	};
}
