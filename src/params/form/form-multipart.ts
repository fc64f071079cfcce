import type { Readable } from "node:stream";
import {
	failure,
	type HttpError,
	type Problem,
	toHttpError,
} from "../../http/errors.ts";
import { parseMediaType } from "../../http/media-type.ts";
import { toFieldTexts } from "./field-text.ts";
import { countBytes, drop, gather } from "./file-bytes.ts";
import type { FilePart, FileSchema } from "./form.ts";
import { type FormPlan, takesType } from "./form-plan.ts";
import { FormValues } from "./form-values.ts";
import {
	type FieldPart,
	type FileStreamPart,
	isOctetStream,
	MultipartReader,
	readBoundary,
} from "./multipart-reader.ts";
import { MultipartWriter } from "./multipart-writer.ts";

/** A multipart form while it is read. */
export interface MultipartForm {
	/**
	 * Settles at the first declared file that is to go on, or when every part has
	 * been read: then `values` holds what is known. Rejects with the HttpError: 400
	 * broken, 413 over a limit, 415 an encoding that is not taken, 422 with every problem.
	 */
	readonly ready: Promise<void>;
	/** By name, without a prototype. Fields that come after a file appear when they come. */
	readonly values: Readonly<Record<string, unknown>>;
	/**
	 * Resolves when the last part has been read and everything conformed; rejects
	 * with the HttpError else. Nobody has to listen.
	 */
	readonly done: Promise<void>;
	/**
	 * Begins the form for the upstream. To be called once, after `ready`. `extra`
	 * fields go first and take the place of the client's of their names.
	 */
	forward(extra: Readonly<Record<string, unknown>> | null): ForwardedForm;
}

/** The form as the upstream gets it. */
export interface ForwardedForm {
	/**
	 * Written while the client's form is read, with backpressure both ways. Destroyed
	 * with the HttpError when that is broken, goes over a limit or has a problem late,
	 * so that the upstream never sees a request that looks complete.
	 */
	readonly body: Readable;
	/** With a boundary of its own. */
	readonly contentType: string;
	/** Bytes; null when files are still to come. */
	readonly contentLength: number | null;
}

/** A field on its way: which of the texts of its name. */
interface SentField {
	readonly name: string;
	readonly place: number;
	/** Null writes none. */
	readonly contentType: string | null;
}

/** Told the problems of a form that was let pass in shadow, when it has been read to its end. */
export type ReportProblems = (problems: readonly Problem[]) => void;

/**
 * Reads a multipart form from a request.
 *
 * @throws HttpError 415 when it is no `multipart/form-data`, 400 without a valid boundary.
 */
export function readMultipart(
	plan: FormPlan,
	req: Readable,
	contentType: string,
	report: ReportProblems | null,
	problems: readonly Problem[] | null,
): MultipartForm {
	const boundary = readBoundary(contentType);
	return new MultipartReading(plan, req, boundary, report, problems ?? []);
}

class MultipartReading implements MultipartForm {
	readonly ready: Promise<void>;
	readonly done: Promise<void>;
	readonly #plan: FormPlan;
	readonly #checked: FormValues;
	readonly #reader: MultipartReader;
	readonly #writer = new MultipartWriter();
	readonly #report: ReportProblems | null;
	readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
	readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
	readonly #forwarded: PromiseWithResolvers<void> = Promise.withResolvers();
	#held: SentField[] | null = [];
	#replaced: Readonly<Record<string, unknown>> = Object.create(null);
	#hasBegun = false;
	#isComplete = false;

	constructor(
		plan: FormPlan,
		req: Readable,
		boundary: string,
		report: ReportProblems | null,
		problems: readonly Problem[],
	) {
		this.#plan = plan;
		this.#report = report;
		this.#checked = new FormValues(plan, problems);
		this.ready = this.#ready.promise;
		this.done = this.#done.promise;
		for (const promise of [this.ready, this.done, this.#forwarded.promise]) {
			promise.catch(() => undefined);
		}
		this.#writer.body.on("close", () => this.#onBodyClosed());
		this.#reader = new MultipartReader(req, boundary, plan, (error) =>
			this.#settle(error),
		);
		this.#read().catch((thrown) => this.#fail(toHttpError(thrown)));
	}

	get values(): Readonly<Record<string, unknown>> {
		return this.#checked.values;
	}

