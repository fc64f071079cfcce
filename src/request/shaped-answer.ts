import { failure, type HttpError, toHttpError } from "../http/errors.ts";
import type { UpstreamReader } from "../model/outcome.ts";
import type { AnswerReader } from "../proxy/background-call.ts";
import { Gathering } from "../proxy/gathering.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import { type BodyReading, maxReadBytes } from "./read-response.ts";
import type { RequestContext } from "./request.ts";
import type { ShapeHead } from "./response-head.ts";

/** What a route makes of responses. */
export interface ResponseShape {
	readonly shape: ShapeHead;
	readonly reading: BodyReading;
}

/** The response to a call without a client, made by the route's options what a client would get. */
export class ShapedAnswer implements AnswerReader {
	readonly #ctx: RequestContext;
	readonly #method: string;
	readonly #reader: UpstreamReader;
	readonly #shape: ShapeHead;
	readonly #reading: BodyReading;
	#gathering: Gathering | null = null;

	constructor(
		ctx: RequestContext,
		method: string,
		reader: UpstreamReader,
		{ shape, reading }: ResponseShape,
	) {
		this.#ctx = ctx;
		this.#method = method;
		this.#reader = reader;
		this.#shape = shape;
		this.#reading = reading;
	}

	onHead(head: AnswerHead): boolean {
		const ctx = this.#ctx;
		const received = head.headers;
		const { isNeeded } = this.#reading;
		try {
			this.#shape(ctx, head);
			const read = isNeeded
				? this.#reading.plan(ctx, head, this.#method, null)
				: null;
			if (read === null) return this.#tell(head, received);
			this.#gathering = new Gathering(maxReadBytes, (bytes) => {
				read
					.convert(bytes)
					.then((body) => this.#tellWhole(head, received, body))
					.catch((cause: unknown) => this.#fail(cause));
			});
			return true;
		} catch (cause) {
			this.#fail(cause);
			return false;
		}
	}

	onChunk(chunk: Uint8Array): boolean {
		const gathering = this.#gathering;
		if (gathering === null) return this.#reader.onChunk(chunk);
		if (gathering.add(chunk as Buffer)) return true;
		this.onError(failure("ERR_UPSTREAM_INVALID"));
		return false;
	}

	onEnd(): void {
		if (this.#gathering === null) this.#reader.onEnd();
		else this.#gathering.end();
	}

	onError(error: HttpError): void {
		this.#reader.onError(error);
	}

	#tell({ status, headers }: AnswerHead, received: string[]): boolean {
		return this.#reader.onHead({ status, headers, received });
	}

	#tellWhole(head: AnswerHead, received: string[], body: Buffer): void {
		if (this.#tell(head, received) && this.#reader.onChunk(body)) {
			this.#reader.onEnd();
		}
	}

	#fail(cause: unknown): void {
		const { runtime, plan } = this.#ctx;
		const error = toHttpError(cause);
		if (error.code === "ERR_INTERNAL") {
			const details = { err: error.cause ?? error, route: plan.info.id };
			runtime.logger.error(details, "a call without a client failed");
		}
		this.#reader.onError(error);
	}
}
