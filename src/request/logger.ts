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
