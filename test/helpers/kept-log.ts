import type { Logger } from "../../src/index.ts";

/** One line of a log. */
export interface LogLine {
	readonly level: "error" | "warn" | "info";
	readonly details: Readonly<Record<string, unknown>>;
	readonly message: string;
}

/** A logger that keeps what it is told. */
export class KeptLog implements Logger {
	readonly lines: LogLine[] = [];

	error(details: object, message: string): void {
		this.#keep("error", details, message);
	}

	warn(details: object, message: string): void {
		this.#keep("warn", details, message);
	}

	info(details: object, message: string): void {
		this.#keep("info", details, message);
	}

	#keep(level: LogLine["level"], details: object, message: string): void {
		this.lines.push({ level, details: { ...details }, message });
	}
}
