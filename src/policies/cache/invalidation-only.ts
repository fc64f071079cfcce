import type { Context, PolicyHooks, UpstreamResponse } from "../../index.ts";
import type { CacheEngine } from "./call/engine.ts";
import { AnswerTaker } from "./call/response-taker.ts";

/** The cache on a route whose answers are not stored: its changes drop what other routes have. */
export class InvalidationOnly implements PolicyHooks {
	readonly #taker: AnswerTaker;

	constructor(engine: CacheEngine) {
		this.#taker = new AnswerTaker(engine);
	}

	onUpstreamResponse(ctx: Context, response: UpstreamResponse): undefined {
		this.#taker.take(ctx, null, response);
	}
}
