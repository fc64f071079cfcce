import { failure, type Problem } from "../http/errors.ts";
import { isJsonType, type MediaType, quote } from "../http/media-type.ts";
import type { Route } from "../model/route-options.ts";
import { type BodyOptions, checkBodyHead, readBody } from "../params/body.ts";
import {
	checkNames,
	checkNumbers,
	decodeUtf8,
	parseJson,
} from "../params/json/json.ts";
import { addProblem } from "../params/parts/problems.ts";
import {
	type CompiledSchema,
	compileSchema,
	isStandardSchema,
	type JsonSchema,
	type Schema,
} from "../params/schema.ts";
import { compileSelect, type Select } from "../params/select.ts";
import {
	defaultMaxBodyBytes,
	noBytes,
	readMediaType,
	setNoPayload,
	setPayload,
	waitForBody,
	writeJson,
} from "./body.ts";
import { judge } from "./parameters.ts";
import type { ReadPayload, RequestContext } from "./request.ts";

/** Compiles step 6 for a declared JSON body: decoded, checked, and written again unless `bodyMode` is `'original'`. */
export function compileBody(route: Route, schema: Schema): ReadPayload {
	const { options } = route;
	const mode = options.validation ?? "reject";
	const isOriginal = options.bodyMode === "original";
	const compiled = compileSchema(schema);
	const select = compileBodySelect(schema);
	const limits = {
		maxBytes: options.maxBodyBytes ?? defaultMaxBodyBytes,
		decode: options.decodeBody ?? true,
	};
	return async (ctx) => {
		const type = ctx.head.hasBody ? readJsonType(ctx) : null;
		const bytes = type === null ? noBytes : await takeBody(ctx, limits);
		const problems: Problem[] = ctx.problems ?? [];
		let keepsDigits = true;
		if (bytes.length === 0) await readNothing(ctx, compiled, problems);
		else {
			const how = { compiled, select, isOriginal, problems };
			keepsDigits = await readJson(ctx, bytes, how);
		}
		judge(ctx, problems, mode);
		if (options.handler !== undefined) return undefined;
		if (bytes.length > 0 && (isOriginal || !keepsDigits)) {
			setPayload(ctx, bytes, null);
		} else if (ctx.body !== undefined && !isOriginal) {
			// The type says what the value means: a merge patch (RFC 7396) is no plain JSON.
			setPayload(
				ctx,
				writeJson(ctx.body),
				type === null ? "application/json" : toText(type),
			);
		} else if (ctx.head.hasBody) setNoPayload(ctx);
		return undefined;
	};
}

async function takeBody(
	ctx: RequestContext,
	limits: BodyOptions,
): Promise<Buffer> {
	checkBodyHead(ctx.req, limits);
	ctx.wantBody();
	return waitForBody(ctx, readBody(ctx.req, limits));
}

function readJsonType(ctx: RequestContext): MediaType {
	const type = readMediaType(ctx);
	if (type === null || !isJsonType(type)) throw failure("ERR_MEDIA_TYPE");
	checkCharset(type);
	return type;
}

/** JSON is UTF-8 (RFC 8259 section 8.1), so that the parameter says nothing. */
function toText({ essence, parameters }: MediaType): string {
	let text = essence;
	for (const [name, value] of parameters) {
		if (name !== "charset") text += `; ${name}=${quote(value)}`;
	}
	return text;
}

function checkCharset(type: MediaType): void {
	const charset = type.parameters.get("charset")?.toLowerCase();
	if (charset !== undefined && charset !== "utf-8" && charset !== "utf8") {
		throw failure("ERR_MEDIA_TYPE");
	}
}

/** A Standard Schema decides itself what it leaves out. */
function compileBodySelect(schema: Schema): Select | null {
	if (isStandardSchema(schema)) return null;
	return compileSelect(schema as JsonSchema, {
		defaults: true,
		convert: false,
	});
}

async function readNothing(
	ctx: RequestContext,
	compiled: CompiledSchema,
	problems: Problem[],
): Promise<void> {
	const loc = ["body"];
	if (!compiled.optional) {
		addProblem(problems, { loc, msg: "Field required", type: "missing" });
	} else if (compiled.standard) {
		ctx.body = await compiled.validate(undefined, loc, problems);
	} else {
		// Each request has a copy of its own: a handler may change it.
		ctx.body = structuredClone(compiled.json?.default);
	}
}

/** Whether the value can be written again without the loss of a digit. */
async function readJson(
	ctx: RequestContext,
	bytes: Buffer,
	how: {
		readonly compiled: CompiledSchema;
		readonly select: Select | null;
		readonly isOriginal: boolean;
		readonly problems: Problem[];
	},
): Promise<boolean> {
	const { problems } = how;
	const text = decodeUtf8(bytes);
	const value = parseJson(text);
	// The service may take the other one of two.
	if (how.isOriginal) checkNames(text, problems);
	else checkNumbers(text, problems);
	const keepsDigits = problems.length === 0;
	const selected = how.select === null ? value : how.select(value);
	ctx.body = await how.compiled.validate(selected, ["body"], problems);
	return keepsDigits;
}
