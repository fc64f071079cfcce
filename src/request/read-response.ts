import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { isBodiless } from "../http/bodiless.ts";
import { failure, type HttpError, type Problem } from "../http/errors.ts";
import { removeNames } from "../http/header-list.ts";
import { decodeZstdSync } from "../http/zstd-frames.ts";
import type { RewriteHeaders, TransformBody } from "../model/outcome.ts";
import {
	isStatusMap,
	type ResponseOptions,
	readsBody,
	toResponseOptions,
} from "../model/response-options.ts";
import type { Route } from "../model/route-options.ts";
import { decodeUtf8 } from "../params/json/json.ts";
import { restoreDigits } from "../params/json/restore-digits.ts";
import {
	type CompiledSchema,
	compileSchema,
	isStandardSchema,
	type JsonSchema,
	type Schema,
} from "../params/schema.ts";
import { compileSelect, type Select } from "../params/select.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import type { RequestContext } from "./request.ts";

/** The largest response body that is read. */
export const maxReadBytes: number = 10 * 1_048_576;

/** What is done with the body of one response. */
export interface Read {
	/** Makes headers fit the body that is sent; null where the received bytes are sent. */
	readonly rewrite: RewriteHeaders | null;
	/** The bytes to send. Rejects with what becomes the response instead. */
	convert(bytes: Buffer): Promise<Buffer>;
}

/** How a route reads the bodies of responses. */
export interface BodyReading {
	/** Whether the route asks for it; a policy may ask for it by `transform`. */
	readonly isNeeded: boolean;
	/**
	 * What is to be done with the body behind that head, of a response to that method; null where it passes. The
	 * headers are made to fit.
	 *
	 * @throws HttpError for a response that must be read and cannot be.
	 */
	plan(
		ctx: RequestContext,
		head: AnswerHead,
		method: string,
		transforms: readonly TransformBody[] | null,
	): Read | null;
}

/** How the responses of one status are checked. */
interface Check {
	readonly schema: CompiledSchema;
	readonly select: Select | null;
	/** Leaves out what `include` and `exclude` say, when the whole has been checked. */
	readonly keep: Select | null;
}

type Options = ResponseOptions<RequestContext>;

/** Compiles `response.mode` and `response.body`, and what policies ask for beside them. */
export function compileRead(route: Route): BodyReading {
	const options = toResponseOptions(route.options.response) as Options;
	const { body } = options;
	const isSelect = options.mode === "select";
	const checkOf = compileChecks(options);
	return {
		isNeeded: readsBody(options),
		plan(ctx, head, method, transforms) {
			const { status } = head;
			const isChanged = body !== undefined || transforms !== null;
			if (status === 304 && (isSelect || isChanged)) {
				// It speaks of the body that a GET is sent.
				head.headers = fitTag(head.headers, isSelect);
			}
			if (hasNoBody(head)) return null;
			const check = checkOf(status);
			const isMade =
				isChanged && isSuccess(status) && (check !== null || isJson(head));
			if (check === null && !isMade) return null;
			const isSelected = check !== null && isSelect;
			const rewrite = isSelected ? fitSelected : isMade ? fitChanged : null;
			if (method === "HEAD") {
				// What a GET would be sent has another length.
				if (rewrite !== null) head.headers = rewrite(head.headers);
				return null;
			}
			checkType(head);
			const changes: TransformBody[] = [];
			if (isMade) {
				if (body !== undefined) {
					changes.push((value) => body(value as never, ctx));
				}
				if (transforms !== null) changes.push(...transforms);
			}
			const encoding = fieldValue(head.headers, "content-encoding");
			if (rewrite !== null) head.headers = rewrite(head.headers);
			return {
				rewrite,
				convert: (bytes) => convert(bytes, encoding, check, isSelect, changes),
			};
		},
	};
}

function isSuccess(status: number): boolean {
	return status >= 200 && status < 300;
}

/** Whether there is nothing to read (RFC 9110 section 15), and nothing said that there would be. */
function hasNoBody({ status, headers }: AnswerHead): boolean {
	if (isBodiless(status) || status === 205) return true;
	const isEmpty = fieldValue(headers, "content-length") === "0";
	return isEmpty && fieldValue(headers, "content-type") === undefined;
}

/** Whether it says that it is JSON, or that it is parts of something that may be. */
function isJson({ status, headers }: AnswerHead): boolean {
	const type = fieldValue(headers, "content-type") ?? "";
	return jsonType.test(type) || (status === 206 && byteRanges.test(type));
}

