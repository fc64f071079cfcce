import { suite } from "node:test";
import {
	asked,
	checkRequirements,
	hit,
	notStored,
	stored,
	validated,
} from "./rfc-stage.ts";

// What a shared cache must and should do, section by section, as clients see it. The tables of single functions
// stand in the other files of this folder.
const fresh = { "cache-control": "max-age=60" };
const authorized = { authorization: "Bearer x" };
const old = "Wed, 01 Jan 2020 00:00:00 GMT";

suite("RFC 9111 section 3, storing responses in caches", () => {
	checkRequirements([
		{
			says: "3: MUST NOT store unless the request method is understood",
			answer: fresh,
			steps: ["POST", "PUT", "PROPFIND", "OPTIONS", "SEARCH"].map((method) => ({
				method,
				gets: /^200 none$/,
			})),
			asked: 5,
		},
		{
			says: "3: MUST NOT store with must-understand unless the status code is understood",
			status: 299,
			answer: { "cache-control": "max-age=60, must-understand" },
			steps: [{ gets: notStored }, { gets: notStored }],
		},
		{
			says: "3: MUST NOT store what says no-store",
			answer: { "cache-control": "max-age=60, NO-STORE" },
			steps: [{ gets: notStored }, { gets: /detail=no-store/ }],
		},
		{
			says: "3: MUST NOT store private answers in a shared cache",
			answer: { "cache-control": "Private, max-age=60" },
			steps: [{ gets: /detail=private/ }, { gets: notStored }],
		},
		{
			says: "3: MUST NOT store what has no explicit freshness and is not cacheable by its status",
			status: 201,
			answer: {},
			cache: { ttlSeconds: 60, heuristic: true },
			steps: [{ gets: notStored }, { gets: notStored }],
		},
		...[
			{ "cache-control": "public, max-age=60" },
			{ "cache-control": "max-age=60" },
			{ "cache-control": "s-maxage=60" },
			{ expires: "{date+60}" },
		].map((answer) => ({
			says: `3: MAY store what says ${Object.entries(answer).join()}`,
			answer,
			steps: [{ gets: stored }, { gets: hit }],
		})),
		{
			says: "3.1: MUST include all fields, unrecognised ones too, but those of a connection, a proxy or a nomination",
			answer: {
				...fresh,
				"x-unknown": "u",
				connection: "x-hop",
				"x-hop": "h",
				"proxy-authenticate": "Basic",
				"proxy-authentication-info": "p",
			},
			steps: [
				{ gets: stored },
				{
					gets: hit,
					has: {
						"x-unknown": "u",
						"x-hop": undefined,
						"proxy-authenticate": undefined,
						"proxy-authentication-info": undefined,
					},
				},
			],
		},
		{
			says: "3.2: MUST update stored fields by those of a validation, but not what describes the stored bytes",
			answer: { ...fresh, etag: '"v"', "x-a": "1", "x-b": "1" },
			later: [
				304,
				{
					...fresh,
					etag: '"v"',
					"x-a": "2",
					"content-encoding": "br",
					"content-range": "bytes 0-1/2",
				},
			],
			steps: [
				{ gets: stored },
				{
					after: 61,
					gets: validated,
					has: {
						"x-a": "2",
						"x-b": "1",
						"content-encoding": undefined,
						"content-range": undefined,
						"content-length": "10",
					},
				},
			],
		},
		{
			says: "3.3: MUST NOT use a partial answer for a whole one: 206 is not stored",
			status: 206,
			answer: { ...fresh, "content-range": "bytes 0-9/20" },
			steps: [{ gets: /^206 .*detail=partial/ }, { gets: /^206 .*fwd=/ }],
		},
		{
			says: "3.5: MUST NOT use an answer to a request with Authorization for others",
			answer: fresh,
			steps: [{ headers: authorized, gets: /authorization/ }, { gets: asked }],
		},
		...["public, max-age=60", "must-revalidate, max-age=60", "s-maxage=60"].map(
			(control) => ({
				says: `3.5: unless it says ${control}`,
				answer: { "cache-control": control },
				steps: [{ headers: authorized, gets: stored }, { gets: hit }],
			}),
		),
		...["public=1, max-age=60", "s-maxage=x, max-age=60"].map((control) => ({
			says: `3.5: ${control} is no such leave`,
			answer: { "cache-control": control },
			steps: [{ headers: authorized, gets: notStored }],
		})),
	]);
});

