import assert from "node:assert/strict";
import { test } from "node:test";
import {
	type CacheDirectives,
	noDirectives,
	parseCacheControl,
} from "../../../src/policies/cache/http/cache-control.ts";

/** What the section says, the Cache-Control lines, and what differs from no directives at all. */
export type DirectiveCase = readonly [
	name: string,
	lines: readonly string[],
	says: Partial<CacheDirectives>,
];

/** A test for each case. */
export function checkDirectives(cases: readonly DirectiveCase[]): void {
	for (const [name, lines, says] of cases) {
		test(name, () => {
			const headers = lines.flatMap((line) => ["Cache-Control", line]);
			assert.deepEqual(parseCacheControl(headers), {
				...noDirectives,
				...says,
			});
		});
	}
}
