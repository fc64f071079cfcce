import assert from "node:assert/strict";
import { WireError } from "../helpers/byte-reader.ts";
import type { RawClient, RawResponse } from "../helpers/raw-client.ts";
import type { RawRequest } from "../helpers/raw-upstream.ts";
import { type Case, differs, type Stage } from "./stage.ts";

/** What every row of a table says. */
export interface Row {
	readonly id: string;
	readonly rule: string;
	/** The RFC section, such as `RFC 9112 6.3`; `headgate` for a rule of our own. */
	readonly rfc: string;
}

/** Turns rows into cases of one topic. */
export function table<R extends Row>(
	topic: string,
	rows: readonly R[],
	run: (row: R, stage: Stage) => Promise<void>,
): Case[] {
	return rows.map((row) => ({
		id: row.id,
		topic,
		rule: row.rule,
		rfc: row.rfc,
		run: (stage: Stage) => run(row, stage),
	}));
}

/** A request that must be refused before it reaches the upstream. */
export interface RefusalRow extends Row {
	readonly send: string;
	/** The statuses we give. Default 400. */
	readonly statuses?: readonly number[];
	/** Whether the connection may go on afterwards. Default false. */
	readonly mayStayOpen?: boolean;
	/** Checks the one request that may be forwarded instead; that counts as `differs`. */
	readonly orForwards?: (one: RawRequest) => void;
	/** Checks the one request that may be forwarded just as well; that counts as a pass. */
	readonly mayForward?: (one: RawRequest) => void;
}

/** What the client saw: an answer or none, and whether the connection is still open. */
interface Ending {
	readonly answer: RawResponse | null;
	readonly open: boolean;
}

/** How long a connection that ought to close is watched, in milliseconds. */
const closeMs = 400;

/** Sends a row and judges what became of it. */
export async function refuse(row: RefusalRow, stage: Stage): Promise<void> {
	const client = await stage.connect();
	void client.send(row.send);
	const ending = await endingOf(client, row.mayStayOpen ?? false);
	await stage.barrier();
	assertWellFormed(stage);
	const [one, second] = stage.requests;
	assert.equal(
		second,
		undefined,
		`a second request reached the upstream: ${second?.startLine}`,
	);
	if (one) judgeForwarded(row, one);
	else judgeRefusal(row, ending);
}

/** Reads the first answer, if one comes, and watches for the end. */
export async function endingOf(
	client: RawClient,
	mayStayOpen: boolean,
): Promise<Ending> {
	const answer = await client.readResponse("GET", 1_500).catch(ignoreSilence);
	if (!mayStayOpen && client.isOpen) await client.endsWithin(closeMs);
	return { answer, open: client.isOpen };
}

function ignoreSilence(error: unknown): null {
	if (error instanceof WireError && error.problem !== "syntax") return null;
	throw error;
}

function judgeForwarded(row: RefusalRow, one: RawRequest): void {
	assert.notEqual(one.target, "/smuggled", "the rest was read as a request");
	const check = row.mayForward ?? row.orForwards;
	assert.ok(check, `forwarded as ${JSON.stringify(one.startLine)}`);
	check(one);
	if (!row.mayForward) differs("forwards it");
}

function judgeRefusal(row: RefusalRow, { answer, open }: Ending): void {
	const { statuses = [400], mayStayOpen = false } = row;
	if (answer === null) {
		assert.ok(!open, "neither an answer nor a close");
		differs("closes without an answer");
	}
	assert.ok(answer.status >= 400, `answered ${answer.status}`);
	if (!statuses.includes(answer.status)) differs(`answers ${answer.status}`);
	if (open && !mayStayOpen) differs(`answers ${answer.status} and stays open`);
}

/** Fails when what reached the upstream is no proper sequence of requests. */
export function assertWellFormed(stage: Stage): void {
	const broken = stage.connections.find((one) => one.malformed !== null);
	assert.equal(
		broken,
		undefined,
		`reached the upstream: ${broken?.malformed?.message}`,
	);
}

/** The one request that reached the upstream, whole. */
export async function onlyRequest(stage: Stage): Promise<RawRequest> {
	await stage.barrier();
	assertWellFormed(stage);
	const { requests } = stage;
	const lines = requests.map((one) => one.startLine).join(" | ");
	assert.equal(
		requests.length,
		1,
		`the upstream saw ${requests.length} requests: ${lines}`,
	);
	const [one] = requests;
	assert.ok(one?.complete, "the body never ended");
	return one;
}

/** A check that a request has this body. */
export function hasBody(body: string): (one: RawRequest) => void {
	return (one) => {
		assert.ok(one.complete, "the body never ended");
		assert.equal(one.body.toString("latin1"), body);
	};
}
