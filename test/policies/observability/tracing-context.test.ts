import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	isTraceState,
	parseTraceParent,
	readTrace,
	toTraceParent,
} from "../../../src/policies/observability/tracing/tracing-context.ts";
import { clientParent, clientSpan, clientTrace } from "./tracing-stage.ts";

const parent = { traceId: clientTrace, spanId: clientSpan, flags: 1 };

suite("a traceparent", () => {
	const valid: Record<string, [string, number]> = {
		"of version 00": [clientParent, 1],
		"that is not sampled": [clientParent.replace(/01$/, "00"), 0],
		"with a random id": [clientParent.replace(/01$/, "03"), 3],
		"with flags that nobody knows": [clientParent.replace(/01$/, "ff"), 3],
		"of a version to come": [clientParent.replace(/^00/, "cc"), 1],
		"of a version to come, with more behind it": [
			`${clientParent.replace(/^00/, "01")}-what-will-be`,
			1,
		],
		"of a version to come, with a dash behind it": [
			`${clientParent.replace(/^00/, "fe")}-`,
			1,
		],
	};
	for (const [name, [text, flags]] of Object.entries(valid)) {
		test(`${name} is read`, () => {
			assert.deepEqual(parseTraceParent(text), { ...parent, flags });
		});
	}

	const invalid: Record<string, string> = {
		"of version ff": clientParent.replace(/^00/, "ff"),
		"of version 00 with more behind it": `${clientParent}-what`,
		"of version 00 with a dash behind it": `${clientParent}-`,
		"of a version to come with more behind it that no dash parts": `${clientParent.replace(/^00/, "01")}.what`,
		"with a trace id of zeros": `00-${"0".repeat(32)}-${clientSpan}-01`,
		"with a span id of zeros": `00-${clientTrace}-${"0".repeat(16)}-01`,
		"in upper case": clientParent.toUpperCase(),
		"with one letter in upper case": clientParent.replace("af", "aF"),
		"with a short trace id": clientParent.replace("0af", "af"),
		"with a long trace id": clientParent.replace("0af", "00af"),
		"with a short span id": clientParent.replace("b7ad", "7ad"),
		"with a long span id": clientParent.replace("b7ad", "bb7ad"),
		"with short flags": clientParent.slice(0, -1),
		"with long flags": `${clientParent}0`,
		"without flags": clientParent.slice(0, -3),
		"with a letter that is no digit": clientParent.replace("af", "ag"),
		"with other dashes": clientParent.replaceAll("-", "_"),
		"with a short version": clientParent.slice(1),
		"with space in front": ` ${clientParent}`,
		"with space behind": `${clientParent} `,
		"twice in one line": `${clientParent}, ${clientParent}`,
		"that is empty": "",
		"that is long": "0".repeat(10_000),
	};
	for (const [name, text] of Object.entries(invalid)) {
		test(`${name} is not`, () => {
			assert.equal(parseTraceParent(text), null);
		});
	}

	test("is written as it was read", () => {
		assert.equal(toTraceParent(clientTrace, clientSpan, 1), clientParent);
		assert.match(toTraceParent(clientTrace, clientSpan, 0), /-00$/);
		assert.match(toTraceParent(clientTrace, clientSpan, 0xff), /-03$/);
	});
});

suite("a tracestate", () => {
	const members = (count: number): string =>
		Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");
	const cases: Record<string, [string, boolean]> = {
		"of one member": ["congo=t61rcWkgMzE", true],
		"of two, with blanks around": ["rojo=00f0 ,\t congo=t61", true],
		"with a key of a tenant": ["fw529a3039@dt=FfGg", true],
		"with a key that begins with a digit": ["1a=b", true],
		"with an empty member": ["a=b,,c=d,", true],
		"with blanks within a value": ["a=b c", true],
		"of 32 members": [members(32), true],
		"of 33": [members(33), false],
		"with a key of 256": [`${"k".repeat(256)}=v`, true],
		"with a key of 257": [`${"k".repeat(257)}=v`, false],
		"with a value of 256": [`k=${"v".repeat(256)}`, true],
		"with a value of 257": [`k=${"v".repeat(257)}`, false],
		"with a key twice": ["a=b,c=d,a=e", false],
		"with a key in upper case": ["A=b", false],
		"with no key": ["=b", false],
		"with no value": ["a=", false],
		"with no equals sign": ["a", false],
		"with two": ["a=b=c", false],
		"with bytes beyond ASCII": ["a=\u00e9", false],
		"with nothing in it": [" , ", false],
		"that is empty": ["", false],
	};
	for (const [name, [text, isGood]] of Object.entries(cases)) {
		test(`${name} is ${isGood ? "" : "not "}valid`, () => {
			assert.equal(isTraceState(text), isGood);
		});
	}
});

suite("the head of a request", () => {
	test("has both, in whatever case and among others", () => {
		const raw = ["Host", "a", "TraceParent", clientParent];
		assert.deepEqual(readTrace([...raw, "TRACESTATE", "a=b"]), {
			isPresent: true,
			parent,
			state: "a=b",
		});
	});

	test("may have several tracestate lines, which are one list", () => {
		const raw = ["tracestate", "a=b", "traceparent", clientParent];
		const { state } = readTrace([...raw, "tracestate", "c=d"]);
		assert.equal(state, "a=b,c=d");
	});

	test("with several traceparent lines has none, be they the same", () => {
		const line = ["traceparent", clientParent];
		const found = readTrace([...line, ...line, "tracestate", "a=b"]);
		assert.deepEqual(found, { isPresent: true, parent: null, state: null });
	});

	test("with a bad tracestate keeps its traceparent", () => {
		const raw = ["traceparent", clientParent, "tracestate", "A=b"];
		const found = readTrace(raw);
		assert.deepEqual(found, { isPresent: true, parent, state: null });
	});

	test("with a tracestate alone has no trace", () => {
		const found = readTrace(["tracestate", "a=b"]);
		assert.deepEqual(found, { isPresent: true, parent: null, state: null });
	});

	test("without either has none", () => {
		assert.equal(readTrace(["host", "a"]).isPresent, false);
	});
});
