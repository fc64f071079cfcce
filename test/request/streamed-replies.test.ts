import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { suite, type TestContext, test } from "node:test";
import {
	createGateway,
	type Policy,
	type ReplyBody,
	reply,
	route,
} from "../../src/index.ts";
import { startGateway } from "../../src/testing.ts";
import { createGate } from "../helpers/gate.ts";
import { KeptLog } from "../helpers/kept-log.ts";
import { connectRaw } from "../helpers/raw-client.ts";

/** A gateway on a socket, whose one route answers with that body. */
async function serve(
	t: TestContext,
	body: () => ReplyBody,
	policies: readonly Policy[] = [],
): Promise<number> {
	const gateway = createGateway({
		docs: false,
		policies,
		logger: new KeptLog(),
		routes: [route.get("/", { handler: () => reply(200, body()) })],
	});
	const { port } = await startGateway(t, gateway);
	return port;
}

const get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

suite("a streamed answer", () => {
	test("begins before its body is whole", async (t) => {
		const gate = createGate();
		async function* slow(): AsyncGenerator<string> {
			yield "first ";
			await gate.opened;
			yield "last";
		}
		await using client = await connectRaw({ port: await serve(t, slow) });
		void client.send(get);
		const head = await client.readHead();
		gate.open();
		const answer = await client.readRest(head);
		assert.equal(answer.body.toString(), "first last");
		assert.ok(answer.complete);
	});

	const broken: Record<string, () => ReplyBody> = {
		"fails within": async function* () {
			yield "first";
			throw new Error("on purpose");
		},
		"is destroyed within": () => {
			const stream = new PassThrough();
			stream.write("first");
			setImmediate(() => stream.destroy());
			return stream;
		},
		"was destroyed before": () => {
			const stream = Readable.from(["first"]);
			stream.destroy();
			return stream;
		},
		"had failed before": () => {
			const stream = new PassThrough();
			stream.on("error", () => undefined);
			stream.destroy(new Error("on purpose"));
			return stream;
		},
		"gives what is no bytes": async function* () {
			yield "first";
			yield { a: 1 } as unknown as string;
		},
	};
	const cases = Object.entries(broken).flatMap(([what, body]) =>
		["1.0", "1.1"].map((version) => ({ what, body, version })),
	);
	for (const { what, body, version } of cases) {
		test(`that ${what} never looks whole to HTTP/${version}, and is told of once`, async (t) => {
			const told = createGate<unknown>();
			let times = 0;
			const port = await serve(t, body, [
				{
					name: "telling",
					forRoute: () => ({
						onFinish: (_ctx, { complete, code }) => {
							times++;
							told.open({ complete, code });
						},
					}),
				},
			]);
			await using client = await connectRaw({ port });
			void client.send(get.replace("1.1", version));
			const head = await client.readHead().catch(() => null);
			if (head !== null) {
				const answer = await client.readRest(head);
				const isCut = answer.status >= 500 || !answer.complete;
				assert.ok(isCut, `${answer.status} ${answer.body}`);
			}
			const { complete, code } = (await told.opened) as {
				complete: boolean;
				code: string;
			};
			assert.equal(code, "ERR_INTERNAL");
			assert.equal(complete, head !== null && head.status >= 500);
			assert.equal(times, 1);
		});
	}

	test("is closed when the client leaves", async (t) => {
		const closed = createGate();
		async function* endless(): AsyncGenerator<Uint8Array> {
			try {
				for (;;) yield Buffer.alloc(65_536);
			} finally {
				closed.open();
			}
		}
		const client = await connectRaw({ port: await serve(t, endless) });
		void client.send(get);
		await client.readHead();
		client.reset();
		await closed.opened;
	});

	test("waits for a client that does not read", async (t) => {
		let made = 0;
		async function* endless(): AsyncGenerator<Uint8Array> {
			for (;;) {
				made += 65_536;
				yield Buffer.alloc(65_536);
			}
		}
		const client = await connectRaw({ port: await serve(t, endless) });
		t.after(() => client.close());
		client.socket.pause();
		void client.send(get);
		let before = -1;
		while (made !== before || made === 0) {
			before = made;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		// What the kernel's buffers and node's own take in, and no more.
		assert.ok(made < 64 * 1_048_576, `${made} bytes made`);
	});

	test("is closed unread for HEAD", async (t) => {
		const stream = Readable.from(["a"]);
		const port = await serve(t, () => stream);
		await using client = await connectRaw({ port });
		await client.exchange("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", "HEAD");
		assert.ok(stream.destroyed);
	});
});
