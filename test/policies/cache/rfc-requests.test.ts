import { suite } from "node:test";
import {
	checkRequirements,
	hit,
	notStored,
	staleHit,
	stored,
	validated,
} from "./rfc-stage.ts";

const fresh = { "cache-control": "max-age=60" };
const tagged = { "cache-control": "max-age=5", etag: '"v"' };
const says = (control: string) => ({ "cache-control": control });

suite("RFC 9111 section 5.2.1, request directives", () => {
	const answer = { ...fresh, etag: '"v"' };
	const odd: readonly [string, RegExp][] = [
		["max-age=10", hit],
		["max-age=9", validated],
		['MAX-AGE="9"', validated],
		["max-age=-1", validated],
		["max-age=99999999999999999999", hit],
		["max-age=x", validated],
		["max-age = 99", validated],
		["max-age=99, max-age=9", validated],
		["min-fresh=50", hit],
		["min-fresh=51", validated],
		["no-cache", validated],
		["no-cache=x", validated],
		["No-Cache , foo", validated],
		["no-store", hit],
		["no-transform", hit],
		["only-if-cached", hit],
		["unknown=1", hit],
		['"no-cache"', hit],
		["max-stale", hit],
	];
	checkRequirements(
		odd.map(([control, gets]) => ({
			says: `5.2.1: ${control}, for an answer of age 10 that is fresh for 50 more`,
			answer,
			steps: [{ gets: stored }, { after: 10, headers: says(control), gets }],
		})),
	);
	checkRequirements([
		{
			says: "5.2.1.5 no-store: MUST NOT store any part of what it brings",
			answer: fresh,
			steps: [{ headers: says("no-store"), gets: notStored }, { gets: stored }],
		},
		{
			says: "5.2.1.7 only-if-cached: SHOULD answer 504 where nothing can be used",
			answer: fresh,
			steps: [{ headers: says("only-if-cached"), gets: /^504 / }],
			asked: 0,
		},
		{
			says: "5.4 Pragma: no-cache counts as Cache-Control: no-cache where there is none",
			answer,
			steps: [
				{ gets: stored },
				{ headers: { pragma: "no-cache" }, gets: validated },
				{ headers: { pragma: "no-cache", ...says("max-age=9") }, gets: hit },
			],
		},
	]);
});

suite("RFC 5861 and RFC 8246", () => {
	checkRequirements([
		{
			says: "5861 section 3: MAY be served stale within stale-while-revalidate, SHOULD be validated meanwhile",
			answer: says("max-age=5, stale-while-revalidate=5"),
			steps: [{ gets: stored }, { after: 9, gets: staleHit }],
		},
		{
			says: "5861 section 3: MUST NOT beyond it",
			answer: says("max-age=5, stale-while-revalidate=5"),
			steps: [{ gets: stored }, { after: 11, gets: stored }],
		},
		{
			says: "5861 section 4: a request may allow it too, and no other status is an error",
			answer: tagged,
			later: [503, {}],
			steps: [
				{ gets: stored },
				{
					after: 9,
					headers: says("stale-if-error=60"),
					gets: /^200 .*fwd-status=503/,
				},
				{ gets: /^503/ },
			],
		},
		{
			says: "8246 section 2: a fresh immutable answer SHOULD NOT be validated for a reload's max-age=0",
			answer: { ...says("max-age=60, immutable"), etag: '"v"' },
			steps: [
				{ gets: stored },
				{ after: 1, headers: says("max-age=0"), gets: hit },
				{ headers: says("no-cache"), gets: validated },
				{ after: 60, headers: says("max-age=0"), gets: validated },
			],
		},
	]);
});
