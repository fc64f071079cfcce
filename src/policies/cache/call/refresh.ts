import type {
	Context,
	UpstreamHead,
	UpstreamReader,
	UpstreamRequest,
} from "../../../index.ts";
import { noDirectives } from "../http/cache-control.ts";
import {
	conditionalNames,
	isFreshenedBy,
	validatorsFor,
} from "../http/conditional.ts";
import { isServerError } from "../http/request-directives.ts";
import { withoutHeaders } from "../http/stored-headers.ts";
import type { StoredAnswer } from "../store/stored-response.ts";
import type { Asked } from "./asked.ts";
import { BodyCollector } from "./body-collector.ts";
import type { CacheEngine } from "./engine.ts";
import type { Lookup } from "./lookup.ts";

/** Validations in the background at the same time. */
const maxRefreshes = 256;

/** Validates a stale answer in the background, once for all who are served it meanwhile (RFC 5861 section 3). */
export function startRefresh(
	engine: CacheEngine,
	ctx: Context,
	lookup: Lookup,
	stale: StoredAnswer,
): void {
	const { refreshing } = engine;
	const { key } = lookup;
	if (refreshing.has(key) || refreshing.size >= maxRefreshes) return;
	const planned = ctx.previewUpstream() as UpstreamRequest;
	// A HEAD has shown that it is stale; only a GET brings what is stored.
	if (planned.method === "HEAD") planned.method = "GET";
	const request = { ...planned };
	request.headers = withoutHeaders(planned.headers, conditionalNames).concat(
		validatorsFor(stale.source),
	);
	const asked: Asked = {
		primaryKey: lookup.primaryKey,
		target: lookup.target,
		directives: noDirectives,
		varyNames: lookup.varyNames,
		planned,
		request,
		requestTimeMs: engine.now(),
		mark: engine.store.mark(),
	};
	refreshing.add(key);
	const reader = new Refresh(engine, asked, key, stale);
	try {
		ctx.askUpstream(request, reader);
	} catch {
		refreshing.delete(key);
	}
}

/** Takes the answer of one validation. Whatever goes wrong, the stale answer stays until it may not be served. */
class Refresh implements UpstreamReader {
	readonly #engine: CacheEngine;
	readonly #asked: Asked;
	readonly #key: string;
	readonly #stale: StoredAnswer;
	#collector: BodyCollector | null = null;

	constructor(
		engine: CacheEngine,
		asked: Asked,
		key: string,
		stale: StoredAnswer,
	) {
		this.#engine = engine;
		this.#asked = asked;
		this.#key = key;
		this.#stale = stale;
	}

	onHead(head: UpstreamHead): boolean {
		const engine = this.#engine;
		if (head.status === 304) {
			this.#takeNotModified(head);
			return true;
		}
		const { refusal, head: stored } = engine.judge(this.#asked, head);
		if (refusal !== null) {
			if (!isServerError(head.status)) engine.drop(this.#key);
			return this.#end();
		}
		this.#collector = new BodyCollector(
			{
				onWhole: (body) => engine.keep(this.#asked, { ...stored, body }),
				onLost: () => undefined,
			},
			engine.budget,
			engine.maxEntryBytes,
		);
		// No client holds any of it.
		this.#collector.onClientDone();
		return true;
	}

	onChunk(chunk: Uint8Array): boolean {
		this.#collector?.onChunk(chunk);
		return this.#collector?.isOver === true ? this.#end() : true;
	}

	onEnd(): void {
		this.#collector?.onEnd();
		this.#end();
	}

	onError(error: Error): void {
		this.#collector?.onAbort(error);
		this.#end();
	}

	#takeNotModified(head: UpstreamHead): void {
		const engine = this.#engine;
		if (!isFreshenedBy(this.#stale.source, head.received)) {
			engine.drop(this.#key);
			return;
		}
		const { answer, mayStay } = engine.update(this.#asked, this.#stale, head);
		if (mayStay) engine.keep(this.#asked, answer);
		else engine.drop(this.#key);
	}

	#end(): false {
		this.#engine.refreshing.delete(this.#key);
		return false;
	}
}
