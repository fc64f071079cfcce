import type { Context, Outcome, Policy, RouteInfo } from "../../../index.ts";
import {
	amount,
	type Checks,
	checkOptions,
	either,
	flag,
	func,
	having,
	list,
	must,
	text,
	whole,
} from "../../kit/kit.ts";
import { compileEntry, type LogEntry } from "./log-entry.ts";
import { openLog, type SinkOptions } from "./log-sink.ts";

export type { LogEntry } from "./log-entry.ts";
export type { LineLogger, LineStream, SinkOptions } from "./log-sink.ts";

/** Where lines go, which requests get one, and what stands in it. */
export interface AccessLogOptions extends SinkOptions {
	/** Only requests that ended with this status or a higher one, or as slowly as `minDurationMs`. Default: every request. */
	readonly minStatus?: number;
	/** Only requests that took so many milliseconds, or ended with `minStatus` or higher. Default: every request. */
	readonly minDurationMs?: number;
	/** The part of the requests below status 400 that gets a line, from 0 to 1. Default 1. */
	readonly sample?: number;
	/** Names of query values that are left out, besides those that look like secrets (`token`, `key`, `password`, ...). No case. */
	readonly redactQuery?: readonly string[];
	/** Adds fields of one's own to a line. What it throws is logged by the gateway. */
	readonly fields?: (
		ctx: Context,
		outcome: Outcome,
	) => Readonly<Record<string, unknown>>;
	/** A number from 0 to 1, for `sample`. Default `Math.random`. */
	readonly random?: () => number;
}

/**
 * Writes one line of JSON for each request when it is over, whatever happened to
 * it: `error` for 5xx, `info` for the rest. No header, no body and no
 * credential stands in it. Lines are gathered and written together, at the
 * latest after 100 ms and when the gateway closes.
 *
 * @throws Error when pino is not installed; TypeError for options that do not make sense.
 */
export function accessLog(options: AccessLogOptions = {}): Policy {
	checkLogOptions(options);
	const { fields, redactQuery = [] } = options;
	const { logger, close } = openLog(options, fields === undefined);
	const isWanted = compileFilter(options);
	const hidden = new Set(redactQuery.map((name) => name.toLowerCase()));
	return {
		name: "access-log",
		close,
		forRoute(info: RouteInfo) {
			const toEntry = compileEntry(info, hidden);
			return {
				onFinish(ctx, outcome) {
					if (!isWanted(outcome)) return;
					const entry: LogEntry = toEntry(ctx, outcome);
					if (fields !== undefined) Object.assign(entry, fields(ctx, outcome));
					if (outcome.status >= 500) logger.error(entry);
					else logger.info(entry);
				},
			};
		},
	};
}

/** Which requests get a line. */
function compileFilter(
	options: AccessLogOptions,
): (outcome: Outcome) => boolean {
	const {
		minStatus,
		minDurationMs,
		sample = 1,
		random = Math.random,
	} = options;
	const isFiltered = minStatus !== undefined || minDurationMs !== undefined;
	const leastStatus = minStatus ?? Number.POSITIVE_INFINITY;
	const leastMs = minDurationMs ?? Number.POSITIVE_INFINITY;
	return ({ status, durationMs }) => {
		if (isFiltered && status < leastStatus && durationMs < leastMs)
			return false;
		return sample === 1 || status >= 400 || random() < sample;
	};
}

const checks: Checks<AccessLogOptions> = {
	logger: having("info", "error"),
	destination: either(
		"a path, a file descriptor or a stream",
		text,
		whole(),
		having("write"),
	),
	pretty: flag,
	minStatus: amount,
	minDurationMs: amount,
	sample: must(
		"a number from 0 to 1",
		(value) => typeof value === "number" && value >= 0 && value <= 1,
	),
	redactQuery: list(text),
	fields: func,
	random: func,
};

function checkLogOptions(options: AccessLogOptions): void {
	checkOptions("accessLog", options, checks);
	const { logger, destination, pretty } = options;
	if (logger === undefined) return;
	if (destination !== undefined || pretty !== undefined) {
		throw new TypeError(
			"accessLog: a logger has its own destination and pretty",
		);
	}
}
