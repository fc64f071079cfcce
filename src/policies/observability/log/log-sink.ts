import type { DestinationStream, LoggerOptions } from "pino";
import { hasPeer, loadPeer } from "../../kit/kit.ts";
import {
	GatheredLines,
	type LineLogger,
	type LineStream,
	plainLogger,
} from "./plain-log.ts";

export type { LineLogger, LineStream } from "./plain-log.ts";

/** Where lines go, and in which form. */
export interface SinkOptions {
	/** A pino logger of one's own; then `destination` and `pretty` are its affair. */
	readonly logger?: LineLogger;
	/** A file's path, a file descriptor or a stream. Default 1: standard output. */
	readonly destination?: string | number | LineStream;
	/** Whether lines are written for people, through pino-pretty. Default: where standard output is a terminal and pino-pretty is installed. */
	readonly pretty?: boolean;
}

/** An open log. */
export interface LogSink {
	readonly logger: LineLogger;
	/** Writes what was gathered. */
	readonly close: () => Promise<void>;
}

/**
 * Lines are written when so many bytes are there, and after so many milliseconds. Each
 * write wakes a thread: a file takes many lines at once, a pipe as many as Docker's
 * reader does, 16 KiB.
 */
const gatheredFileBytes = 65_536;
const gatheredPipeBytes = 15_000;
const flushMs = 100;
/** What waits for a disk or a pipe that does not take it; beyond that, lines are dropped. */
const maxWaitingBytes = 16 * 1024 * 1024;

const user = "headgate/access-log";

/** What pino gives for a destination that it opens itself. */
interface Destination extends DestinationStream {
	end(): void;
	flushSync(): void;
	on(event: "error" | "drop", listener: (cause: unknown) => void): unknown;
	once(event: "close", listener: () => void): unknown;
}

/**
 * Opens the log, or takes the logger that was given. `isPlain` says that lines
 * hold strings and finite numbers only: then they need none of pino's care for
 * values that JSON can not tell.
 */
export function openLog(options: SinkOptions, isPlain: boolean): LogSink {
	const { logger, destination = 1 } = options;
	if (logger !== undefined) return { logger, close: async () => undefined };
	const { pino } = loadPeer<typeof import("pino")>("pino", user);
	const settings: LoggerOptions = {
		base: null,
		timestamp: pino.stdTimeFunctions.isoTime,
		formatters: { level: (level) => ({ level }) },
	};
	if (typeof destination === "object") {
		const own = pino(settings, destination);
		return { logger: own, close: async () => undefined };
	}
	if (isPretty(options)) {
		const pretty = loadPeer<typeof import("pino-pretty")>("pino-pretty", user);
		const stream = pretty({ destination, sync: true, ...prettyLine });
		return { logger: pino(settings, stream), close: async () => undefined };
	}
	const minLength =
		typeof destination === "string" ? gatheredFileBytes : gatheredPipeBytes;
	const sink = pino.destination({
		dest: destination,
		sync: false,
		minLength,
		maxWrite: minLength + 1_024,
		periodicFlush: flushMs,
		maxLength: maxWaitingBytes,
	} as Parameters<typeof pino.destination>[0]) as unknown as Destination;
	// A log that can not be written (a full disk, a closed pipe) takes no request with it.
	sink.on("error", warnOnce("can not be written"));
	sink.on("drop", warnOnce("drops lines: what it writes to does not keep up"));
	if (!isPlain) {
		const close = () => closed(sink, destination);
		return { logger: pino(settings, sink), close };
	}
	const gathered = new GatheredLines(sink, gatheredPipeBytes);
	const onExit = (): void => {
		gathered.flush();
		sink.flushSync();
	};
	const forget = atExit(onExit);
	return {
		logger: plainLogger(gathered),
		close() {
			forget();
			gathered.flush();
			return closed(sink, destination);
		},
	};
}

/** What is to be done when the process ends. */
const lastActs = new Set<() => void>();

/** Calls it when the process ends, through one listener for all: node warns of more than ten. Gives back what forgets it. */
function atExit(act: () => void): () => void {
	if (lastActs.size === 0) process.on("exit", runLastActs);
	lastActs.add(act);
	return () => {
		if (lastActs.delete(act) && lastActs.size === 0) {
			process.off("exit", runLastActs);
		}
	};
}

function runLastActs(): void {
	for (const act of lastActs) act();
}

/** Standard output stays open for others. */
async function closed(
	sink: Destination,
	destination: string | number,
): Promise<void> {
	if (destination === 1 || destination === 2) {
		sink.flushSync();
		return;
	}
	await new Promise<void>((resolve) => {
		sink.once("close", resolve);
		sink.end();
	});
}

function warnOnce(problem: string): (cause: unknown) => void {
	let isTold = false;
	return (cause) => {
		if (isTold) return;
		isTold = true;
		const why = cause instanceof Error ? `: ${cause.message}` : "";
		process.emitWarning(`the access log ${problem}${why}`);
	};
}

const prettyLine = {
	messageFormat: "{method} {path} {status} {durationMs} ms",
	ignore: "method,path,status,durationMs",
	singleLine: true,
	translateTime: "HH:MM:ss.l",
};

function isPretty({ pretty, destination = 1 }: SinkOptions): boolean {
	if (pretty !== undefined) return pretty;
	if (destination !== 1 || process.stdout.isTTY !== true) return false;
	return hasPeer("pino-pretty");
}
