import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../helpers/byte-reader.ts";
import {
	connectRaw,
	type RawClient,
	type RawResponse,
} from "../../helpers/raw-client.ts";
import { head } from "../../helpers/raw-http.ts";
import type { Script } from "../../helpers/raw-upstream.ts";
import { type AnswerReading, readAnswerStrictly } from "./answer-oracle.ts";
import { createAnswer } from "./answers.ts";
import { mutate } from "./mutations.ts";
import { type Random, randomOf } from "./random.ts";
import { assertShare, describe, readOptions, runCases } from "./run.ts";
import { Stage } from "./stage.ts";

/** How long an upstream may be silent, in milliseconds: a cut answer must not look whole then either. */
const silenceMs = 1_000;

const endings = ["open", "open", "fin", "fin", "reset"] as const;

/** One case: what an upstream answers, in pieces, and what it does then. */
interface Case {
	readonly method: string;
	readonly bytes: string;
	readonly pieces: readonly string[];
	ending: (typeof endings)[number];
	readonly isMutated: boolean;
	readonly next: string;
}

function createCase(seed: number, index: number): Case {
	const random = randomOf(seed, index);
	const method = random.pick(["GET", "GET", "GET", "POST", "HEAD"]);
	const isMutated = random.isLucky(0.9);
	const extra = random.isLucky(0.1) ? createAnswer(random, "GET") : "";
	let bytes = createAnswer(random, method) + (isMutated ? extra : "");
	if (isMutated) {
		for (const _ of random.times(1, 3, () => null)) {
			bytes = mutate(random, bytes);
		}
	}
	return {
		method,
		bytes,
		pieces: cut(random, bytes),
		ending: isMutated ? random.pick(endings) : "fin",
		isMutated,
		next: `next${index}`,
	};
}

/** An answer that is cut mostly ends: silence costs its whole limit. */
async function readCase(one: Case, index: number): Promise<AnswerReading> {
	const bytes = Buffer.from(one.bytes, "latin1");
	const reading = await readAnswerStrictly(bytes, one.method, one.ending);
	const isSilent = reading.end === "cut" && one.ending === "open";
	if (!isSilent || index % 10 === 0) return reading;
	one.ending = "fin";
	return readAnswerStrictly(bytes, one.method, one.ending);
}

function cut(random: Random, bytes: string): string[] {
	if (random.isLucky(0.7)) return [bytes];
	const at = random.below(bytes.length);
	return [bytes.slice(0, at), bytes.slice(at)];
}

/** Answers the case's request with its bytes, and the one behind it as it should. */
function createScript(one: Case, onSent: () => void): Script {
	return async (request, connection) => {
		await request.whole;
		if (request.target === `/${one.next}`) {
			await connection.reply(200, one.next);
			return;
		}
		await connection.sendPieces(one.pieces);
		if (one.ending === "fin") connection.halfClose();
		else if (one.ending === "reset") connection.reset();
		onSent();
	};
}

/** What the client saw. */
interface Seen {
	readonly answer: RawResponse;
	/** The answer to the next request on the connection; null where that had ended. */
	readonly next: RawResponse | null;
}

async function converse(one: Case, stage: Stage): Promise<Seen> {
	const { promise: sent, resolve } = Promise.withResolvers<void>();
	stage.upstream.script = createScript(one, resolve);
	await using client = await connectRaw({ port: stage.port });
	const body = one.method === "POST" ? "body" : "";
	const length = body === "" ? [] : [`Content-Length: ${body.length}`];
	const start = `${one.method} /first HTTP/1.1`;
	const answer = await client
		.exchange(head(start, "Host: x", ...length) + body, one.method)
		.catch((error: unknown) => explain(error, client));
	await sent;
	// What may have come behind the answer has been read by then.
	for (let turn = 0; turn < 4; turn++) {
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.equal(client.reader.available, 0, `a second answer: ${client.text}`);
	return { answer, next: await askNext(one, client) };
}

function explain(error: unknown, client: RawClient): never {
	if (error instanceof Error) error.message += ` in ${client.text}`;
	throw error;
}

async function askNext(
	one: Case,
	client: RawClient,
): Promise<RawResponse | null> {
	if (!client.isOpen) return null;
	try {
		return await client.exchange(head(`GET /${one.next} HTTP/1.1`, "Host: x"));
	} catch (error) {
		// The end of the connection may cross the request.
		const isCrossing =
			error instanceof WireError && error.problem === "truncated";
		if (isCrossing && client.reader.available === 0) return null;
		throw error;
	}
}

/** The client sees what a strict parser reads from the upstream's bytes, a failure of the gateway's, or an end that can not be taken for one. */
function judge(one: Case, reading: AnswerReading, seen: Seen): string {
	const { answer, next } = seen;
	if (next !== null && !isOurs(next)) {
		assert.equal(next.body.toString(), one.next, "it got another answer");
		assert.equal(next.status, 200);
	}
	if (isOurs(answer)) {
		assert.ok(answer.complete, "a failure was cut");
		assert.ok(one.isMutated, `a good answer became a ${answer.status}`);
		return "failed";
	}
	const body = answer.body.toString("latin1");
	if (!answer.complete) {
		assert.equal(next, null, "the connection went on behind a cut answer");
		assert.ok(one.isMutated, "a good answer was cut");
		return "cut";
	}
	// undici takes some heads that are none, such as a bare CR in a reason phrase: none of that goes on.
	if (reading.end === "odd") return "odd";
	assert.equal(reading.end, "whole", `looks whole: ${reading.reason}`);
	assert.equal(answer.status, reading.status);
	assert.equal(body, reading.body);
	return "whole";
}

/** Whether the gateway answered in the upstream's stead. */
function isOurs(answer: RawResponse): boolean {
	return (
		answer.header("content-type") === "application/problem+json" &&
		(answer.status === 502 || answer.status === 504)
	);
}

const options = readOptions();

test(`mutated answers: the client gets them whole, a failure, or an end that shows [seed ${options.seed}]`, async (t) => {
	const startedMs = performance.now();
	const tally = await runCases(
		options,
		() => Stage.start(silenceMs),
		async (stage, index) => {
			const one = createCase(options.seed, index);
			const reading = await readCase(one, index);
			stage.clear();
			try {
				const seen = await converse(one, stage);
				await stage.idle();
				assert.deepEqual(stage.errors, [], "the gateway logged an error");
				return judge(one, reading, seen);
			} catch (error) {
				// The connection may end before the head of a broken response has left.
				const isCut =
					error instanceof WireError && error.problem === "truncated";
				if (isCut && one.isMutated) return "cut";
				const { method, ending } = one;
				(error as Error).message +=
					`\n${method}, then ${ending}: ${JSON.stringify(one.pieces)}`;
				throw error;
			}
		},
	);
	t.diagnostic(describe(tally, startedMs));
	if (options.only !== null) return;
	assertShare(tally, "whole", 0.2);
	assertShare(tally, "failed", 0.2);
	assertShare(tally, "cut", 0.02);
});
