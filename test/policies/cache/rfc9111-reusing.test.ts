import { suite } from "node:test";
import {
	asked,
	checkRequirements,
	hit,
	staleHit,
	stored,
	validated,
} from "./rfc-stage.ts";

const fresh = { "cache-control": "max-age=60" };
const tagged = { "cache-control": "max-age=5", etag: '"v"' };
const modified = "Wed, 01 Jan 2020 00:00:00 GMT";
const says = (control: string) => ({ "cache-control": control });

suite("RFC 9111 section 4, constructing responses from caches", () => {
	checkRequirements([
		{
			says: "4: MUST NOT be used for another URI, query and authority included",
			answer: fresh,
			steps: [
				{ gets: stored },
				{ url: "/?", gets: stored },
				{ url: "/?a", gets: stored },
				{ headers: { host: "other" }, gets: stored },
			],
		},
		{
			says: "4: MUST generate Age for what is used without a validation",
			answer: { ...fresh, age: "7" },
			steps: [
				{ gets: stored, has: { age: "7" } },
				{ after: 3, gets: hit, has: { age: "10" } },
				{
					after: 1,
					headers: { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" },
					gets: /^304 .*hit/,
					has: { age: "11" },
				},
				{ headers: { range: "bytes=0-1" }, gets: /^206 /, has: { age: "11" } },
				{ headers: { range: "bytes=99-" }, gets: /^416 /, has: { age: "11" } },
			],
		},
		{
			says: "4: MUST write unsafe requests through, and not answer before the service has",
			answer: fresh,
			steps: ["GET", "POST", "PUT", "DELETE", "PATCH"].map((method) => ({
				method,
				gets: /^200 /,
			})),
			asked: 5,
		},
		{
			says: "4.1: MUST NOT be used without a validation where a header that Vary names differs",
			answer: { ...fresh, vary: " Accept-Language ,x-a " },
			steps: [
				{ headers: { "accept-language": "en, de" }, gets: stored },
				{ headers: { "accept-language": "en,de" }, gets: hit },
				{ headers: { "accept-language": "de, en" }, gets: stored },
				{ gets: stored },
				{ headers: { "accept-language": "en, de", "x-a": "" }, gets: stored },
			],
		},
		{
			says: "4.1: a Vary with * always fails to match",
			answer: { ...fresh, vary: "accept, *" },
			steps: [{ gets: /detail=vary/ }, { gets: asked }],
		},
		{
			says: "4.2.1: s-maxage, then max-age, then Expires",
			answer: { ...says("max-age=20, s-maxage=10"), expires: "{date+90}" },
			steps: [
				{ gets: stored },
				{ after: 9, gets: hit },
				{ after: 1, gets: asked },
			],
		},
		{
			says: "4.2.1: of directives that contradict one another the stricter",
			answer: says('max-age=60, max-age="5"'),
			steps: [{ gets: stored }, { after: 5, gets: asked }],
		},
		{
			says: "4.2.2: MUST NOT use a heuristic where an explicit time is there",
			answer: { ...says("max-age=5"), "last-modified": modified },
			cache: { heuristic: true },
			steps: [{ gets: stored }, { after: 6, gets: validated }],
		},
		{
			says: "4.2.3: age counts Age, and Date where that says more",
			answer: { ...fresh, age: "50" },
			steps: [
				{ gets: stored },
				{ after: 9, gets: hit },
				{ after: 1, gets: asked },
			],
		},
		{
			says: "4.2.4: MUST NOT be used stale unless that is allowed",
			answer: says("max-age=5"),
			steps: [{ gets: stored }, { after: 5, gets: stored }],
		},
		{
			says: "4.2.4: a client's max-stale allows it, to its limit",
			answer: tagged,
			steps: [
				{ gets: stored },
				{ after: 15, headers: says("max-stale=10"), gets: staleHit },
				{ after: 1, headers: says("max-stale=10"), gets: validated },
			],
		},
		{
			says: "4.3.1: a validation MUST send the entity tag, and SHOULD Last-Modified",
			answer: { ...says("max-age=5"), "last-modified": modified },
			steps: [{ gets: stored }, { after: 6, gets: validated }],
		},
		{
			says: "4.3.2: If-None-Match decides alone where it is there",
			answer: { ...fresh, etag: 'W/"v"', "last-modified": modified },
			steps: [
				{ gets: stored },
				{
					headers: { "if-none-match": '"x", "v"', "if-modified-since": "x" },
					gets: /^304 .*hit/,
				},
				{
					headers: { "if-none-match": '"x"', "if-modified-since": modified },
					gets: hit,
				},
				{ headers: { "if-none-match": "*" }, gets: /^304 / },
				{ headers: { "if-modified-since": modified }, gets: /^304 / },
			],
			asked: 1,
		},
		{
			says: "4.3.2: MUST NOT evaluate If-Match and If-Unmodified-Since",
			answer: { ...fresh, etag: '"v"' },
			steps: [
				{ gets: stored },
				{
					headers: { "if-match": '"v"' },
					gets: /fwd=bypass; detail=condition/,
				},
				{ headers: { "if-unmodified-since": modified }, gets: /fwd=bypass/ },
			],
		},
		{
			says: "4.3.3: a full answer to a validation MUST be used, and takes the place of the stored one",
			answer: tagged,
			later: [200, { ...tagged, etag: '"w"' }],
			steps: [
				{ gets: stored },
				{ after: 6, gets: stored, has: { etag: '"w"' } },
				{ gets: hit, has: { etag: '"w"' } },
			],
		},
		{
			says: "4.3.3: a 5xx to a validation is forwarded, or a stale answer is sent where that is allowed",
			answer: says("max-age=5, stale-if-error=9"),
			later: [500, {}],
			steps: [
				{ gets: stored },
				{ after: 6, gets: /^200 .*fwd-status=500.*stale-if-error/ },
				{ after: 9, gets: /^500 / },
			],
		},
		{
			says: "4.3.4: a 304 that names another version MUST NOT update what is stored",
			answer: tagged,
			later: [304, { ...tagged, etag: '"w"' }],
			steps: [{ gets: stored }, { after: 6, gets: /^502 / }],
		},
		{
			says: "4.4: MUST invalidate the target of an unsafe method that did well",
			answer: fresh,
			steps: [
				{ gets: stored },
				{ method: "LOCK", gets: /200/ },
				{ gets: stored },
			],
		},
		{
			says: "4.4: and not on an error",
			answer: fresh,
			later: [409, {}],
			steps: [{ gets: stored }, { method: "PUT", gets: /^409/ }, { gets: hit }],
		},
		{
			says: "4.4: MUST NOT invalidate URIs of another origin",
			answer: fresh,
			later: [200, { location: "http://other/", "content-location": "//x/" }],
			steps: [
				{ gets: stored },
				{ method: "POST", url: "/new", gets: /200/ },
				{ gets: hit },
			],
		},
		{
			says: "4.4: MAY those of Location and Content-Location of the same origin",
			answer: fresh,
			later: [201, { "content-location": "../" }],
			steps: [
				{ gets: stored },
				{ method: "POST", url: "/new/x", gets: /201/ },
				{ gets: asked },
			],
		},
	]);
});
