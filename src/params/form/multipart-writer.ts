import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";

/** What stands in a written part's head. */
export interface WrittenHead {
	readonly name: string;
	/** Null for a field. */
	readonly filename: string | null;
	/** Null writes none. */
	readonly contentType: string | null;
}

/**
 * Writes a `multipart/form-data` body (RFC 7578) into a stream, with a boundary
 * that no client can guess: what stands in a part can not end it.
 */
export class MultipartWriter {
	readonly contentType: string;
	/** What the upstream reads. */
	readonly body: Readable;
	readonly #boundary: string = randomBytes(24).toString("hex");
	#onDrain: (() => void) | null = null;

	constructor() {
		this.contentType = `multipart/form-data; boundary=${this.#boundary}`;
		this.body = new Readable({ read: () => this.#drain() });
		// Whoever reads may not be there yet when a client leaves: unheard the error would end the process.
		this.body.on("error", () => undefined);
	}

	/** The head of a part; its content comes next, then {@link endPart}. */
	startPart(head: WrittenHead): Buffer {
		const lines = [
			`--${this.#boundary}`,
			`Content-Disposition: form-data; name="${escapeName(head.name)}"${toFilename(head.filename)}`,
		];
		const start = Buffer.from(lines.join("\r\n"));
		// A content-type is bytes as the client wrote them, read as latin1.
		const type =
			head.contentType === null ? "" : `\r\nContent-Type: ${head.contentType}`;
		return Buffer.concat([start, Buffer.from(`${type}\r\n\r\n`, "latin1")]);
	}

	/** What ends a part. */
	endPart(): Buffer {
		return Buffer.from("\r\n");
	}

	/** A field, whole. */
	field(name: string, text: string, contentType: string | null): Buffer {
		return Buffer.concat([
			this.startPart({ name, filename: null, contentType }),
			Buffer.from(text),
			this.endPart(),
		]);
	}

	/** What ends the form. */
	end(): Buffer {
		return Buffer.from(`--${this.#boundary}--\r\n`);
	}

	/** Sends bytes on; a promise when there is to be a pause until the upstream has taken some. */
	push(bytes: Buffer): Promise<void> | null {
		if (this.body.push(bytes) || this.body.destroyed) return null;
		return new Promise((resolve) => {
			this.#onDrain = resolve;
		});
	}

	#drain(): void {
		const resolve = this.#onDrain;
		this.#onDrain = null;
		resolve?.();
	}
}

function toFilename(filename: string | null): string {
	return filename === null ? "" : `; filename="${escapeName(filename)}"`;
}

/**
 * As browsers write names (WHATWG HTML, multipart/form-data encoding algorithm):
 * quotes and line breaks percent-encoded. The other control characters too: they
 * may not stand in a head at all.
 */
function escapeName(name: string): string {
	return name.toWellFormed().replaceAll(
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
		/["\u0000-\u001f\u007f]/g,
		(char) =>
			`%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
	);
}
