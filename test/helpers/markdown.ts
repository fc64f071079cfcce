/** A fenced block of code in a page. */
export interface CodeBlock {
	/** The words behind the fence: the language, then what else is said of it. */
	readonly words: readonly string[];
	readonly code: string;
	/** The line of the fence, from 1. */
	readonly line: number;
}

/** A link in a page to another one, or to a place of it. */
export interface PageLink {
	/** The path as written; empty for a place in the same page. */
	readonly path: string;
	/** Without `#`; empty where there is none. */
	readonly anchor: string;
}

const fence = /^```(.*)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of a page, in order. */
export function codeBlocks(text: string): CodeBlock[] {
	return [...text.matchAll(fence)].map(({ 1: info, 2: code, index }) => ({
		words: (info ?? "").trim().split(/\s+/),
		code: code ?? "",
		line: text.slice(0, index).split("\n").length,
	}));
}

/** A page without its code, fenced, indented or within a line. */
function withoutCode(text: string): string {
	return text
		.replace(fence, "")
		.replace(/^(?: {4}|\t).*$/gm, "")
		.replace(/`[^`\n]*`/g, "");
}

/** The links of a page that lead to files, not those to other hosts. */
export function pageLinks(text: string): PageLink[] {
	const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)];
	return targets
		.map(([, target = ""]) => target)
		.filter((target) => !/^[a-z]+:/.test(target))
		.map((target) => {
			const [path = "", anchor = ""] = target.split("#");
			return { path, anchor };
		});
}

/** The places of a page that a link may name: its headings, in lower case, words joined by `-`. */
export function anchors(text: string): string[] {
	const plain = text.replace(fence, "");
	return [...plain.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
		heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s_-]/gu, "")
			.trim()
			.replaceAll(" ", "-"),
	);
}

/** The rows of the table that stands first under a heading, cell by cell, without the row of names. */
export function tableRows(text: string, heading: string): string[][] {
	const section = text.split(`${heading}\n`)[1] ?? "";
	const table = /^\|.*(?:\n\|.*)*/m.exec(section)?.[0] ?? "";
	const rows = table.split("\n").slice(2);
	return rows.map((row) =>
		row
			.slice(1, -1)
			.split("|")
			.map((cell) => cell.trim()),
	);
}
