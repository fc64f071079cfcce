import assert from "node:assert/strict";
import { head } from "../../helpers/raw-http.ts";
import { onlyRequest, table } from "../expect.ts";
import { type Case, differs, request } from "../stage.ts";
import {
	acceptAndEcho,
	clientFrame,
	handshake,
	open,
	readFrame,
	serverFrame,
} from "../websocket.ts";
import type { Scene } from "./order.ts";

const relayed: Scene[] = [
	{
		id: "ws-handshake",
		rule: "a WebSocket handshake is relayed both ways",
		rfc: "RFC 6455 4",
		play: async (stage) => {
			acceptAndEcho(stage);
			const [, response] = await open(stage);
			assert.match(response.header("connection") ?? "", /upgrade/i);
			assert.match(response.header("upgrade") ?? "", /websocket/i);
			assert.equal(
				response.header("sec-websocket-accept"),
				"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
			);
		},
	},
	{
		id: "ws-echo",
		rule: "frames go both ways",
		rfc: "RFC 6455 5",
		play: async (stage) => {
			acceptAndEcho(stage);
			const [client] = await open(stage);
			for (const text of ["one", "two"]) {
				await client.send(clientFrame(text));
				assert.equal(await readFrame(client.reader), text);
			}
		},
	},
	{
		id: "ws-bytes-after-101",
		rule: "a frame right behind the 101 is not lost",
		rfc: "RFC 6455 4.2.2",
		play: async (stage) => {
			acceptAndEcho(stage, serverFrame("first"));
			const [client] = await open(stage);
			assert.equal(await readFrame(client.reader), "first");
		},
	},
	{
		id: "ws-bytes-after-handshake",
		rule: "a frame right behind the handshake is not lost, or the handshake is refused",
		rfc: "RFC 6455 4.1",
		play: async (stage) => {
			acceptAndEcho(stage);
			const client = await stage.connect();
			await client.send(handshake() + clientFrame("eager"));
			const response = await client.readHead();
			if (response.status !== 101) differs(`answers ${response.status}`);
			assert.equal(await readFrame(client.reader), "eager");
		},
	},
	{
		id: "ws-protocol",
		rule: "sub-protocols pass both ways",
		rfc: "RFC 6455 1.9",
		play: async (stage) => {
			acceptAndEcho(stage, "", "Sec-WebSocket-Protocol: chat");
			const [, response] = await open(
				stage,
				"Sec-WebSocket-Protocol: chat, superchat",
			);
			assert.equal(response.header("sec-websocket-protocol"), "chat");
			assert.match(
				(await stage.arrived()).header("sec-websocket-protocol") ?? "",
				/chat, ?superchat/,
			);
		},
	},
	{
		id: "ws-headers",
		rule: "what Connection names is removed from a handshake, and forwarding headers are set",
		rfc: "RFC 9110 7.6.1",
		play: async (stage) => {
			acceptAndEcho(stage);
			const client = await stage.connect();
			await client.send(
				handshake("X-Secret: 1", "X-Forwarded-For: 6.6.6.6").replace(
					"Connection: Upgrade",
					"Connection: Upgrade, X-Secret",
				),
			);
			assert.equal((await client.readHead()).status, 101);
			const one = await stage.arrived();
			assert.equal(one.header("x-secret"), undefined, "x-secret went through");
			assert.notEqual(
				one.header("x-forwarded-for"),
				"6.6.6.6",
				"what the client said went through",
			);
		},
	},
];

