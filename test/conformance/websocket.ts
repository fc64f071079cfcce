import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ByteReader } from "../helpers/byte-reader.ts";
import type { RawClient, RawResponse } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawConnection, RawRequest } from "../helpers/raw-upstream.ts";
import { request, type Stage } from "./stage.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";

/** A handshake as a browser sends it. */
export function handshake(...headers: string[]): string {
	return request(
		"GET /ws HTTP/1.1",
		"Connection: Upgrade",
		"Upgrade: websocket",
		`Sec-WebSocket-Key: ${key}`,
		"Sec-WebSocket-Version: 13",
		...headers,
	);
}

function acceptance(one: RawRequest, ...headers: string[]): string {
	const digest = createHash("sha1").update(
		`${one.header("sec-websocket-key")}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
	);
	return head(
		"HTTP/1.1 101 Switching Protocols",
		"Connection: Upgrade",
		"Upgrade: websocket",
		`Sec-WebSocket-Accept: ${digest.digest("base64")}`,
		...headers,
	);
}

/** A text frame as a server sends it. */
export function serverFrame(text: string): string {
	return `\x81${String.fromCharCode(text.length)}${text}`;
}

/** A text frame as a client sends it, under a mask of zeros. */
export function clientFrame(text: string): string {
	return `\x81${String.fromCharCode(0x80 + text.length)}\0\0\0\0${text}`;
}

/** Reads one short frame and takes its mask off. */
export async function readFrame(reader: ByteReader): Promise<string> {
	const [, second = 0] = await takeBytes(reader, 2);
	const mask = second & 0x80 ? await takeBytes(reader, 4) : Buffer.alloc(4);
	const payload = await takeBytes(reader, second & 0x7f);
	return payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)).toString();
}

async function takeBytes(reader: ByteReader, count: number): Promise<Buffer> {
	const pieces: Buffer[] = [];
	await reader.take(count, (piece) => pieces.push(piece));
	return Buffer.concat(pieces);
}

/** Accepts the handshake; each frame is answered with the same text. `first` leaves with the 101. */
export function acceptAndEcho(
	stage: Stage,
	first = "",
	...headers: string[]
): void {
	stage.answer(async (one, connection) => {
		const reader = connection.takeOver();
		await connection.send(acceptance(one, ...headers) + first);
		for (;;) await connection.send(serverFrame(await readFrame(reader)));
	});
}

/** Sends a handshake and requires the 101. */
export async function open(
	stage: Stage,
	...headers: string[]
): Promise<[RawClient, RawResponse]> {
	const client = await stage.connect();
	await client.send(handshake(...headers));
	const response = await client.readHead();
	assert.equal(response.status, 101, `answered ${response.status}`);
	return [client, response];
}

/** Opens a WebSocket and gives back both of its ends. */
export async function openPair(
	stage: Stage,
): Promise<[RawClient, RawConnection]> {
	acceptAndEcho(stage);
	const [client] = await open(stage);
	return [client, stage.carrier(await stage.arrived())];
}
