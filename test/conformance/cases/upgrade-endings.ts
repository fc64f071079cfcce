import assert from "node:assert/strict";
import type { RawClient } from "../../helpers/raw-client.ts";
import type { RawConnection } from "../../helpers/raw-upstream.ts";
import { table } from "../expect.ts";
import { type Case, differs } from "../stage.ts";
import { handshake, openPair } from "../websocket.ts";
import type { Scene } from "./order.ts";

const endings: Scene[] = [
	ending(
		"ws-upstream-ends",
		"the upstream's end ends the client",
		async ([client, connection]) => {
			connection.halfClose();
			await client.closed(500);
		},
	),
	ending(
		"ws-upstream-resets",
		"the upstream's reset ends the client",
		async ([client, connection]) => {
			connection.reset();
			await client.closed(500);
		},
	),
	ending(
		"ws-client-ends",
		"the client's end ends the upstream",
		async ([client, connection]) => {
			client.halfClose();
			await connection.closed(500);
		},
	),
	ending(
		"ws-client-resets",
		"the client's reset ends the upstream",
		async ([client, connection]) => {
			client.reset();
			await connection.closed(500);
		},
	),
	ending(
		"ws-last-bytes",
		"bytes sent right before an end arrive",
		async ([client, connection]) => {
			await connection.send("\x88\x02\x0f\xa1");
			connection.halfClose();
			await client.waitForText("\x88\x02\x0f\xa1", 1_000);
			await client.closed(500);
		},
	),
	{
		id: "ws-gone-before-answer",
		rule: "a client that leaves before the 101 ends the upstream's connection",
		rfc: "headgate",
		play: async (stage) => {
			stage.answer(() => {});
			const client = await stage.connect();
			await client.send(handshake());
			const connection = stage.carrier(await stage.arrived());
			client.reset();
			await connection.closed(500);
		},
	},
	{
		id: "ws-silent-upstream",
		rule: "silence in answer to a handshake is a 504",
		rfc: "RFC 9110 15.6.5",
		play: async (stage) => {
			stage.answer(() => {});
			const response = await stage
				.exchange(handshake())
				.catch(() => differs("closes without an answer"));
			assert.ok(response.status >= 500, `answered ${response.status}`);
			if (response.status !== 504) differs(`answers ${response.status}`);
		},
	},
];

function ending(
	id: string,
	rule: string,
	play: (pair: [RawClient, RawConnection]) => Promise<void>,
): Scene {
	return {
		id,
		rule,
		rfc: "RFC 6455 7.1",
		play: async (stage) => play(await openPair(stage)),
	};
}

/** How WebSockets end. */
export const upgradeEndingCases: Case[] = table(
	"Ends of WebSockets",
	endings,
	(row, stage) => row.play(stage),
);
