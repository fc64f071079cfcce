import type { HttpError } from "../http/errors.ts";
import type { Logger } from "../model/types.ts";

const minuteMs = 60_000;
/** More pairs of upstream and cause than any set-up has. */
const maxKnown = 1_000;

/** Warns why calls to an upstream fail, once a minute for each upstream and cause. Clients never see a cause. */
export class UpstreamWarnings {
	readonly #logger: Logger;
	readonly #now: () => number;
	/** When each was last warned of, by upstream and cause. */
	readonly #warnedMs = new Map<string, number>();

	constructor(logger: Logger, now: () => number = () => performance.now()) {
		this.#logger = logger;
		this.#now = now;
	}

	onFailure(upstream: string | null, { code, cause }: HttpError): void {
		if (!code.startsWith("ERR_UPSTREAM_")) return;
		const { code: reason = code, message } = (cause ?? {}) as {
			code?: string;
			message?: string;
		};
		const key = `${upstream} ${reason}`;
		const nowMs = this.#now();
		const warnedMs = this.#warnedMs.get(key);
		if (warnedMs !== undefined && nowMs - warnedMs < minuteMs) return;
		if (this.#warnedMs.size >= maxKnown) this.#warnedMs.clear();
		this.#warnedMs.set(key, nowMs);
		const details = { upstream, code, cause: reason, reason: message };
		this.#logger.warn(details, "calls to an upstream fail");
	}
}
