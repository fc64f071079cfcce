import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { cache } from "../../../src/policies/cache/cache.ts";
import { chunked, head } from "../../helpers/raw-http.ts";
import type { RawConnection } from "../../helpers/raw-upstream.ts";
import {
	request,
	startWireStage,
	type WireStage,
} from "../../integration/wire-stage.ts";

const text = "0123456789".repeat(4);
const fresh = "Cache-Control: max-age=60";
const answers: readonly [string, string][] = [
	[
		"a Content-Length",
		head("HTTP/1.1 200 OK", fresh, `Content-Length: ${text.length}`) + text,
	],
	[
		"chunks",
		head("HTTP/1.1 200 OK", fresh, "Transfer-Encoding: chunked") +
			chunked(text.slice(0, 15), text.slice(15)),
	],
];

function startCached(t: TestContext): Promise<WireStage> {
	return startWireStage(t, { gateway: { policies: [cache()] } });
}

/** The body that a client of its own gets, null where it is cut, and how the cache came to it. */
async function ask(
	stage: WireStage,
	path: string,
): Promise<{ readonly text: string | null; readonly how: string }> {
	const client = await stage.connect();
	const answered = await client.exchange(request(`GET ${path}`));
	await client.close();
	const how = answered.header("cache-status") ?? String(answered.status);
	return { text: answered.complete ? String(answered.body) : null, how };
}

suite("the service dies anywhere in an answer with", () => {
	for (const [name, whole] of answers) {
		for (const end of ["halfClose", "reset"] as const) {
			test(`${name} (${end}): no part of it is stored or given to another`, async (t) => {
				const stage = await startCached(t);
				const dying =
					(cut: number) => async (_: unknown, to: RawConnection) => {
						await to.send(whole.slice(0, cut));
						to[end]();
					};
				for (let cut = 0; cut < whole.length; cut += 5) {
					stage.upstream.script = dying(cut);
					const [first, second] = await Promise.all([
						ask(stage, `/${cut}`),
						ask(stage, `/${cut}`),
					]);
					for (const { text: got, how } of [first, second]) {
						assert.ok(got === null || how === "502", `${cut}: ${got}`);
					}
					stage.upstream.script = (_asked, to) => to.send(whole);
					assert.equal((await ask(stage, `/${cut}`)).text, text);
					const hit = await ask(stage, `/${cut}`);
					assert.equal(hit.text, text);
					assert.match(hit.how, /hit/, `${cut}`);
				}
			});
		}
	}
});

suite("the first client leaves", () => {
	for (const [name, whole] of answers) {
		const headEnd = whole.indexOf("\r\n\r\n") + 4;
		for (const [when, cut] of [
			["before the head", 0],
			["within the head", 20],
			["behind the head", headEnd],
			["within the body", headEnd + 12],
			["before the last byte", whole.length - 1],
		] as const) {
			test(`${when}, with ${name}: the next one gets all of it, and so do later ones`, async (t) => {
				const stage = await startCached(t);
				const sent = Promise.withResolvers<void>();
				const left = Promise.withResolvers<void>();
				let calls = 0;
				stage.upstream.script = async (_asked, to) => {
					if (++calls > 1) return to.send(whole);
					await to.send(whole.slice(0, cut));
					sent.resolve();
					await left.promise;
					return to.send(whole.slice(cut));
				};
				const first = await stage.connect();
				void first.send(request("GET /"));
				await sent.promise;
				const second = ask(stage, "/");
				first.reset();
				await stage.ended();
				left.resolve();
				assert.equal((await second).text, text);
				const third = await ask(stage, "/");
				assert.equal(third.text, text);
				assert.match(third.how, /hit/);
				assert.ok(calls <= 2, `${calls} calls`);
			});
		}
	}

	test("and so do all the others: nothing is left of the call, and the next one asks", async (t) => {
		const stage = await startCached(t);
		const calls: RawConnection[] = [];
		stage.upstream.script = (_asked, to) => void calls.push(to);
		const clients = await Promise.all([1, 2, 3, 4].map(() => stage.connect()));
		for (const client of clients) void client.send(request("GET /"));
		while (calls.length === 0) await new Promise(setImmediate);
		for (const client of clients) client.reset();
		await stage.ended(4);
		stage.upstream.script = (_asked, to) => to.send(answers[0]?.[1] as string);
		assert.equal((await ask(stage, "/")).text, text);
		assert.match((await ask(stage, "/")).how, /hit/);
	});

	test("one that waits leaves: the rest get their answer of one call", async (t) => {
		const stage = await startCached(t);
		const calls: RawConnection[] = [];
		stage.upstream.script = (_asked, to) => void calls.push(to);
		const first = ask(stage, "/");
		while (calls.length === 0) await new Promise(setImmediate);
		const leaving = await stage.connect();
		void leaving.send(request("GET /"));
		const staying = ask(stage, "/");
		leaving.reset();
		await stage.ended();
		await calls[0]?.send(answers[0]?.[1] as string);
		assert.equal((await first).text, text);
		assert.equal((await staying).text, text);
		assert.equal(calls.length, 1);
	});
});
