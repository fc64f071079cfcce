import assert from "node:assert/strict";
import { test } from "node:test";
import type { CacheOptions } from "../../../src/policies/cache/cache.ts";
import { startCache } from "./stage.ts";

/** What a client does: after so many seconds, with these headers. */
export interface Step {
	/** Default 0. */
	readonly after?: number;
	/** Default GET. */
	readonly method?: string;
	/** Default `/`. */
	readonly url?: string;
	readonly headers?: Readonly<Record<string, string>>;
	/** What `status cache-status` of the answer must match. */
	readonly gets: RegExp;
	/** What a header of the answer must be; undefined for none. */
	readonly has?: Readonly<Record<string, string | undefined>>;
}

/** A requirement: its section and words, what the service answers, what clients get in turn. */
export interface Requirement {
	readonly says: string;
	readonly status?: number;
	/** Of the service's answers. `{date+N}` becomes the HTTP-date N seconds from now. */
	readonly answer: Readonly<Record<string, string>>;
	/** Its later answers: status and headers. Default: 304 to a matching If-None-Match or If-Modified-Since, else as before. */
	readonly later?: readonly [number, Readonly<Record<string, string>>];
	readonly cache?: CacheOptions;
	readonly steps: readonly Step[];
	/** How often the service was asked. */
	readonly asked?: number;
}

export const stored: RegExp = /^200 headgate; fwd=[\w-]+; stored$/;
export const hit: RegExp = /^200 headgate; hit; ttl=\d+$/;
export const staleHit: RegExp = /^200 headgate; hit; ttl=-\d+$/;
export const validated: RegExp =
	/^200 headgate; fwd=\w+; fwd-status=304; stored$/;
export const asked: RegExp = /fwd=/;
export const notStored: RegExp = /^\d+ headgate; fwd=[\w-]+; detail=/;

/** A test for each requirement, over a gateway and a service. */
export function checkRequirements(requirements: readonly Requirement[]): void {
	for (const requirement of requirements) {
		test(requirement.says, async (t) => {
			const { status = 200, answer, later, steps } = requirement;
			let count = 0;
			const stage = await startCache(
				t,
				(req, res) => {
					req.resume();
					count++;
					const dated = (value: string) =>
						value.replace(/\{date([+-]\d+)\}/, (_, seconds) =>
							new Date(stage.clock.ms + Number(seconds) * 1000).toUTCString(),
						);
					const isLater = later !== undefined && count > 1;
					const headers = isLater ? later[1] : answer;
					for (const [name, value] of Object.entries(headers)) {
						res.setHeader(name, dated(value));
					}
					if (isLater) res.writeHead(later[0]);
					else if (isUnchanged(req.headers, answer)) res.writeHead(304);
					else res.writeHead(status);
					res.end(
						res.statusCode === 304 || req.method === "HEAD"
							? undefined
							: "0123456789",
					);
				},
				requirement.cache === undefined ? {} : { cache: requirement.cache },
			);
			for (const [i, step] of steps.entries()) {
				stage.clock.pass(step.after ?? 0);
				const got = await stage.get(step.url ?? "/", step.headers, step.method);
				assert.match(`${got.status} ${got.how}`, step.gets, `step ${i + 1}`);
				for (const [name, value] of Object.entries(step.has ?? {})) {
					assert.equal(got.headers[name], value, `step ${i + 1}: ${name}`);
				}
			}
			if (requirement.asked !== undefined) {
				assert.equal(stage.asked(), requirement.asked);
			}
		});
	}
}

function isUnchanged(
	asked: Readonly<Record<string, unknown>>,
	answer: Readonly<Record<string, string>>,
): boolean {
	if (asked["if-none-match"] !== undefined) {
		return asked["if-none-match"] === answer.etag;
	}
	return (
		asked["if-modified-since"] !== undefined &&
		asked["if-modified-since"] === answer["last-modified"]
	);
}
