import assert from "node:assert/strict";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { suite, test } from "node:test";
import { Feed } from "../../../../src/policies/observability/status/feed.ts";

/** A feed that counts the frames that were made. */
function createFeed(maxViewers = 3): { feed: Feed; made: string[] } {
	const made: string[] = [];
	const feed = new Feed(maxViewers, (window, isWhole) => {
		made.push(`${window} ${isWhole ? "all" : "second"}`);
		return JSON.stringify({ number: made.length });
	});
	return { feed, made };
}

function open(feed: Feed): Readable {
	const viewer = feed.open("1m");
	assert.ok(viewer);
	return viewer;
}

const read = (viewer: Readable): string => String(viewer.read() ?? "");

suite("the feed of the status page", () => {
	test("makes a frame once for all who watch the same window", () => {
		const { feed, made } = createFeed();
		const viewers = [open(feed), open(feed)];
		for (const viewer of viewers) {
			assert.match(read(viewer), /^event: all\ndata: .*\n\n$/);
		}
		made.length = 0;
		feed.tick();
		assert.deepEqual(made, ["1m second"]);
		for (const viewer of viewers) {
			assert.equal(read(viewer), 'event: second\ndata: {"number":1}\n\n');
		}
	});

	test("makes none when nobody watches", () => {
		const { feed, made } = createFeed();
		feed.tick();
		assert.deepEqual(made, []);
	});

	test("takes no more viewers than it may, and another when one has left", async () => {
		const { feed } = createFeed(2);
		const first = open(feed);
		open(feed);
		assert.equal(feed.open("1m"), null);
		first.destroy();
		await once(first, "close");
		open(feed);
	});

	test("skips a viewer that is behind, and then sends it everything", () => {
		const { feed } = createFeed();
		const [slow, quick] = [open(feed), open(feed)];
		for (let i = 0; i < 5; i++) {
			read(quick);
			feed.tick();
		}
		// One frame alone was held for it.
		assert.equal(read(slow).split("event:").length, 2);
		feed.tick();
		assert.match(read(slow), /^event: all\n/);
		assert.match(read(quick), /event: second\n/);
	});

	test("drops a viewer that takes nothing for half a minute", async () => {
		const { feed } = createFeed();
		const slow = open(feed);
		const closed = once(slow, "close");
		for (let i = 0; i < 32; i++) feed.tick();
		await closed;
		assert.equal(feed.size, 0);
	});

	test("lets all go when it closes", async () => {
		const { feed } = createFeed();
		const closed = [open(feed), open(feed)].map((one) => once(one, "close"));
		feed.close();
		await Promise.all(closed);
		assert.equal(feed.size, 0);
	});
});
