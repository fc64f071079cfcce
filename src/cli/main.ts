#!/usr/bin/env node
import cluster from "node:cluster";
import module from "node:module";
import { help, parseArguments, type RunArguments } from "./arguments.ts";
import { CommandError } from "./command-error.ts";

async function run(words: readonly string[]): Promise<void> {
	const args = parseArguments(words);
	if (args.kind === "help") process.stdout.write(help);
	else if (args.kind === "version") console.log(await readVersion());
	else await start(args);
}

/** What follows is loaded from node's cache of compiled code, where an earlier start has left it. */
async function start(args: RunArguments): Promise<void> {
	await readVersion();
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

/** Also says which Node is needed, where this one is too old for what follows. */
async function readVersion(): Promise<string> {
	try {
		return (await import("../http/node-version.ts")).version;
	} catch (error) {
		throw new CommandError((error as Error).message);
	}
}

try {
	await run(process.argv.slice(2));
} catch (error) {
	const isTold = error instanceof CommandError;
	console.error("headgate:", isTold ? error.message : error);
	// A config file may have opened what would keep the process alive.
	process.exit(isTold ? error.exitCode : 1);
}
