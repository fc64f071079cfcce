import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../helpers/byte-reader.ts";
import {
	connectRaw,
	type RawClient,
	type RawResponse,
} from "../../helpers/raw-client.ts";
import type { RawRequest } from "../../helpers/raw-upstream.ts";
import { mutate } from "./mutations.ts";
import { type Reading, readStrictly, toForwardedTarget } from "./oracle.ts";
import { type Random, randomOf } from "./random.ts";
import { createRequest } from "./requests.ts";
import { assertShare, describe, readOptions, runCases } from "./run.ts";
import { limitMs, Stage } from "./stage.ts";

/** How long a connection is watched for an answer that need not come, in milliseconds. */
const watchMs = 30;

/** One case: bytes of a client, in pieces. */
interface Case {
	readonly index: number;
	readonly tag: string;
	readonly bytes: string;
	readonly pieces: readonly string[];
	readonly isMutated: boolean;
}

function createCase(seed: number, index: number): Case {
	const random = randomOf(seed, index);
	const tag = `case${index}`;
	const messages = random.times(1, 3, () => createRequest(random, tag));
	const isMutated = random.isLucky(0.9);
	let bytes = messages.join("");
	if (isMutated) {
		for (const _ of random.times(1, 3, () => null)) {
			bytes = mutate(random, bytes);
		}
	}
	return { index, tag, bytes, pieces: cut(random, bytes), isMutated };
}

function cut(random: Random, bytes: string): string[] {
	if (random.isLucky(0.7)) return [bytes];
	const first = random.below(bytes.length);
	const second = first + random.below(bytes.length - first);
	return [
		bytes.slice(0, first),
		bytes.slice(first, second),
		bytes.slice(second),
	];
}

/** What the client saw. */
interface Seen {
	readonly answers: readonly RawResponse[];
	/** Whether the connection ended before the client ended it. */
	readonly isEnded: boolean;
}

/** Sends the bytes and reads every answer that is owed, then one more that may be. */
async function converse(one: Case, reading: Reading, port: number) {
	await using client = await connectRaw({ port });
	void client.sendPieces(one.pieces);
	const answers: RawResponse[] = [];
	for (const { method } of reading.requests) {
		const answer = await readAnswer(client, method, limitMs);
		if (answer === null) break;
		answers.push(answer);
		if (isLast(answer)) break;
	}
	const mayHaveMore = reading.end !== "clean" && !isLast(answers.at(-1));
	if (mayHaveMore && client.isOpen) {
		const more = await readAnswer(client, reading.nextMethod, watchMs);
		if (more !== null) answers.push(more);
	}
	// What has been announced must come, without the client's doing.
	if (isLast(answers.at(-1))) await client.closed(limitMs);
	const isEnded = !client.isOpen;
	client.halfClose();
	await client.closed(limitMs);
	return { answers, isEnded } satisfies Seen;
}

function isLast(answer: RawResponse | undefined): boolean {
	return answer?.header("connection")?.toLowerCase() === "close";
}

/** Null when none came: the connection ended, or nothing came in time where nothing need come. */
async function readAnswer(
	client: RawClient,
	method: string,
	timeoutMs: number,
): Promise<RawResponse | null> {
	try {
		const answer = await client.readHead(method, timeoutMs);
		// What is no request has no method: a refusal of HEAD may have a body, behind which the connection ends.
		if (method === "HEAD" && answer.status >= 400) return answer;
		await client.readRest(answer, timeoutMs);
		assert.ok(answer.complete, `an answer was cut: ${client.text}`);
		return answer;
	} catch (error) {
		if (!(error instanceof WireError)) throw error;
		if (error.problem === "truncated" && client.reader.available === 0) {
			return null;
		}
		if (error.problem === "timeout" && timeoutMs === watchMs) return null;
		throw error;
	}
}

/** What reached the upstream is what a strict parser reads from the client's bytes. */
function judge(one: Case, reading: Reading, seen: Seen, stage: Stage): void {
	const { connections } = stage.upstream;
	const broken = connections.find(({ malformed }) => malformed !== null);
	assert.ok(!broken, `malformed upstream: ${broken?.malformed?.message}`);
	assert.deepEqual(stage.errors, [], "the gateway logged an error");
	const expected = reading.requests.map(toLine);
	const expectedSent = [...reading.requests];
	if (reading.partial !== null) expectedSent.push(reading.partial);
	const arrived = stage.upstream.requests.filter((request) =>
		isNew(request, one),
	);
	for (const request of arrived) {
		judgeArrived(request, expected, expectedSent, reading);
	}
	for (const { method, path } of stage.sent) {
		assert.ok(
			expectedSent.some(
				(each) =>
					each.method === method && toForwardedTarget(each.target) === path,
			),
			`parsed ${method} ${path}, which is none of the client's (${reading.reason})`,
		);
	}
	judgeAnswers(one, reading, seen);
}

/** Whether it belongs to this case: one that arrives late names its own. */
function isNew(request: RawRequest, one: Case): boolean {
	const tag = /^\/(case\d+)/.exec(request.target)?.[1];
	return tag === undefined || tag === one.tag;
}

function judgeArrived(
	request: RawRequest,
	expected: string[],
	sent: readonly RawRequest[],
	reading: Reading,
): void {
	if (!request.complete) {
		const { method, target } = request;
		assert.ok(
			sent.some(
				(each) =>
					each.method === method && toForwardedTarget(each.target) === target,
			),
			`began upstream: ${request.startLine} (${reading.reason})`,
		);
		return;
	}
	const at = expected.indexOf(toLine(request));
	assert.ok(
		at >= 0,
		`reached the upstream: ${toLine(request)} (${reading.end}: ${reading.reason})`,
	);
	expected.splice(at, 1);
}

function toLine({ method, target, body }: RawRequest): string {
	const text = JSON.stringify(body.toString("latin1"));
	return `${method} ${toForwardedTarget(target)} ${text}`;
}

function judgeAnswers(one: Case, reading: Reading, seen: Seen): void {
	const { requests, end } = reading;
	const { answers, isEnded } = seen;
	for (const { status } of answers) {
		assert.ok(status < 500, `answered ${status}`);
	}
	const most = requests.length + (end === "clean" ? 0 : 1);
	assert.ok(answers.length <= most, `${answers.length} answers`);
	if (!one.isMutated) {
		assert.equal(end, "clean", `the generator made: ${reading.reason}`);
		for (const answer of answers) assert.equal(answer.status, 200);
	}
	const isWhole = answers.length >= requests.length;
	assert.ok(isWhole || isEnded, "an answer is missing");
	if (isWhole) return;
	assert.ok(isLast(answers.at(-1)), "the connection ended without an answer");
}

const options = readOptions();

test(`mutated requests: the upstream gets what a strict parser reads, or nothing [seed ${options.seed}]`, async (t) => {
	const startedMs = performance.now();
	const tally = await runCases(
		options,
		() => Stage.start(),
		async (stage, index) => {
			const one = createCase(options.seed, index);
			const reading = await readStrictly(Buffer.from(one.bytes, "latin1"));
			stage.clear();
			try {
				const seen = await converse(one, reading, stage.port);
				await stage.idle();
				judge(one, reading, seen, stage);
			} catch (error) {
				(error as Error).message += `\n${JSON.stringify(one.bytes)}`;
				throw error;
			}
			return reading.end;
		},
	);
	t.diagnostic(describe(tally, startedMs));
	if (options.only !== null) return;
	assertShare(tally, "clean", 0.2);
	assertShare(tally, "broken", 0.2);
	assertShare(tally, "cut", 0.05);
});
