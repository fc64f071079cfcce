import { constants } from "node:os";
import type { Gateway } from "../index.ts";
import type { RunArguments } from "./arguments.ts";
import { CommandError } from "./command-error.ts";
import { loadGateway } from "./config.ts";

/** The signals that end the program in order. */
export const endSignals = ["SIGINT", "SIGTERM"] as const;

/** One of {@link endSignals}. */
export type EndSignal = (typeof endSignals)[number];

/** A gateway that answers. */
export interface Served {
	/** Such as `http://127.0.0.1:8000`. */
	readonly url: string;
	/** Finishes the requests under way, then ends the process. */
	end(): void;
}

/**
 * Loads a config file and lets its gateway listen.
 *
 * @throws CommandError when that can not be.
 */
export async function serve({
	configFile,
	port,
	host,
}: RunArguments): Promise<Served> {
	const gateway = await loadGateway(configFile);
	const { url } = await gateway
		.listen({ port, host })
		.catch((error: unknown) => {
			throw toListenError(error, port, host);
		});
	return { url, end: () => void end(gateway) };
}

const reasons: Readonly<Record<string, string>> = {
	EADDRINUSE: "the port is taken",
	EACCES: "the system does not allow it",
	EADDRNOTAVAIL: "this machine does not have that address",
	ENOTFOUND: "the name is not known",
	EAI_AGAIN: "the name can not be looked up",
};

function toListenError(error: unknown, port: number, host: string): unknown {
	const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
	if (reason === undefined) return error;
	return new CommandError(`can not listen on ${host} port ${port}: ${reason}`);
}

/** What a config file may have opened besides would keep the process alive: it ends here. */
async function end(gateway: Gateway): Promise<void> {
	try {
		await gateway.close();
		process.exit(0);
	} catch (error) {
		console.error("headgate: closing failed", error);
		process.exit(1);
	}
}

/** Calls `onFirst` at the first signal to end, and `onSecond` with what the process is to exit with at any other. */
export function onEndSignals(
	onFirst: (signal: EndSignal) => void,
	onSecond: (exitCode: number) => void,
): void {
	let isEnding = false;
	for (const signal of endSignals) {
		process.on(signal, () => {
			if (isEnding) onSecond(128 + constants.signals[signal]);
			else {
				isEnding = true;
				onFirst(signal);
			}
		});
	}
}
