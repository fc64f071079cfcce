import { inspect } from "node:util";
import type { Logger } from "../model/types.ts";

/**
 * A logger that never throws: one that fails (a full disk, a value that can not
 * be written as JSON) must not take an answer, or the process, with it. What it
 * failed to write goes to standard error as text.
 */
export function toSafeLogger(logger: Logger): Logger {
	const safe =
		(level: keyof Logger) =>
		(details: object, message: string): void => {
			try {
				logger[level](details, message);
			} catch (error) {
				const text = inspect(
					{ message, details, error },
					{ depth: 4, customInspect: false },
				);
				process.stderr.write(`the logger failed: ${text}\n`);
			}
		};
	return { error: safe("error"), warn: safe("warn"), info: safe("info") };
}

/** Warnings and errors as JSON lines on standard error; the rest is for a real logger. */
export const defaultLogger: Logger = {
	error: (details, message) => write("error", details, message),
	warn: (details, message) => write("warn", details, message),
	info: () => undefined,
};

function write(level: string, details: object, message: string): void {
	const time = new Date().toISOString();
	const line = { level, time, message, ...details };
	process.stderr.write(`${JSON.stringify(line, replaceErrors)}\n`);
}

function replaceErrors(_key: string, value: unknown): unknown {
	if (!(value instanceof Error)) return value;
	const { name, message, stack, cause } = value;
	return { name, message, stack, cause };
}
