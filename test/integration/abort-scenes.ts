import { setTimeout as delay } from "node:timers/promises";
import type { RawClient } from "../helpers/raw-client.ts";
import { head } from "../helpers/raw-http.ts";
import type { RawConnection, RawRequest } from "../helpers/raw-upstream.ts";
import { request } from "./wire-stage.ts";

/** Where in its request a client leaves. */
export interface Moment {
	readonly name: string;
	/** What it has sent by then. */
	readonly bytes: (path: string) => string;
	/** Whether the request has reached the upstream by then. */
	readonly isForwarded: boolean;
	/** Whether the answer has reached the client by then. */
	readonly isAnswered: boolean;
}

/** The moments, in the order of a request. */
export const moments: readonly Moment[] = [
	{
		name: "before the head",
		bytes: () => "",
		isForwarded: false,
		isAnswered: false,
	},
	{
		name: "within the head",
		bytes: (path) => `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\nX-Hal`,
		isForwarded: false,
		isAnswered: false,
	},
	{
		name: "within its body",
		bytes: (path) =>
			request(`POST ${path}`, "Content-Length: 1000000") + "x".repeat(20_000),
		isForwarded: true,
		isAnswered: false,
	},
	{
		name: "before the answer",
		bytes: (path) => request(`GET ${path}`),
		isForwarded: true,
		isAnswered: false,
	},
	{
		name: "within the answer",
		bytes: (path) => request(`GET ${path}`),
		isForwarded: true,
		isAnswered: true,
	},
];

/** What an upstream is at when its client's client leaves. */
export interface Manner {
	readonly name: string;
	/** Goes on until the connection is gone. */
	readonly act: (
		one: RawRequest,
		connection: RawConnection,
		answers: boolean,
	) => unknown;
}

const answerHead = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
const interim = head("HTTP/1.1 103 Early Hints", "Link: </style.css>");
const block = `4000\r\n${"x".repeat(0x4000)}\r\n`;

/** The manners: one that says nothing more, one that says as much as it can, one that hangs, one that drips. */
export const manners: readonly Manner[] = [
	{
		name: "idle",
		act: (_one, connection, answers) =>
			answers && connection.send(`${answerHead}5\r\nhello\r\n`),
	},
	{
		name: "streaming",
		async act(_one, connection, answers) {
			if (answers) await connection.send(answerHead);
			while (await connection.send(answers ? block : interim)) {
				await new Promise(setImmediate);
			}
		},
	},
	{
		name: "dead",
		act: async (_one, connection, answers) => {
			if (answers) await connection.send(`${answerHead}5\r\nhello\r\n`);
			connection.pause();
		},
	},
	{
		name: "slow",
		async act(_one, connection, answers) {
			const stop = connection.readSlowly(1_024, 10);
			const [first = "", ...rest] = answers
				? [answerHead, ..."5\r\nhello\r\n".repeat(1_000)]
				: "HTTP/1.1 200 OK\r\nX-Long: ".padEnd(10_000, "x");
			await connection.send(first);
			for (const byte of rest) {
				if (!(await connection.send(byte))) break;
				await delay(10);
			}
			stop();
		},
	},
];

/** How a client leaves: it closes, which a FIN tells, or it is gone, which a reset tells. */
export const ways: readonly ((client: RawClient) => unknown)[] = [
	(client) => client.close(),
	(client) => client.reset(),
];