const refusals: Scene[] = [
	{
		id: "ws-refused",
		rule: "a refusal of the upstream is relayed, body and all",
		rfc: "RFC 6455 4.2.2",
		play: async (stage) => {
			stage.answer((_one, connection) =>
				connection.reply(401, "no entry", "WWW-Authenticate: Basic"),
			);
			const response = await stage.exchange(handshake());
			if (response.status >= 500) differs(`answers ${response.status}`);
			assert.equal(response.status, 401);
			assert.equal(response.body.toString(), "no entry");
		},
	},
	{
		id: "ws-plain-answer",
		rule: "an upstream may answer a handshake as a plain request",
		rfc: "RFC 9110 7.8",
		play: async (stage) => {
			stage.answer((_one, connection) => connection.reply(200, "plain"));
			const response = await stage.exchange(handshake());
			if (response.status >= 500) differs(`answers ${response.status}`);
			assert.equal(response.body.toString(), "plain");
		},
	},
	{
		id: "ws-no-tunnel",
		rule: "a handshake that was refused opens no tunnel",
		rfc: "RFC 9110 7.8",
		play: async (stage) => {
			stage.answer((one, connection) => {
				if (one.target === "/ws")
					return connection.reply(426, "", "Sec-WebSocket-Version: 13");
				return connection.reply(200, "next");
			});
			const client = await stage.connect();
			const response = await client.exchange(
				handshake().replace("Version: 13", "Version: 7"),
			);
			assert.notEqual(response.status, 101);
			await client.send(
				request("GET /inner HTTP/1.1", "X-Forwarded-For: 6.6.6.6"),
			);
			await client.readResponse("GET", 400).catch(() => {});
			await stage.barrier();
			const inner = stage.requests.find(({ target }) => target === "/inner");
			assert.notEqual(
				inner?.header("x-forwarded-for"),
				"6.6.6.6",
				"it went through a tunnel",
			);
		},
	},
	{
		id: "ws-unreachable",
		rule: "a handshake for an upstream that refuses connections is a 503",
		rfc: "RFC 9110 15.6.4",
		play: async (stage) => {
			await stage.upstream.stopListening();
			const response = await stage.exchange(handshake()).catch(() => null);
			await stage.upstream.listen();
			if (response === null) differs("closes without an answer");
			assert.ok(response.status >= 500, `answered ${response.status}`);
			if (response.status !== 503) differs(`answers ${response.status}`);
		},
	},
	{
		id: "ws-101-without-upgrade",
		rule: "a 101 without Upgrade is a 502",
		rfc: "RFC 9110 7.8",
		play: async (stage) => {
			stage.answer((_one, connection) =>
				connection.send(head("HTTP/1.1 101 Switching Protocols")),
			);
			const response = await stage
				.exchange(handshake())
				.catch(() => differs("closes without an answer"));
			if (response.status === 101) differs("relays it");
			assert.ok(response.status >= 500, `answered ${response.status}`);
		},
	},
];

/** Requests with an Upgrade that no tunnel follows. */
const ordinary: Scene[] = [
	plain(
		"upgrade-h2c",
		"Upgrade: h2c is an ordinary request",
		request(
			"GET /u HTTP/1.1",
			"Connection: Upgrade, HTTP2-Settings",
			"Upgrade: h2c",
			"HTTP2-Settings: AAMAAABkAAQAAP__",
		),
	),
	plain(
		"upgrade-unknown",
		"an unknown protocol in Upgrade is an ordinary request",
		request("GET /u HTTP/1.1", "Connection: Upgrade", "Upgrade: foo/2"),
	),
	plain(
		"upgrade-http10",
		"Upgrade in HTTP/1.0 is an ordinary request",
		handshake().replace("HTTP/1.1", "HTTP/1.0"),
	),
	plain(
		"upgrade-unnamed",
		"Upgrade that Connection does not name is an ordinary request",
		handshake().replace("Connection: Upgrade", "Connection: keep-alive"),
	),
	plain(
		"upgrade-body",
		"Upgrade: h2c with a body keeps its body",
		`${request("POST /u HTTP/1.1", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 5")}hello`,
		"hello",
	),
];

function plain(id: string, rule: string, bytes: string, body = ""): Scene {
	return {
		id,
		rule,
		rfc: "RFC 9110 7.8",
		play: async (stage) => {
			const response = await stage.exchange(bytes);
			if (response.status >= 400) differs(`answers ${response.status}`);
			assert.equal(response.status, 200);
			const one = await onlyRequest(stage);
			assert.equal(one.body.toString(), body);
			assert.equal(one.header("upgrade"), undefined, "Upgrade went through");
			assert.equal(
				one.header("http2-settings"),
				undefined,
				"HTTP2-Settings went through",
			);
		},
	};
}

/** WebSocket handshakes, and what merely looks like an upgrade. */
export const upgradeCases: Case[] = table(
	"Upgrades",
	[...relayed, ...refusals, ...ordinary],
	(row, stage) => row.play(stage),
);
