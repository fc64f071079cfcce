#!/usr/bin/env node
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import module from "node:module";
import { help, parseArguments, type RunArguments } from "./arguments.ts";
import { CommandError } from "./command-error.ts";

async function run(words: readonly string[]): Promise<void> {
	const args = parseArguments(words);
	if (args.kind === "help") process.stdout.write(help);
	else if (args.kind === "version") console.log(readVersion());
	else await start(args);
}

/** What follows is loaded from node's cache of compiled code, where an earlier start has left it. */
async function start(args: RunArguments): Promise<void> {
	await import("../http/node-version.ts").catch(({ message }: Error) => {
		throw new CommandError(message);
	});
	module.enableCompileCache();
	const { onEndSignals, serve } = await import("./serve.ts");
	const { beWorker, superviseWorkers } = await import("./workers.ts");
	if (cluster.isWorker) beWorker(await serve(args));
	else if (args.workers > 0) superviseWorkers(args.workers);
	else {
		const { url, end } = await serve(args);
		onEndSignals(
			(signal) => {
				console.error(`headgate: ${signal}, finishing what is under way`);
				end();
			},
			(exitCode) => process.exit(exitCode),
		);
		console.log(`headgate answers on ${url}`);
	}
}

/** The package's file is in the same place seen from `src/cli/` and from `dist/cli/`. */
function readVersion(): string {
	const file = new URL("../../package.json", import.meta.url);
	return (JSON.parse(readFileSync(file, "utf8")) as { version: string })
		.version;
}

try {
	await run(process.argv.slice(2));
} catch (error) {
	const isTold = error instanceof CommandError;
	console.error("headgate:", isTold ? error.message : error);
	// A config file may have opened what would keep the process alive.
	process.exit(isTold ? error.exitCode : 1);
}
