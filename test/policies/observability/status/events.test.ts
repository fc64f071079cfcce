import assert from "node:assert/strict";
import { connect } from "node:net";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Gateway,
	reply,
	route,
} from "../../../../src/index.ts";
import {
	type StatusOptions,
	type StatusSnapshot,
	status,
} from "../../../../src/policies/observability/status/status.ts";
import { startGateway } from "../../../../src/testing.ts";

interface Frame {
	readonly event: string;
	readonly data: StatusSnapshot;
}

async function start(
	t: TestContext,
	options: Partial<StatusOptions> = {},
): Promise<{ url: string; gateway: Gateway }> {
	const page = status({ dependencies: {}, ...options });
	const gateway = createGateway({
		docs: false,
		policies: [page],
		routes: [route.get("/", { handler: () => reply(204) })],
	});
	const { url } = await startGateway(t, gateway);
	return { url, gateway };
}

/** The frames of a stream of events, as they come. */
async function* framesOf(res: Response): AsyncGenerator<Frame> {
	let text = "";
	assert.ok(res.body);
	for await (const chunk of res.body.pipeThrough(new TextDecoderStream())) {
		text += chunk;
		const frames = text.split("\n\n");
		text = frames.pop() ?? "";
		for (const frame of frames) {
			const [, event = "", data = ""] =
				/^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
			yield { event, data: JSON.parse(data) as StatusSnapshot };
		}
	}
}

suite("the events of the status page", () => {
	test("begin with everything, and go on with a second each", async (t) => {
		const { url } = await start(t);
		await fetch(url);
		const res = await fetch(`${url}/_gateway/events?window=10m`);
		assert.equal(res.headers.get("content-type"), "text/event-stream");
		const frames = framesOf(res);
		const first = await frames.next();
		assert.equal(first.value.event, "all");
		assert.equal(first.value.data.window, "10m");
		const second = await frames.next();
		assert.equal(second.value.event, "second");
		const { history, total, process: state } = second.value.data;
		assert.equal(history.rows.length, 1);
		assert.equal(history.rows[0].length, history.columns.length);
		assert.equal(total.calls, 1);
		assert.equal(state.pid, process.pid);
		await frames.return(undefined);
	});

	test("are for so many at a time: one more is a 503 that says when to come back", async (t) => {
		const { url } = await start(t, { maxViewers: 1 });
		const first = await fetch(`${url}/_gateway/events`);
		const second = await fetch(`${url}/_gateway/events`);
		assert.equal(second.status, 503);
		assert.equal(second.headers.get("retry-after"), "10");
		await second.body?.cancel();
		await first.body?.cancel();
		for (;;) {
			const again = await fetch(`${url}/_gateway/events`);
			await again.body?.cancel();
			if (again.status === 200) break;
		}
	});

	test("end whole when the gateway closes, and keep nothing open", async (t) => {
		const { url, gateway } = await start(t);
		const res = await fetch(`${url}/_gateway/events`);
		const frames = framesOf(res);
		await frames.next();
		const closed = gateway.close({ timeoutMs: 5_000 });
		// A stream that broke off would throw here.
		while (!(await frames.next()).done);
		await closed;
	});

	test("leave no place taken by a client that breaks off", async (t) => {
		const { url } = await start(t, { maxViewers: 1 });
		const { port } = new URL(url);
		for (let i = 0; i < 5; i++) {
			const socket = connect(Number(port), "127.0.0.1");
			socket.write("GET /_gateway/events HTTP/1.1\r\nhost: a\r\n\r\n");
			await new Promise((resolve) => socket.once("data", resolve));
			socket.resetAndDestroy();
		}
		for (;;) {
			const res = await fetch(`${url}/_gateway/events`);
			await res.body?.cancel();
			if (res.status === 200) break;
		}
	});

	test("a HEAD takes no place", async (t) => {
		const { url } = await start(t, { maxViewers: 1 });
		for (let i = 0; i < 3; i++) {
			const res = await fetch(`${url}/_gateway/events`, { method: "HEAD" });
			assert.notEqual(res.status, 503);
		}
	});
});
