// npm run bench:compare -- REV [--work get,post] [--rounds 60] [--seconds 0.25]
// Sets the gateway of this tree against that of another revision, in turn, with the contenders of this tree.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startUpstream } from "./harness/bench-upstream.ts";
import type { LoadName } from "./harness/load.ts";
import { pinSelf } from "./harness/machine.ts";
import { measure, type RowPlan } from "./harness/measure.ts";
import { comparisons } from "./harness/plans.ts";
import { toMarkdown } from "./harness/report.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		work: { type: "string", default: "get,typed,post,body" },
		rounds: { type: "string", default: "60" },
		seconds: { type: "string", default: "0.25" },
		load: { type: "string", default: "bursts" },
		/** A src folder instead of a revision, for an experiment that is not committed. */
		src: { type: "string" },
	},
});
const revision = positionals[0] ?? "HEAD";
const root = join(import.meta.dirname, "..");

pinSelf();
const other = values.src
	? { src: values.src, remove: () => undefined }
	: checkOut(revision);
process.on("exit", other.remove);
const upstream = await startUpstream();
try {
	for (const id of values.work.split(",")) await compare(id);
} finally {
	await upstream.stop();
}
process.exit();

async function compare(id: string): Promise<void> {
	const plan = comparisons[id];
	if (!plan)
		throw new Error(
			`no such work; there are ${Object.keys(comparisons).join(", ")}`,
		);
	const rows = await measure(
		[
			named(plan, label(), other.src),
			named(plan, "this tree", join(root, "src")),
		],
		{
			load: values.load as LoadName,
			upstreamPort: upstream.port,
			rounds: Number(values.rounds),
			seconds: Number(values.seconds),
			warmSeconds: 2,
			tries: 1,
			reference: label(),
		},
	);
	console.log(toMarkdown(id, rows));
}

function label(): string {
	return values.src ?? revision;
}

function named(plan: RowPlan, name: string, src: string): RowPlan {
	return { ...plan, name, env: { ...plan.env, GATEWAY_SRC: src } };
}

/** The revision in a worktree of its own, with this tree's packages. */
function checkOut(rev: string): { src: string; remove: () => void } {
	const folder = mkdtempSync(join(tmpdir(), "headgate-compare-"));
	const git = (...args: string[]) =>
		execFileSync("git", args, { cwd: root, stdio: "pipe" });
	git("worktree", "add", "--detach", join(folder, "tree"), rev);
	symlinkSync(join(root, "node_modules"), join(folder, "tree", "node_modules"));
	return {
		src: join(folder, "tree", "src"),
		remove: () => {
			git("worktree", "remove", "--force", join(folder, "tree"));
			rmSync(folder, { recursive: true });
		},
	};
}
