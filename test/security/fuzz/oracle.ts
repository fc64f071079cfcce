import { ByteReader, WireError } from "../../helpers/byte-reader.ts";
import { type MessageHead, readMessageHead } from "../../helpers/raw-http.ts";
import { RawRequest } from "../../helpers/raw-upstream.ts";

/** What a strict parser reads from the bytes of one connection. */
export interface Reading {
	/** The requests that came whole. */
	readonly requests: readonly RawRequest[];
	/** How the bytes end: with the last request, within one, or with what is none. */
	readonly end: "clean" | "cut" | "broken";
	/** The request that was cut or broke off after its head. */
	readonly partial: RawRequest | null;
	/** Why it is broken. */
	readonly reason: string;
	/** The method of what follows the whole requests, as far as there is one. */
	readonly nextMethod: string;
}

/** Reads a client's bytes as RFC 9112 has them; whatever two parsers may read in two ways is `broken`. */
export async function readStrictly(bytes: Buffer): Promise<Reading> {
	const reader = new ByteReader();
	reader.push(bytes);
	reader.finish();
	const requests: RawRequest[] = [];
	let partial: RawRequest | null = null;
	let nextMethod = "";
	try {
		for (;;) {
			partial = null;
			await skipEmptyLines(reader);
			nextMethod = methodOf(reader.pending);
			const head = await readMessageHead(reader);
			if (head === null) {
				return { requests, end: "clean", partial, reason: "", nextMethod };
			}
			const request = withoutKnownLenience(head);
			partial = new RawRequest(request, reader, true);
			checkTarget(request);
			await partial.whole;
			requests.push(partial);
		}
	} catch (error) {
		if (!(error instanceof WireError)) throw error;
		const end = error.problem === "syntax" ? "broken" : "cut";
		return { requests, end, partial, reason: error.message, nextMethod };
	}
}

/** Line ends before a message: to be ignored in front of a request (RFC 9112 section 2.2), and harmless in front of an answer. */
export async function skipEmptyLines(reader: ByteReader): Promise<void> {
	while (reader.pending[0] === 13 || reader.pending[0] === 10) {
		await reader.take(1, () => undefined);
	}
}

function methodOf(bytes: Buffer): string {
	return /^[A-Za-z]+/.exec(bytes.toString("latin1", 0, 20))?.[0] ?? "";
}

/** node's parser skips more spaces around the target; the target that goes on has none. */
function withoutKnownLenience({
	startLine,
	headers,
}: MessageHead): MessageHead {
	return { startLine: startLine.replaceAll(/ {2,}(?=\S)/g, " "), headers };
}

function checkTarget({ startLine }: MessageHead): void {
	if (startLine.includes("#")) {
		throw new WireError("syntax", "a fragment in the target");
	}
}

/** The target as it goes on: absolute form loses its authority. */
export function toForwardedTarget(target: string): string {
	const match = /^https?:\/\/[^/?]*(.*)$/i.exec(target);
	if (match === null) return target;
	const rest = match[1] ?? "";
	return rest.startsWith("/") ? rest : `/${rest}`;
}
