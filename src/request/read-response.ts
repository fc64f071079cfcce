import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { failure, type Problem } from "../http/errors.ts";
import { removeNames } from "../http/header-list.ts";
import { Reply } from "../http/reply.ts";
import { decodeZstdSync } from "../http/zstd-frames.ts";
import { isStatusMap } from "../model/route-checks.ts";
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
import { sendReply } from "./reply.ts";
import type { RequestContext } from "./request.ts";

/** The largest answer that `responseMode` `validate` or `select` reads. */
const maxReadBytes = 10 * 1_048_576;

/** How the answers of one status are read. */
interface Reading {
	readonly schema: CompiledSchema;
	readonly select: Select | null;
	/** Leaves out what `responseInclude` and `responseExclude` say, when the whole has been checked. */
	readonly keep: Select | null;
}

/** Takes over an answer whose status has a schema: true where it did. */
type Read = (ctx: RequestContext, head: AnswerHead) => boolean;

/** Compiles the reading of an answer whose shape is declared. */
export function compileRead(route: Route): Read {
	const byStatus = compileReadings(route);
	const isSelect = route.options.responseMode === "select";
	return (ctx, head) => {
		const reading = byStatus(head.status);
		if (reading === null || hasNoBody(head)) return false;
		if (ctx.method === "HEAD") {
			// What a GET would be sent has another length.
			if (isSelect) head.headers = removeNames(head.headers, rewritten);
			return false;
		}
		if (!isJson(head.headers)) {
			refuseType(ctx);
			return true;
		}
		ctx.forward?.gather(maxReadBytes, (bytes) => {
			finishRead(ctx, head, bytes, reading, isSelect).catch((error) => {
				const invalid = toInvalid(error);
				ctx.bodyObserver?.onAbort(invalid);
				ctx.runtime.fail(ctx, invalid);
			});
		});
		return true;
	};
}

/** Whether there is nothing to read (RFC 9110 section 15), and nothing said that there would be. */
function hasNoBody({ status, headers }: AnswerHead): boolean {
	if (status === 204 || status === 205 || status === 304) return true;
	const isEmpty = fieldValue(headers, "content-length") === "0";
	return isEmpty && fieldValue(headers, "content-type") === undefined;
}

/** What is declared as JSON and is none can neither be checked nor selected from: it must not pass as if it had been. */
function refuseType(ctx: RequestContext): void {
	const cause = new TypeError("the answer is not JSON, as it is declared");
	ctx.forward?.abort(cause);
	ctx.runtime.fail(ctx, failure("ERR_UPSTREAM_INVALID", { cause }));
}

function compileReadings(route: Route): (status: number) => Reading | null {
	const { response } = route.options;
	if (isStatusMap(response)) {
		const readings = new Map(
			Object.entries(response).map(([status, schema]) => [
				Number(status),
				compileReading(route, schema),
			]),
		);
		return (status) => readings.get(status) ?? null;
	}
	const reading = compileReading(route, response as Schema);
	return (status) => (status >= 200 && status < 300 ? reading : null);
}

function compileReading(route: Route, schema: Schema): Reading {
	const { responseMode, responseInclude, responseExclude } = route.options;
	const compiled = compileSchema(schema);
	const keep = compileKeep(responseInclude, responseExclude);
	if (responseMode !== "select" || isStandardSchema(schema)) {
		return { schema: compiled, select: null, keep };
	}
	const select = compileSelect(schema as JsonSchema, {
		defaults: true,
		convert: true,
	});
	return { schema: compiled, select, keep };
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

/** Whether an answer says that it is JSON; one that says nothing is taken at its bytes. */
function isJson(headers: readonly string[]): boolean {
	const type = fieldValue(headers, "content-type");
	if (type === undefined) return true;
	return /^\s*[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type);
}

function fieldValue(list: readonly string[], name: string): string | undefined {
	for (let i = 0; i < list.length; i += 2) {
		if ((list[i] as string).toLowerCase() === name) return list[i + 1];
	}
	return undefined;
}

const rewritten: ReadonlySet<string> = new Set([
	"content-length",
	"content-encoding",
	"content-md5",
	"content-digest",
	"digest",
	"etag",
	"trailer",
	"accept-ranges",
]);

async function finishRead(
	ctx: RequestContext,
	head: AnswerHead,
	bytes: Buffer,
	reading: Reading,
	isSelect: boolean,
): Promise<void> {
	const encoding = fieldValue(head.headers, "content-encoding");
	const text = decodeUtf8(decode(bytes, encoding));
	const value: unknown = JSON.parse(text);
	const problems: Problem[] = [];
	const selected = reading.select === null ? value : reading.select(value);
	const result = await reading.schema.validate(
		selected,
		["response"],
		problems,
	);
	if (problems.length > 0) throw invalidAnswer(problems);
	if (!isSelect) {
		sendRead(ctx, head.status, head.headers, bytes);
		return;
	}
	const headers = removeNames(head.headers, rewritten);
	const kept = reading.keep === null ? result : reading.keep(result);
	const selection = JSON.stringify(restoreDigits(text, kept));
	sendRead(ctx, head.status, headers, Buffer.from(selection));
}

/** Who looks at the body sees what the client gets, in one piece. */
function sendRead(
	ctx: RequestContext,
	status: number,
	headers: string[],
	bytes: Buffer,
): void {
	sendReply(ctx, new Reply(status, headers, bytes), false);
	ctx.bodyObserver?.onChunk(bytes);
	ctx.bodyObserver?.onEnd();
}

function invalidAnswer(problems: readonly Problem[]): Error {
	return failure("ERR_UPSTREAM_INVALID", {
		cause: new Error(
			`the answer does not match its schema: ${JSON.stringify(problems)}`,
		),
	});
}

function toInvalid(cause: unknown): ReturnType<typeof failure> {
	const code = (cause as { code?: unknown } | null)?.code;
	return failure("ERR_UPSTREAM_INVALID", {
		cause: code === "ERR_UPSTREAM_INVALID" ? (cause as Error).cause : cause,
	});
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
			throw failure("ERR_UPSTREAM_INVALID");
	}
}