const jsonType = /^\s*[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const byteRanges = /^\s*multipart\/byteranges/i;

/**
 * What is declared as JSON and is not, or is a part of it, can neither be checked nor changed: it must not pass as if
 * it had been. A response without a type is taken at its bytes.
 */
function checkType({ status, headers }: AnswerHead): void {
	const type = fieldValue(headers, "content-type");
	const isRead = type === undefined || jsonType.test(type);
	if (isRead && status !== 206) return;
	throw invalid(new TypeError("the response is not whole JSON"));
}

function compileChecks({
	schema,
	mode = "document",
	include,
	exclude,
}: Options): (status: number) => Check | null {
	if (schema === undefined || mode === "document") return () => null;
	const keep = compileKeep(include, exclude);
	const toCheck = (one: Schema): Check => ({
		schema: compileSchema(one),
		select:
			mode !== "select" || isStandardSchema(one)
				? null
				: compileSelect(one as JsonSchema, { defaults: true, convert: true }),
		keep,
	});
	if (!isStatusMap(schema)) {
		const check = toCheck(schema as Schema);
		return (status) => (isSuccess(status) ? check : null);
	}
	const checks = new Map(
		Object.entries(schema).map(([status, one]) => [
			Number(status),
			toCheck(one),
		]),
	);
	return (status) => checks.get(status) ?? null;
}

function compileKeep(
	include: readonly string[] | undefined,
	exclude: readonly string[] | undefined,
): Select | null {
	if (include === undefined && exclude === undefined) return null;
	const isKept = (key: string): boolean =>
		(include === undefined || include.includes(key)) &&
		exclude?.includes(key) !== true;
	return (value) => {
		if (typeof value !== "object" || value === null) return value;
		if (Array.isArray(value)) return value;
		return Object.fromEntries(
			Object.entries(value).filter(([key]) => isKept(key)),
		);
	};
}

function fieldValue(list: readonly string[], name: string): string | undefined {
	for (let i = 0; i < list.length; i += 2) {
		if ((list[i] as string).toLowerCase() === name) return list[i + 1];
	}
	return undefined;
}

/** What is said of bytes that are not sent. */
const ofBytes: ReadonlySet<string> = new Set([
	"content-length",
	"content-encoding",
	"content-md5",
	"content-digest",
	"digest",
	"repr-digest",
	"trailer",
	"accept-ranges",
]);
const tag: ReadonlySet<string> = new Set(["etag"]);

function fitSelected(headers: readonly string[]): string[] {
	return fitTag(removeNames(headers, ofBytes), true);
}

function fitChanged(headers: readonly string[]): string[] {
	return fitTag(removeNames(headers, ofBytes), false);
}

/** The tag names the service's bytes: of a value made from them it can say no more than that they are equivalent. */
function fitTag(headers: readonly string[], isDropped: boolean): string[] {
	if (isDropped) return removeNames(headers, tag);
	return headers.map((part, i) => {
		const isTag =
			i % 2 === 1 && tag.has((headers[i - 1] as string).toLowerCase());
		return isTag && !part.startsWith("W/") ? `W/${part}` : part;
	});
}

async function convert(
	bytes: Buffer,
	encoding: string | undefined,
	check: Check | null,
	isSelect: boolean,
	changes: readonly TransformBody[],
): Promise<Buffer> {
	const { text, value } = await readValue(bytes, encoding, check);
	let result = value;
	for (const change of changes) result = await change(result);
	if (changes.length === 0 && !isSelect) return bytes;
	const json: string | undefined = JSON.stringify(restoreDigits(text, result));
	if (json === undefined) {
		throw new TypeError(`a response body cannot be ${typeof result}`);
	}
	return Buffer.from(json);
}

/** The JSON value of a body, checked and selected where that is asked. */
async function readValue(
	bytes: Buffer,
	encoding: string | undefined,
	check: Check | null,
): Promise<{ text: string; value: unknown }> {
	try {
		const text = decodeUtf8(decode(bytes, encoding));
		const value: unknown = JSON.parse(text);
		if (check === null) return { text, value };
		const { schema, select, keep } = check;
		const problems: Problem[] = [];
		const selected = select === null ? value : select(value);
		const result = await schema.validate(selected, ["response"], problems);
		if (problems.length === 0) {
			return { text, value: keep === null ? result : keep(result) };
		}
		throw new Error(
			`the response does not match its schema: ${JSON.stringify(problems)}`,
		);
	} catch (cause) {
		throw invalid(cause);
	}
}

function invalid(cause?: unknown): HttpError {
	return failure("ERR_UPSTREAM_INVALID", { cause });
}

function decode(bytes: Buffer, encoding: string | undefined): Buffer {
	const limit = { maxOutputLength: maxReadBytes };
	switch (encoding?.trim().toLowerCase()) {
		case undefined:
		case "identity":
			return bytes;
		case "gzip":
		case "x-gzip":
			return gunzipSync(bytes, limit);
		case "deflate":
			return inflateSync(bytes, limit);
		case "br":
			return brotliDecompressSync(bytes, limit);
		case "zstd":
			return decodeZstdSync(bytes, maxReadBytes);
		default:
			throw new TypeError(`the content coding ${encoding} is not known`);
	}
}
