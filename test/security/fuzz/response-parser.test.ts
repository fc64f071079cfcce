import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { Client } from "undici";
import { ResponseParser } from "../../../src/upstream/response-parser.ts";
import { createAnswer } from "./answers.ts";
import { mutate } from "./mutations.ts";
import { type Random, randomOf } from "./random.ts";
import { assertShare, describe } from "./run.ts";

// Whatever the gateway's own parser accepts, undici accepts with the same status, headers, body and trailers.
// `FUZZ_RESPONSES` sets the number of responses.
const { FUZZ_SEED = "1", FUZZ_RESPONSES = "15000" } = process.env;
const seed = Number(FUZZ_SEED);

const framing =
	/\r\n0+(?:;[^\r]*)?\r\n(?:.*\r\n)*(?:content-length|transfer-encoding|connection|proxy-connection|upgrade)/i;

/** What a parser made of some bytes. */
interface Reading {
	end: "whole" | "pending" | string;
	status: number;
	headers: string[];
	body: string;
	trailers: string[];
}

const nothing = (): Reading => ({
	end: "pending",
	status: 0,
	headers: [],
	body: "",
	trailers: [],
});

function readOurs(
	pieces: readonly Buffer[],
	isHead: boolean,
	isEnded: boolean,
) {
	const reading = nothing();
	const parser = new ResponseParser({
		onHead(status, headers) {
			if (status >= 200) Object.assign(reading, { status, headers });
		},
		onBody(bytes, start, end) {
			reading.body += bytes.toString("latin1", start, end);
		},
		onEnd(trailers) {
			reading.end = "whole";
			reading.trailers = trailers ?? [];
		},
	});
	parser.expect(isHead);
	try {
		for (const piece of pieces) {
			parser.read(piece, piece.length);
			if (reading.end === "whole") return reading;
		}
		if (isEnded && parser.endsWithConnection) parser.end();
	} catch (error) {
		reading.end = (error as Error).message;
	}
	return reading;
}

/** A socket whose other side says what the test pushes. */
class Wire extends Duplex {
	override _read(): void {}
	override _write(_chunk: unknown, _coding: string, done: () => void): void {
		done();
	}
	setNoDelay = (): this => this;
	setKeepAlive = (): this => this;
	setTimeout = (): this => this;
	ref = (): this => this;
	unref = (): this => this;
}

async function readUndici(bytes: Buffer, method: string, isEnded: boolean) {
	const reading = nothing();
	const wire = new Wire();
	const client = new Client("http://service", {
		connect: (_options, callback) =>
			void setImmediate(() => callback(null, wire as never)),
		headersTimeout: 0,
		bodyTimeout: 0,
		maxHeaderSize: 64 * 1024,
	});
	const texts = (list: unknown): string[] =>
		// llhttp leaves the blanks behind a value where they are (RFC 9110 section 5.5 does not).
		((list ?? []) as Buffer[]).map((part) =>
			part.toString("latin1").replace(/[ \t]+$/, ""),
		);
	const speak = (onRead: () => void): void => {
		wire.push(bytes);
		setImmediate(() => {
			if (isEnded) wire.push(null);
			setImmediate(() => setImmediate(onRead));
		});
	};
	const done = new Promise<void>((resolve) => {
		client.dispatch(
			{ path: "/", method: method as "GET" },
			{
				onRequestStart: () => void setImmediate(speak, resolve),
				onResponseStart(controller, status) {
					if (status < 200) return;
					reading.status = status;
					reading.headers = texts(controller.rawHeaders);
				},
				onResponseData(_controller, chunk) {
					reading.body += chunk.toString("latin1");
				},
				onResponseEnd(controller) {
					reading.end = "whole";
					reading.trailers = texts(controller.rawTrailers);
					resolve();
				},
				onResponseError(_controller, error) {
					reading.end = error.message;
					resolve();
				},
			},
		);
	});
	await done;
	const { end } = reading;
	void client.destroy();
	return { ...reading, end };
}

function cut(random: Random, bytes: Buffer): Buffer[] {
	if (random.isLucky(0.2)) {
		return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
	}
	const pieces: Buffer[] = [];
	for (let at = 0; at < bytes.length; ) {
		const next = at + 1 + random.below(60);
		pieces.push(bytes.subarray(at, next));
		at = next;
	}
	return pieces;
}

async function runCase(index: number): Promise<string> {
	const random = randomOf(seed, index);
	const method = random.pick(["GET", "GET", "GET", "HEAD"]);
	let text = createAnswer(random, method);
	if (random.isLucky(0.85)) {
		for (const _ of random.times(1, 3, () => null)) text = mutate(random, text);
	}
	const isEnded = random.isLucky(0.5);
	const bytes = Buffer.from(text, "latin1");
	const ours = readOurs([bytes], method === "HEAD", isEnded);
	const torn = readOurs(cut(random, bytes), method === "HEAD", isEnded);
	const isAccepted = ours.end === "whole" || ours.end === "pending";
	if (isAccepted) assert.deepEqual(torn, ours, "torn apart it reads otherwise");
	else assert.doesNotMatch(torn.end, /^(?:whole|pending)$/);
	const theirs = await readUndici(bytes, method, isEnded);
	// undici takes a legal 100 for a broken response; connector.ts hides it from undici.
	if (theirs.end === "bad response" && text.includes(" 100 "))
		return "continue";
	// undici takes framing fields among the trailers for the body's own: ours are dropped (RFC 9110 section 6.5.1).
	if (ours.end === "whole" && framing.test(text)) return "framing trailers";
	if (ours.end === "whole") {
		assert.deepEqual(ours, theirs, "undici reads it otherwise");
	} else if (ours.end === "pending") {
		assert.notEqual(theirs.end, "whole", "undici finds an end of it");
	} else if (theirs.end === "whole") return `only ours: ${ours.end}`;
	return isAccepted ? ours.end : "rejected";
}

test(`the parser of responses accepts nothing that undici reads otherwise [seed ${seed}]`, async (t) => {
	const startedMs = performance.now();
	const tally = new Map<string, number>();
	for (let index = 0; index < Number(FUZZ_RESPONSES); index++) {
		const kind = await runCase(index).catch((error: Error) => {
			error.message += ` in FUZZ_SEED=${seed}, response ${index}`;
			throw error;
		});
		tally.set(kind, (tally.get(kind) ?? 0) + 1);
	}
	t.diagnostic(describe(tally, startedMs));
	assertShare(tally, "whole", 0.2);
	assertShare(tally, "rejected", 0.1);
});