	forward(extra: Readonly<Record<string, unknown>> | null): ForwardedForm {
		const bytes = this.#release(extra ?? {});
		this.#writer.body.push(bytes);
		if (this.#isComplete) this.#writer.body.push(null);
		this.#forwarded.resolve();
		return {
			body: this.#writer.body,
			contentType: this.#writer.contentType,
			contentLength: this.#isComplete ? bytes.length : null,
		};
	}

	/** What was held until now: from here on each field goes out when it comes. */
	#release(extra: Readonly<Record<string, unknown>>): Buffer {
		const pieces: Buffer[] = [];
		for (const [name, value] of Object.entries(extra)) {
			for (const text of toFieldTexts(value)) {
				pieces.push(this.#writer.field(name, text, null));
			}
		}
		this.#replaced = extra;
		for (const field of this.#held ?? []) pieces.push(this.#write(field));
		this.#held = null;
		if (this.#isComplete) pieces.push(this.#writer.end());
		return Buffer.concat(pieces);
	}

	#write({ name, place, contentType }: SentField): Buffer {
		if (Object.hasOwn(this.#replaced, name)) return Buffer.alloc(0);
		const texts = this.#checked.toTexts(name, place);
		return Buffer.concat(
			texts.map((text) => this.#writer.field(name, text, contentType)),
		);
	}

	async #read(): Promise<void> {
		const reader = this.#reader;
		for (let part = await reader.next(); part; part = await reader.next()) {
			if (part.kind === "field") await this.#takeField(part);
			else await this.#takeFile(part);
		}
		await this.#finish();
	}

	async #takeField({ name, text, contentType }: FieldPart): Promise<void> {
		const place = await this.#checked.addField(name, text);
		this.#refuseLate();
		if (place === null || this.#plan.unsent.has(name)) return;
		await this.#send({ name, place, contentType: toFieldType(contentType) });
	}

	/** In the order of the form: held until the upstream is there, sent at once from then on. */
	async #send(field: SentField): Promise<void> {
		if (this.#held !== null) this.#held.push(field);
		else await this.#writer.push(this.#write(field));
	}

	async #takeFile(part: FileStreamPart): Promise<void> {
		const rule = this.#checked.findFile(part.name);
		const maxBytes = rule?.maxBytes ?? this.#plan.limits.fileBytes;
		if (rule === null) this.#refuseLate();
		else if (this.#plan.gatherFiles && !this.#checked.isRefused) {
			this.#addFile(rule, part, await gather(part.bytes, maxBytes));
			return;
		} else {
			this.#addFile(rule, part, null);
			if (await this.#begin()) return this.#sendFile(part, maxBytes);
		}
		await drop(part.bytes, maxBytes);
	}

	#addFile(
		rule: FileSchema,
		part: FileStreamPart,
		bytes: Uint8Array | null,
	): void {
		const { name, filename, encoding } = part;
		const contentType = part.contentType ?? "text/plain";
		const value: FilePart = { name, filename, contentType, encoding, bytes };
		this.#checked.addFile(rule, value, takesType(rule, contentType));
	}

	/** Whether files go on: not when there are problems already, for the rest is then read for more of them. */
	async #begin(): Promise<boolean> {
		this.#refuseLate();
		if (this.#hasBegun) return true;
		if (!this.#checked.isRefused) await this.#checked.begin();
		if (this.#checked.isRefused) return false;
		this.#hasBegun = true;
		this.#ready.resolve();
		await this.#forwarded.promise;
		return true;
	}

	async #sendFile(part: FileStreamPart, maxBytes: number): Promise<void> {
		const { name, contentType } = part;
		// Without a filename it would be a field to some parsers. This is what browsers name a Blob.
		const filename =
			part.filename || (isOctetStream(contentType) ? "" : "blob");
		if (Object.hasOwn(this.#replaced, name)) return drop(part.bytes, maxBytes);
		const writer = this.#writer;
		await writer.push(writer.startPart({ name, filename, contentType }));
		for await (const chunk of countBytes(part.bytes, maxBytes)) {
			await writer.push(chunk);
		}
		await writer.push(writer.endPart());
	}

	/** Once something has gone on, the answer can not wait for the rest of the problems. */
	#refuseLate(): void {
		if (this.#hasBegun && this.#checked.isRefused) throw this.#refusal();
	}

	#refusal(): HttpError {
		return failure("ERR_VALIDATION", { problems: this.#checked.problems });
	}

	async #finish(): Promise<void> {
		const defaulted = await this.#checked.finish();
		if (this.#checked.isRefused) throw this.#refusal();
		for (const name of defaulted) {
			if (this.#plan.unsent.has(name)) continue;
			await this.#send({ name, place: 0, contentType: null });
		}
		if (this.#checked.problems.length > 0) {
			this.#report?.(this.#checked.problems);
		}
		this.#isComplete = true;
		if (this.#held === null) this.#endBody();
		this.#ready.resolve();
		this.#done.resolve();
	}

	#endBody(): void {
		this.#writer.body.push(this.#writer.end());
		this.#writer.body.push(null);
	}

	/** The upstream let go before everything was written: nobody is left to read for. */
	#onBodyClosed(): void {
		if (this.#isComplete) return;
		const cause = this.#writer.body.errored;
		this.#fail(failure("ERR_UPSTREAM_RESET", { cause }));
	}

	#fail(error: HttpError): void {
		this.#reader.stop(error);
		this.#settle(error);
	}

	/** The first failure is the one that counts: promises and streams keep it, and ignore the next. */
	#settle(error: HttpError): void {
		this.#ready.reject(error);
		this.#done.reject(error);
		this.#forwarded.reject(error);
		this.#writer.body.destroy(error);
	}
}

/** A field's text goes out as UTF-8, whatever it came in; only a type that says more than text is kept. */
function toFieldType(contentType: string | null): string | null {
	const essence = parseMediaType(contentType ?? "")?.essence ?? "text/plain";
	return essence === "text/plain" ? null : essence;
}
