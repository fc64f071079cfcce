import { ByteReader, WireError } from "../../helpers/byte-reader.ts";
import {
	readBody,
	readMessageHead,
	statedFraming,
} from "../../helpers/raw-http.ts";
import { skipEmptyLines } from "./oracle.ts";

/** What a strict parser reads from the bytes of one answer. */
export interface AnswerReading {
	/** Whether it came whole, ended too early, or is none: by its syntax before the body, or where its body ends. */
	readonly end: "whole" | "cut" | "odd" | "ambiguous";
	/** 0 where there is none. */
	readonly status: number;
	/** What came of the body. */
	readonly body: string;
	readonly reason: string;
}

/**
 * Reads an upstream's bytes as RFC 9112 has them. `ending`: how the connection
 * went on behind them; only a FIN ends a body that has no length.
 */
export async function readAnswerStrictly(
	bytes: Buffer,
	method: string,
	ending: "open" | "fin" | "reset",
): Promise<AnswerReading> {
	const reader = new ByteReader();
	reader.push(bytes);
	reader.finish();
	let status = 0;
	let isHeadRead = false;
	const pieces: Buffer[] = [];
	const toReading = (
		end: AnswerReading["end"],
		reason: string,
	): AnswerReading => {
		const body = Buffer.concat(pieces).toString("latin1");
		return { end, status, body, reason };
	};
	try {
		for (;;) {
			await skipEmptyLines(reader);
			const head = await readMessageHead(reader);
			if (head === null) return toReading("cut", "no final answer");
			status = readStatus(head.startLine);
			if (status >= 100 && status < 200 && status !== 101) continue;
			if (isBodiless(method, status)) return toReading("whole", "");
			isHeadRead = true;
			const framing = statedFraming(head.headers);
			await readBody(reader, framing ?? { kind: "close" }, (piece) => {
				pieces.push(piece);
			});
			const isEnded = framing !== null || ending === "fin";
			return toReading(isEnded ? "whole" : "cut", "no end of the body");
		}
	} catch (error) {
		if (!(error instanceof WireError)) throw error;
		if (error.problem !== "syntax") return toReading("cut", error.message);
		return toReading(isHeadRead ? "ambiguous" : "odd", error.message);
	}
}

function readStatus(startLine: string): number {
	const match = /^HTTP\/1\.[01] (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(
		startLine,
	);
	if (match === null) {
		throw new WireError("syntax", `status line ${JSON.stringify(startLine)}`);
	}
	return Number(match[1]);
}

function isBodiless(method: string, status: number): boolean {
	return method === "HEAD" || status === 204 || status === 304;
}