suite("RFC 9111 section 5.2.2, response directives", () => {
	checkRequirements([
		{
			says: "5.2.2.1 max-age: stale once its age is greater",
			answer: fresh,
			steps: [
				{ gets: stored },
				{ after: 59, gets: hit },
				{ after: 2, gets: stored },
			],
		},
		{
			says: "5.2.2.2 must-revalidate: MUST NOT be used stale, be it for max-stale",
			answer: { "cache-control": "max-age=5, must-revalidate", etag: '"v"' },
			steps: [
				{ gets: stored },
				{
					after: 9,
					headers: { "cache-control": "max-stale" },
					gets: validated,
				},
			],
		},
		{
			says: "5.2.2.2 must-revalidate: MUST give an error where the service can not be asked well",
			answer: {
				"cache-control": "max-age=5, must-revalidate, stale-if-error=60",
			},
			later: [503, {}],
			steps: [{ gets: stored }, { after: 9, gets: /^503 / }],
		},
		{
			says: "5.2.2.3 must-understand: SHOULD ignore no-store beside it where the status is understood",
			answer: { "cache-control": "max-age=60, must-understand, no-store" },
			steps: [{ gets: stored }, { gets: hit }],
		},
		{
			says: "5.2.2.4 no-cache: MUST NOT be used without a validation",
			answer: { "cache-control": "max-age=60, no-cache", etag: '"v"' },
			steps: [{ gets: stored }, { gets: validated }, { gets: validated }],
		},
		{
			says: "5.2.2.4 no-cache with fields: MUST exclude the fields, the rest may be used",
			answer: { "cache-control": 'max-age=60, no-cache="X-A"', "x-a": "1" },
			steps: [
				{ gets: stored, has: { "x-a": "1" } },
				{ gets: hit, has: { "x-a": undefined } },
			],
		},
		{
			says: "5.2.2.7 private with fields: MUST NOT store the fields, the rest may be stored",
			answer: { "cache-control": 'max-age=60, private="x-a, X-B"', "x-b": "1" },
			steps: [{ gets: stored }, { gets: hit, has: { "x-b": undefined } }],
		},
		{
			says: "5.2.2.8 proxy-revalidate: as must-revalidate, for a shared cache",
			answer: {
				"cache-control":
					"max-age=5, proxy-revalidate, stale-while-revalidate=60",
				etag: '"v"',
			},
			steps: [{ gets: stored }, { after: 9, gets: validated }],
		},
		{
			says: "5.2.2.9 public: MAY be stored where it otherwise would not",
			status: 299,
			answer: { "cache-control": "public" },
			cache: { ttlSeconds: 60 },
			steps: [{ gets: /^299 .*stored/ }, { gets: /^299 .*hit/ }],
		},
		{
			says: "5.2.2.10 s-maxage: overrides max-age and Expires, and MUST NOT be used stale",
			answer: {
				"cache-control": "s-maxage=5, max-age=60, stale-while-revalidate=60",
				expires: "{date+60}",
				etag: '"v"',
			},
			steps: [{ gets: stored }, { after: 6, gets: validated }],
		},
		{
			says: "5.2.3: unrecognised directives MUST be ignored",
			answer: { "cache-control": 'x, community="UCI, no-store", max-age=60' },
			steps: [{ gets: stored }, { gets: hit }],
		},
		...["0", "-1", "garbage", old, "Thu, 99 Jan 2099 00:00:00 GMT"].map(
			(expires) => ({
				says: `5.3: Expires: ${expires} MUST be taken as in the past`,
				answer: { expires, etag: '"v"' },
				cache: { ttlSeconds: 60 },
				steps: [{ gets: stored }, { gets: validated }],
			}),
		),
		{
			says: "5.3: a recipient MUST ignore Expires where max-age or s-maxage is there",
			answer: { "cache-control": "max-age=60", expires: "0" },
			steps: [{ gets: stored }, { gets: hit }],
		},
	]);
});
