import type { Case, Verdict } from "./stage.ts";

/** What one target made of the cases. */
export interface Column {
	readonly name: string;
	readonly version: string;
	readonly verdicts: ReadonlyMap<string, Verdict>;
}

const intro = `# Conformance on the wire

The same black-box cases, spoken over raw sockets on both sides, for headgate and for other proxies: a client that
sends bytes, a proxy that forwards everything to one upstream, an upstream that records exactly what arrives and
answers whatever the case says. \`npm run conformance\` runs them all and writes this page;
\`npm run conformance -- --target URL --upstream-port N\` runs them against any proxy that forwards to port N.

- **pass**: does what our rule says.
- differs: makes another choice than ours, and a safe one, such as another status, or forwarding a normalised request.
- **fail**: does not keep the rule.

Each proxy is configured to stream both ways, to keep connections to the upstream and to set the forwarding headers
itself (the configurations stand in test/conformance). The rules are headgate's own, strict reading of the RFCs: a
proxy with other aims may differ for good reasons, and other versions or settings may give other results. Cases that
would tell how to harm one of the proxies are listed without their description.

One deviation is deliberate: headgate adds no \`via\` towards services unless asked (\`via: 'both'\`), though RFC 9110 section
7.6.3 asks for it. It turns the compression of nginx and IIS off.
`;

/** The page docs/conformance.md. */
export function toMarkdown(
	cases: readonly Case[],
	columns: readonly Column[],
): string {
	const parts = [intro, "## Summary", "", ...summaryTable(columns)];
	for (const topic of new Set(cases.map((one) => one.topic))) {
		const rows = cases.filter((one) => one.topic === topic);
		parts.push("", `## ${topic}`, "", ...topicTable(rows, columns));
	}
	return `${parts.join("\n")}\n`;
}

function summaryTable(columns: readonly Column[]): string[] {
	const lines = columns.map((column) => {
		const count = (wanted: string) =>
			[...column.verdicts.values()].filter(({ result }) => result === wanted)
				.length;
		return line([
			`${column.name} ${column.version}`,
			...["pass", "differs", "fail"].map((one) => String(count(one))),
		]);
	});
	return [
		line(["Proxy", "pass", "differs", "fail"]),
		line(["---", "--:", "--:", "--:"]),
		...lines,
	];
}

function topicTable(
	rows: readonly Case[],
	columns: readonly Column[],
): string[] {
	const lines = rows.map((one) =>
		line([
			publicName(one, columns),
			one.rfc,
			...columns.map((column) => cell(column.verdicts.get(one.id))),
		]),
	);
	const names = columns.map((column) => column.name);
	return [
		line(["Rule", "Source", ...names]),
		line(["---", "---", ...names.map(() => "---")]),
		...lines,
	];
}

/** A case that harms one of the targets is named without telling how. */
function publicName(one: Case, columns: readonly Column[]): string {
	const harms = columns.some(({ verdicts }) => isHarm(verdicts.get(one.id)));
	return harms ? "another case of this topic" : one.rule;
}

function isHarm(verdict: Verdict | undefined): boolean {
	return (
		verdict?.result === "fail" &&
		/target ended|^afterwards|second request|became|read as a request/.test(
			verdict.reason,
		)
	);
}

function cell(verdict: Verdict | undefined): string {
	if (!verdict) return "";
	return verdict.result === "differs" ? "differs" : `**${verdict.result}**`;
}

function line(cells: readonly string[]): string {
	return `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}
