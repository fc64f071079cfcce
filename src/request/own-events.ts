import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { DeadlineWatch, Watched } from "../http/deadlines.ts";

/**
 * A stream of events of a handler's own. It has no end: when the gateway closes
 * it is given one, and its client connects anew elsewhere.
 */
export class OwnEvents implements Watched {
	previousWatched: Watched | null = null;
	nextWatched: Watched | null = null;
	readonly #res: ServerResponse;
	readonly #body: Readable;

	constructor(watch: DeadlineWatch, res: ServerResponse, body: Readable) {
		this.#res = res;
		this.#body = body;
		watch.add(this);
		res.on("close", () => watch.remove(this));
	}

	onTick(): void {
		// Events may be as far apart as their sender likes.
	}

	onClosing(): void {
		this.#body.unpipe(this.#res);
		this.#res.end();
	}
}
