import { Readable } from "node:stream";
import busboy from "busboy";
import { HttpError, type Problem } from "../../src/http/errors.ts";
import type { FormShape } from "../../src/params/form/form.ts";
import type { FormOptions } from "../../src/params/form/form-plan.ts";
import {
	type CompiledForm,
	compileForm,
} from "../../src/params/form/form-reader.ts";

/** A part to be written: a field, or a file where there is a filename. */
export interface PartSpec {
	readonly name: string;
	readonly value: string | Buffer;
	readonly filename?: string;
	readonly type?: string;
}

/** A part as busboy reads it on the other side. */
export interface ReadPart {
	readonly name: string;
	readonly value: string;
	readonly filename?: string;
	readonly type?: string;
}

/** How the reading of a form ended: status 200, or the failure's. */
export interface FormOutcome {
	readonly status: number;
	readonly code: string | null;
	readonly problems: readonly Problem[];
	readonly values: Readonly<Record<string, unknown>>;
	/** What the upstream read of it; null where its form did not come to its end. */
	readonly parts: readonly ReadPart[] | null;
}

export const formType = "multipart/form-data; boundary=B";

/** The bytes of a form with the boundary `B`. */
export function toMultipart(parts: readonly PartSpec[]): Buffer {
	const pieces: Buffer[] = [];
	for (const part of parts) {
		const filename =
			part.filename === undefined ? "" : `; filename="${part.filename}"`;
		const type =
			part.type === undefined ? "" : `\r\nContent-Type: ${part.type}`;
		pieces.push(
			Buffer.from(
				`--B\r\nContent-Disposition: form-data; name="${part.name}"${filename}${type}\r\n\r\n`,
			),
			Buffer.from(part.value),
			Buffer.from("\r\n"),
		);
	}
	return Buffer.concat([...pieces, Buffer.from("--B--\r\n")]);
}

/** The bytes as a stream of chunks, each of its own memory as a socket gives them. */
export function toStream(chunks: readonly Buffer[]): Readable {
	return Readable.from(
		chunks
			.filter(({ length }) => length > 0)
			.map((bytes) => Buffer.from(bytes)),
		{ objectMode: false },
	);
}

/** Numbers from 0 up to 1 that are the same for a seed (mulberry32). */
export function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** The bytes cut at random. */
export function chop(bytes: Buffer, random: () => number): Buffer[] {
	const chunks: Buffer[] = [];
	for (let at = 0; at < bytes.length; ) {
		const size = 1 + Math.floor(random() ** 3 * 400);
		chunks.push(bytes.subarray(at, at + size));
		at += size;
	}
	return chunks;
}

/** Reads a form and sends it on to a reader of its own, as a gateway with an upstream does. */
export async function readForm(
	form: CompiledForm,
	source: Readable,
	options: {
		readonly contentType?: string;
		readonly extra?: Readonly<Record<string, unknown>>;
		readonly report?: (problems: readonly Problem[]) => void;
	} = {},
): Promise<FormOutcome> {
	let values: Readonly<Record<string, unknown>> = {};
	let parts: readonly ReadPart[] | null = null;
	try {
		const multipart = form.readMultipart(
			source,
			options.contentType ?? formType,
			options.report ?? null,
		);
		values = multipart.values;
		await multipart.ready;
		const { body, contentType, contentLength } = multipart.forward(
			options.extra ?? null,
		);
		const bytes = await gatherBytes(body);
		if (contentLength !== null && contentLength !== bytes.length) {
			throw new Error(`said ${contentLength} bytes, sent ${bytes.length}`);
		}
		await multipart.done;
		parts = await parseMultipart(bytes, contentType);
		return { status: 200, code: null, problems: [], values, parts };
	} catch (error) {
		if (!(error instanceof HttpError)) throw error;
		const { status, code, problems } = error;
		return { status, code, problems: problems ?? [], values, parts };
	}
}

/** Sends parts through a form that is compiled for it. */
export function sendForm(
	shape: FormShape,
	parts: readonly PartSpec[],
	options: FormOptions = {},
	extra: Readonly<Record<string, unknown>> = {},
): Promise<FormOutcome> {
	const form = compileForm(shape, options);
	return readForm(form, toStream([toMultipart(parts)]), { extra });
}

/** Where and of which kind problems are. */
export function toTypes(problems: readonly Problem[]): string[] {
	return problems.map(({ loc, type }) => [...loc, type].join(" "));
}

/** All bytes of a stream; rejects with what destroyed it. */
export async function gatherBytes(stream: Readable): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

/** What busboy alone reads of a form, in order. */
export function parseMultipart(
	bytes: Buffer,
	contentType: string,
): Promise<ReadPart[]> {
	const { promise, resolve, reject } = Promise.withResolvers<ReadPart[]>();
	const parts: (ReadPart | Promise<ReadPart>)[] = [];
	const parser = busboy({
		headers: { "content-type": contentType },
		defParamCharset: "utf8",
	});
	parser.on("field", (name, value) => parts.push({ name, value }));
	parser.on("file", (name, stream, info) => {
		const { filename = "", mimeType: type } = info;
		parts.push(
			gatherBytes(stream).then((file) => ({
				name,
				value: file.toString("latin1"),
				filename,
				type,
			})),
		);
	});
	parser.on("error", reject);
	parser.on("finish", () => resolve(Promise.all(parts)));
	parser.end(bytes);
	return promise;
}
