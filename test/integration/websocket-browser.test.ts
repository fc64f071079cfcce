import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { WebSocket } from "ws";
import {
	createGateway,
	dependency,
	HttpError,
	input,
	reply,
	route,
	Type,
} from "../../src/index.ts";
import { skipReason, useBrowser } from "../helpers/chromium.ts";
import { type Service, startService } from "./websocket-stage.ts";

const openContext = useBrowser();
const skip = { skip: skipReason };

const session = dependency(
	{ session: input.cookie("session", Type.Optional(Type.String())) },
	({ session }) => {
		if (session !== "good") throw new HttpError(401, "Log in first.");
		return session;
	},
);

/** A page of the gateway's, with a socket for everybody and one for sessions alone. */
async function openPage(
	t: TestContext,
): Promise<{ page: Page; service: Service }> {
	const service = await startService(t, {
		handleProtocols: (offered) => [...offered].at(-1) ?? false,
	});
	const gateway = createGateway({
		docs: false,
		routes: [
			route.get("/page", {
				handler: () =>
					reply(200, "<!doctype html>", { "content-type": "text/html" }),
			}),
			route.get("/socket", { upstream: service.url }),
			route.get("/private", {
				upstream: service.url,
				dependencies: { session },
			}),
		],
	});
	t.after(() => gateway.close({ timeoutMs: 0 }));
	const { url } = await gateway.listen();
	const context = await openContext();
	context.setDefaultTimeout(10_000);
	t.after(() => context.close());
	const page = await context.newPage();
	await page.goto(`${url}/page`);
	return { page, service };
}

/**
 * Runs in the page, as text, since the project's types know no DOM: opens a
 * socket, and tells how it went as it goes.
 */
function script(path: string, body: string): string {
	return `new Promise((resolve) => {
		const log = [];
		const socket = new WebSocket(
			location.origin.replace("http", "ws") + ${JSON.stringify(path)},
			["chat", "superchat"],
		);
		socket.binaryType = "arraybuffer";
		socket.onopen = () => log.push("open " + socket.protocol);
		socket.onerror = () => log.push("error");
		socket.onclose = ({ code, reason, wasClean }) => {
			log.push(["close", code, reason, wasClean].join(" ").trim());
			resolve(log);
		};
		${body}
	})`;
}

async function acceptEcho(service: Service): Promise<WebSocket> {
	const socket = await service.accepted();
	socket.on("message", (data, isBinary) => {
		socket.send(data, { binary: isBinary });
	});
	return socket;
}

suite("a page in a browser", skip, () => {
	test("talks to a service through the gateway, and closes as it likes", async (t) => {
		const { page, service } = await openPage(t);
		const accepted = acceptEcho(service);
		const told = page.evaluate(
			script(
				"/socket?a=b%20c",
				`const bytes = new Uint8Array(2_000_000).map((_, at) => at);
				socket.onmessage = ({ data }) => {
					if (typeof data === "string") {
						log.push(data);
						socket.send(bytes);
						return;
					}
					const isSame = new Uint8Array(data).every((one, at) => one === bytes[at]);
					log.push([data.byteLength, isSame].join(" "));
					socket.close(3001, "bye");
				};
				socket.addEventListener("open", () => socket.send("h\\u00e9llo"));`,
			),
		);
		const socket = await accepted;
		const [code, reason] = await once(socket, "close");
		assert.equal(code, 3001);
		assert.equal(String(reason), "bye");
		assert.deepEqual(await told, [
			"open superchat",
			"h\u00e9llo",
			"2000000 true",
			"close 3001 bye true",
		]);
		const [request] = service.requests;
		assert.equal(request?.url, "/socket?a=b%20c");
		assert.equal(request?.headers.origin, new URL(page.url()).origin);
	});

	test("is told how the service closes, and that it has died", async (t) => {
		for (const [end, told] of [
			[
				(socket: WebSocket) => socket.close(4002, "enough"),
				"close 4002 enough true",
			],
			[(socket: WebSocket) => socket.terminate(), "close 1006  false"],
		] as const) {
			const { page, service } = await openPage(t);
			const accepted = service.accepted();
			const log = page.evaluate(script("/socket", ""));
			end(await accepted);
			assert.equal(((await log) as string[]).at(-1), told);
		}
	});

	test("is refused by a dependency, and let in with what that wants", async (t) => {
		const { page, service } = await openPage(t);
		assert.deepEqual(await page.evaluate(script("/private", "")), [
			"error",
			"close 1006  false",
		]);
		assert.equal(service.requests.length, 0);
		await page
			.context()
			.addCookies([{ name: "session", value: "good", url: page.url() }]);
		const onOpen = `socket.addEventListener("open", () => socket.close(1000));`;
		assert.deepEqual(await page.evaluate(script("/private", onOpen)), [
			"open superchat",
			"close 1000  true",
		]);
	});

	test("that is left closes its sockets at the service", async (t) => {
		const { page, service } = await openPage(t);
		const accepted = service.accepted();
		// The service has accepted before the page knows: a socket that is not open yet is dropped without a word.
		await page.evaluate(`new Promise((resolve) => {
			globalThis.kept = new WebSocket(location.origin.replace("http", "ws") + "/socket");
			kept.onopen = () => resolve();
		})`);
		const socket = await accepted;
		const closed = once(socket, "close");
		await page.goto("about:blank");
		const [code] = await closed;
		assert.equal(code, 1001);
	});
});
