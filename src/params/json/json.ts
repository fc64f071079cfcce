import { failure, type Problem } from "../../http/errors.ts";
import {
	addProblem,
	cutNames,
	type Location,
	maxProblems,
} from "../parts/problems.ts";
import { losesDigits } from "./digits.ts";
import { scanJson } from "./json-scan.ts";

/** Arrays and objects within one another, at the most. Deeper bodies are refused: what reads them next may recurse. */
export const maxJsonDepth = 100;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The value of a JSON body (RFC 8259): UTF-8 only, bounded in depth.
 *
 * @throws HttpError 400 `ERR_BAD_BODY` when the bytes are not UTF-8, not JSON, or nested too deeply.
 */
export function parseJson(text: string): unknown {
	if (isTooDeep(text)) {
		throw failure("ERR_BAD_BODY", {
			cause: new RangeError(`JSON nested deeper than ${maxJsonDepth} levels`),
		});
	}
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw failure("ERR_BAD_BODY", { cause });
	}
}

/** The text of a body that must be UTF-8, without a byte order mark (RFC 8259 section 8.1 lets readers ignore it). */
export function decodeUtf8(bytes: Uint8Array): string {
	try {
		return utf8.decode(bytes);
	} catch (cause) {
		throw failure("ERR_BAD_BODY", { cause });
	}
}

function isTooDeep(text: string): boolean {
	// A text of n characters nests at most n / 2 levels, so that small bodies need no scan.
	if (text.length <= maxJsonDepth) return false;
	let depth = 0;
	let isString = false;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (isString) {
			if (code === 92) i++;
			else if (code === 34) isString = false;
		} else if (code === 34) isString = true;
		else if (code === 91 || code === 123) {
			if (++depth > maxJsonDepth) return true;
		} else if (code === 93 || code === 125) depth--;
	}
	return false;
}

/**
 * Matches every text in which an integer can lose what it says, and some others:
 * sixteen digits before any point, a point with an exponent, or an exponent of
 * three. Common fractions are none of these, so that their bodies are read once.
 */
export const mayLoseDigits: RegExp =
	/(?<![\d.])\d{16}|\d\.\d+[eE]\+?\d|[eE]\+?\d{3}/;

/**
 * Finds numbers that do not survive being read and written again: integers
 * beyond ±(2^53 - 1), and what overflows to infinity.
 */
export function checkNumbers(text: string, problems: Problem[]): void {
	if (!mayLoseDigits.test(text)) return;
	scanJson(text, {
		onNumber(source, locate) {
			const value = Number(source);
			if (!losesDigits(source, value)) return true;
			const msg = Number.isFinite(value)
				? "Integer beyond 2^53 - 1 would lose digits"
				: "Number out of range";
			addProblem(problems, { loc: toLocation(locate()), msg, type: "range" });
			return problems.length < maxProblems;
		},
	});
}

/** Finds names that an object has twice: which of them counts is for each reader to say (RFC 8259 section 4). */
export function checkNames(text: string, problems: Problem[]): void {
	scanJson(text, {
		onRepeatedName(locate) {
			addProblem(problems, {
				loc: toLocation(locate()),
				msg: "Given more than once",
				type: "repeated",
			});
			return problems.length < maxProblems;
		},
	});
}

function toLocation(steps: Location): Location {
	return ["body", ...cutNames(steps)];
}
