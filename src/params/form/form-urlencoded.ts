import { isUtf8 } from "node:buffer";
import querystring from "fast-querystring";
import { failure, type Problem } from "../../http/errors.ts";
import { type Field, readField } from "../parts/parts.ts";
import { toFieldText, toFieldTexts } from "./field-text.ts";
import {
	addMissingFiles,
	addUndeclared,
	addWrongKind,
	type FormPlan,
} from "./form-plan.ts";

type Values = Record<string, unknown>;

/**
 * The values of an `application/x-www-form-urlencoded` body, in the order
 * received; complaints go to `problems`. A promise only where an asynchronous
 * Standard Schema checks a field.
 *
 * @throws HttpError 413 over a limit, 400 for bytes that are not UTF-8.
 */
export function readUrlencoded(
	plan: FormPlan,
	bytes: Uint8Array,
	problems: Problem[],
): Values | Promise<Values> {
	const raw = parse(plan, bytes);
	const values: Values = Object.create(null);
	const pending: Promise<void>[] = [];
	const came = new Set(Object.keys(raw));
	for (const name of new Set([...came, ...plan.fields.keys()])) {
		const field = plan.fields.get(name);
		if (field === undefined) {
			addStray(plan, name, problems);
			continue;
		}
		const promise = readInto(plan, field, raw[name], values, problems);
		if (promise !== null) pending.push(promise);
	}
	if (plan.mode !== "off") addMissingFiles(plan, came, problems);
	return pending.length === 0
		? values
		: Promise.all(pending).then(() => values);
}

function parse(
	plan: FormPlan,
	bytes: Uint8Array,
): Record<string, string | string[]> {
	const { fields, fieldBytes } = plan.limits;
	if (countPairs(bytes, fields) > fields) throw failure("ERR_BODY_TOO_LARGE");
	if (!isUtf8(bytes)) throw failure("ERR_BAD_BODY");
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const raw = querystring.parse(buffer.toString());
	for (const value of Object.values(raw).flat()) {
		if (Buffer.byteLength(value as string) > fieldBytes) {
			throw failure("ERR_BODY_TOO_LARGE");
		}
	}
	return raw;
}

/** Counted before anything is parsed, and no further than the limit: a megabyte of `&a` costs nothing. */
function countPairs(bytes: Uint8Array, limit: number): number {
	let count = 0;
	let start = 0;
	while (start < bytes.length && count <= limit) {
		const ampersand = bytes.indexOf(0x26, start);
		const end = ampersand < 0 ? bytes.length : ampersand;
		if (end > start) count++;
		start = end + 1;
	}
	return count;
}

function addStray(plan: FormPlan, name: string, problems: Problem[]): void {
	if (plan.mode === "off") return;
	if (plan.files.has(name)) addWrongKind(problems, name, "file");
	else if (plan.strict) addUndeclared(problems, name);
}

function readInto(
	plan: FormPlan,
	field: Field,
	raw: string | string[] | undefined,
	values: Values,
	problems: Problem[],
): Promise<void> | null {
	if (raw !== undefined) values[field.name] = raw;
	if (plan.mode === "off") return null;
	const before = problems.length;
	const value = readField(field, raw, problems);
	if (value instanceof Promise) {
		return value.then((checked) => store(values, field.name, checked));
	}
	// A refused value that is not given back goes on as it came, in the mode that lets it go on.
	const isKept = value === undefined && problems.length > before;
	if (!isKept) store(values, field.name, value);
	return null;
}

function store(values: Values, name: string, checked: unknown): void {
	if (checked === undefined) delete values[name];
	else values[name] = checked;
}

/**
 * Checked values as `application/x-www-form-urlencoded`: the declared fields, in
 * the order they came, then `extra`, which takes the place of fields of its names.
 */
export function toUrlencoded(
	plan: FormPlan,
	values: Readonly<Values>,
	extra: Readonly<Values> | null,
): string {
	const pairs: string[] = [];
	for (const name of Object.keys(values)) {
		const field = plan.fields.get(name);
		if (field === undefined || plan.unsent.has(name)) continue;
		if (extra !== null && Object.hasOwn(extra, name)) continue;
		for (const text of toTexts(field, values[name])) {
			pairs.push(toPair(name, text));
		}
	}
	for (const [name, value] of Object.entries(extra ?? {})) {
		for (const text of toFieldTexts(value)) pairs.push(toPair(name, text));
	}
	return pairs.join("&");
}

/** A list that came separated by commas goes on separated by commas. */
function toTexts(field: Field, value: unknown): string[] {
	const isCsv = field.schema.json?.style === "csv";
	if (!isCsv || !Array.isArray(value)) return toFieldTexts(value);
	return [value.map((item) => toFieldText(item) ?? "").join(",")];
}

function toPair(name: string, text: string): string {
	return `${encode(name)}=${encode(text)}`;
}

/** A lone surrogate, which has no UTF-8, becomes U+FFFD instead of a throw. */
function encode(text: string): string {
	return encodeURIComponent(text.toWellFormed());
}
