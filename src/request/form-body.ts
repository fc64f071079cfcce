import { Readable } from "node:stream";
import { failure, type Problem } from "../http/errors.ts";
import type { MediaType } from "../http/media-type.ts";
import type { Forward, Route } from "../model/route-options.ts";
import type { Input } from "../model/types.ts";
import { type BodyOptions, checkBodyHead, readBody } from "../params/body.ts";
import type { FormShape } from "../params/form/form.ts";
import { type CompiledForm, compileForm } from "../params/form/form-reader.ts";
import { isDecodable } from "../params/parts/percent.ts";
import type { Schema } from "../params/schema.ts";
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
import type { PayloadPlan, ReadPayload, RequestContext } from "./request.ts";

/** The fields that dependencies ask of a form. */
function toInputShape(inputs: readonly Input[]): FormShape {
	const shape: Record<string, Schema> = {};
	for (const value of inputs) {
		if (value.source === "form") shape[value.name] ??= value.schema;
	}
	return shape;
}

function fillInputs(
	ctx: RequestContext,
	inputs: readonly Input[],
	values: Readonly<Record<string, unknown>>,
): void {
	inputs.forEach((value, i) => {
		if (value.source === "form" && Object.hasOwn(values, value.name)) {
			ctx.inputs[i] = values[value.name];
		}
	});
}

/** A form that only dependencies read: it is held, bounded, and goes on as it came. */
export function compileInputForm(
	route: Route,
	inputs: readonly Input[],
): ReadPayload {
	const { options } = route;
	const mode = options.validation ?? "reject";
	const limits = toLimits(route);
	const form = compileForm(toInputShape(inputs), {
		limits: options.formLimits,
		mode,
		goesOnAsReceived: true,
	});
	return async (ctx) => {
		const type = formType(ctx);
		const bytes = await takeForm(ctx, limits);
		const problems: Problem[] = ctx.problems ?? [];
		const values =
			type?.essence === "multipart/form-data"
				? await readHeldMultipart(ctx, form, bytes)
				: await readHeldUrlencoded(form, bytes, problems);
		judge(ctx, problems, mode);
		fillInputs(ctx, inputs, values);
		setPayload(ctx, bytes, null);
		return undefined;
	};
}

/** Decoders disagree about what is no percent-encoded UTF-8: what was checked here must be what the service reads. */
async function readHeldUrlencoded(
	form: CompiledForm,
	bytes: Buffer,
	problems: Problem[],
): Promise<Readonly<Record<string, unknown>>> {
	if (!isDecodable(bytes.toString())) throw failure("ERR_BAD_BODY");
	return form.readUrlencoded(bytes, problems);
}

async function readHeldMultipart(
	ctx: RequestContext,
	form: CompiledForm,
	bytes: Buffer,
): Promise<Readonly<Record<string, unknown>>> {
	const source = Readable.from([bytes], { objectMode: false });
	const multipart = form.readMultipart(
		source,
		contentType(ctx),
		(problems) => judge(ctx, problems, "shadow"),
		ctx.problems,
	);
	await multipart.done;
	return multipart.values;
}

/** The form type of a request; null where it has no body at all. */
function formType(ctx: RequestContext): MediaType | null {
	const type = readMediaType(ctx);
	if (!ctx.head.hasBody && type === null) return null;
	if (
		type?.essence !== "multipart/form-data" &&
		type?.essence !== "application/x-www-form-urlencoded"
	) {
		throw failure("ERR_MEDIA_TYPE");
	}
	return type;
}

const urlencoded = "application/x-www-form-urlencoded";

/** A declared form: urlencoded, or multipart that streams. */
export function compileDeclaredForm(
	route: Route,
	shape: FormShape,
	inputs: readonly Input[],
): PayloadPlan {
	const { options } = route;
	const mode = options.validation ?? "reject";
	const asked = toInputShape(inputs);
	const form = compileForm(
		{ ...asked, ...shape },
		{
			limits: options.formLimits,
			maxBytes: options.maxBodyBytes,
			strict: options.strict,
			mode,
			gatherFiles: options.handler !== undefined,
			unsent: new Set(
				Object.keys(asked).filter((name) => !Object.hasOwn(shape, name)),
			),
			first: new Set(Object.keys(asked)),
		},
	);
	const limits = toLimits(route);
	const streamLimits = {
		maxBytes: options.maxBodyBytes ?? Number.POSITIVE_INFINITY,
		decode: false,
	};
	const read = async (ctx: RequestContext): Promise<undefined> => {
		const type = formType(ctx);
		if (type?.essence === "multipart/form-data") {
			checkBodyHead(ctx.req, streamLimits);
			await readMultipart(ctx, form);
		} else {
			const bytes = await takeForm(ctx, limits);
			const problems: Problem[] = ctx.problems ?? [];
			const values = await form.readUrlencoded(bytes, problems);
			judge(ctx, problems, mode);
			ctx.form = values;
		}
		fillInputs(ctx, inputs, ctx.form);
	};
	return { read, form };
}

/** Of a form that is held whole. */
function toLimits({ options }: Route): BodyOptions {
	const maxBytes = options.maxBodyBytes ?? defaultMaxBodyBytes;
	return { maxBytes, decode: options.decodeBody ?? true };
}

async function takeForm(
	ctx: RequestContext,
	limits: BodyOptions,
): Promise<Buffer> {
	if (!ctx.head.hasBody) return noBytes;
	checkBodyHead(ctx.req, limits);
	ctx.wantBody();
	return waitForBody(ctx, readBody(ctx.req, limits));
}

/** Goes on at the first file: its bytes stream to the upstream while the client sends them. */
async function readMultipart(
	ctx: RequestContext,
	form: CompiledForm,
): Promise<void> {
	const multipart = form.readMultipart(
		ctx.req,
		contentType(ctx),
		(problems) => judge(ctx, problems, "shadow"),
		ctx.problems,
	);
	// Not before: without a boundary the body is not wanted.
	ctx.wantBody();
	await waitForBody(ctx, multipart.ready);
	ctx.form = multipart.values;
	ctx.multipart = multipart;
}

function contentType(ctx: RequestContext): string {
	return ctx.req.headers["content-type"] ?? "";
}

/**
 * Compiles what goes out as the body, where it is not the client's bytes: a
 * declared form written anew, or what `forward.body` and `forward.form` give.
 */
export function compileReplacement(
	route: Route,
	form: CompiledForm | null,
): ((ctx: RequestContext) => void) | null {
	const forward = route.options.forward as Forward<unknown> | undefined;
	const { body, form: fields } = forward ?? {};
	if (body !== undefined) {
		return (ctx) => {
			const value = body(ctx);
			if (value === undefined) setNoPayload(ctx);
			else setPayload(ctx, writeJson(value), "application/json");
		};
	}
	if (form === null && fields === undefined) return null;
	return (ctx) => {
		const extra = fields === undefined ? null : fields(ctx);
		if (ctx.multipart !== null) {
			const sent = ctx.multipart.forward(extra);
			setPayload(ctx, sent.body, sent.contentType, sent.contentLength);
		} else {
			const text = (form ?? noForm).toUrlencoded(ctx.form, extra);
			setPayload(ctx, Buffer.from(text), urlencoded);
		}
	};
}

const noForm = compileForm({});
