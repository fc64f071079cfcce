import querystring from "fast-querystring";
import { failure, type HttpError, type Problem } from "../http/errors.ts";
import type { RouteOptions } from "../model/route-options.ts";
import type { Input } from "../model/types.ts";
import {
	compileField,
	compileFields,
	type Field,
	findCookie,
	findHeader,
	readField,
} from "../params/parts/parts.ts";
import { isDecodable } from "../params/parts/percent.ts";
import { addProblem } from "../params/parts/problems.ts";
import type { Shape } from "../params/schema.ts";
import { defaultMaxBodyBytes } from "./body.ts";
import type { ReadPayload, RequestContext, StepResult } from "./request.ts";

/** What happens to a request that does not conform. */
export type ValidationMode = NonNullable<RouteOptions["validation"]>;

type Text = string | string[] | undefined;
type Values = Record<string, unknown>;

/** Everything a route and its dependencies take from the head of a request. */
interface ParameterPlan {
	readonly path: readonly Field[];
	readonly query: readonly Field[];
	readonly headers: readonly Field[];
	readonly cookies: readonly Field[];
	/** Dependencies' inputs; null for those that come from the form. */
	readonly inputs: readonly (Field | null)[];
	readonly mode: ValidationMode;
	/** Whether problems wait for those of the body, which nothing in front must not see. */
	readonly waitsForBody: boolean;
	readonly needsQuery: boolean;
	/** Whether the query goes on as it came, so that the service decodes by itself what is read here. */
	readonly sendsRawQuery: boolean;
}

/** Values that are still being checked, by an asynchronous Standard Schema. */
interface Pending {
	readonly target: Values | unknown[];
	readonly key: string | number;
	readonly promise: Promise<unknown>;
}

/**
 * Compiles step 3: path, query, headers, cookies and dependencies' inputs in one
 * pass, with all problems in one 422. Null where nothing is declared.
 */
export function compileParameters(
	options: RouteOptions<never>,
	inputs: readonly Input[],
	waitsForBody: boolean,
): ((ctx: RequestContext) => StepResult) | null {
	const plan = toPlan(options, inputs, waitsForBody);
	const count =
		plan.path.length +
		plan.query.length +
		plan.headers.length +
		plan.cookies.length +
		plan.inputs.filter((field) => field !== null).length;
	if (count === 0) return null;
	return (ctx) => readParameters(ctx, plan);
}

function toPlan(
	options: RouteOptions<never>,
	inputs: readonly Input[],
	waitsForBody: boolean,
): ParameterPlan {
	const query = toShape(options.query === "drop" ? undefined : options.query);
	const fields = inputs.map((value) =>
		value.source === "form"
			? null
			: compileField(value.source, value.name, value.schema),
	);
	return {
		path: compileFields("path", toShape(options.path)),
		query: compileFields("query", query),
		headers: compileFields("header", toShape(options.headers)),
		cookies: compileFields("cookie", toShape(options.cookies)),
		inputs: fields,
		mode: options.validation ?? "reject",
		waitsForBody,
		needsQuery:
			Object.keys(query).length > 0 ||
			fields.some((field) => field?.part === "query"),
		sendsRawQuery: options.query === undefined,
	};
}

function toShape(shape: Shape | undefined): Shape {
	return shape ?? {};
}

function readParameters(ctx: RequestContext, plan: ParameterPlan): StepResult {
	const problems: Problem[] = [];
	const pending: Pending[] = [];
	const path = ctx.path as Record<string, string | undefined>;
	const query = plan.needsQuery ? parseQuery(ctx) : none;
	const read = (fields: readonly Field[], into: Values): Values => {
		for (const field of fields) {
			const text = lookUp(field, ctx, path, query);
			const value = readValue(field, text, problems, plan.mode);
			take(into, field.name, value, pending);
		}
		return into;
	};
	plan.inputs.forEach((field, i) => {
		if (field === null) return;
		const text = lookUp(field, ctx, path, query);
		if (field.part === "query" && plan.sendsRawQuery) {
			checkEncoding(field, text, ctx, problems);
		}
		const value = readValue(field, text, problems, plan.mode);
		take(ctx.inputs, i, value, pending);
	});
	if (plan.path.length > 0) ctx.path = read(plan.path, { ...path });
	if (plan.query.length > 0) ctx.query = read(plan.query, {});
	if (plan.headers.length > 0) ctx.headers = read(plan.headers, {});
	if (plan.cookies.length > 0) ctx.cookies = read(plan.cookies, {});
	if (pending.length > 0) return settle(ctx, pending, problems, plan);
	conclude(ctx, problems, plan);
	return undefined;
}

/** A refused value that is not given back goes on as it came, in the modes that let it go on. */
function readValue(
	field: Field,
	text: Text,
	problems: Problem[],
	mode: ValidationMode,
): unknown {
	const { length } = problems;
	const value = readField(field, text, problems);
	const isRefused = value === undefined && problems.length > length;
	return isRefused && mode !== "reject" ? text : value;
}

function lookUp(
	field: Field,
	ctx: RequestContext,
	path: Readonly<Record<string, string | undefined>>,
	query: Readonly<Record<string, Text>>,
): Text {
	switch (field.part) {
		case "path":
			return path[field.key];
		case "query":
			return query[field.key];
		case "header":
			return findHeader(ctx.req.rawHeaders, field.key);
		case "cookie":
			return findCookie(ctx.req.rawHeaders, field.key);
		case "form":
			return undefined;
	}
}

const none: Readonly<Record<string, Text>> = Object.freeze(Object.create(null));

/** The query of a request by name; names are own properties of an object without a prototype. */
function parseQuery(ctx: RequestContext): Readonly<Record<string, Text>> {
	if (ctx.pathEnd === ctx.url.length) return none;
	return querystring.parse(ctx.url.slice(ctx.pathEnd + 1)) as typeof none;
}

/** Decoders disagree about what is no percent-encoded UTF-8: what was checked here must be what the service reads. */
function checkEncoding(
	{ loc }: Field,
	text: Text,
	ctx: RequestContext,
	problems: Problem[],
): void {
	// What could not be decoded was left as it is.
	if (text === undefined || (!text.includes("%") && !Array.isArray(text)))
		return;
	if (isDecodable(ctx.url.slice(ctx.pathEnd + 1))) return;
	addProblem(problems, {
		loc,
		msg: "Not percent-encoded UTF-8",
		type: "encoding",
	});
}

function take(
	target: Values | unknown[],
	key: string | number,
	value: unknown,
	pending: Pending[],
): void {
	if (value instanceof Promise) {
		// Several may fail, or one before they are waited for: the first one answers.
		value.catch(ignore);
		pending.push({ target, key, promise: value });
	} else if (value !== undefined) (target as Values)[key] = value;
}

function ignore(): void {
	// It is awaited as well.
}

async function settle(
	ctx: RequestContext,
	pending: readonly Pending[],
	problems: Problem[],
	plan: ParameterPlan,
): Promise<undefined> {
	for (const { target, key, promise } of pending) {
		const value = await promise;
		if (value !== undefined) (target as Values)[key] = value;
	}
	conclude(ctx, problems, plan);
}

function conclude(
	ctx: RequestContext,
	problems: Problem[],
	{ waitsForBody, mode }: ParameterPlan,
): void {
	if (waitsForBody && problems.length > 0 && isBodyCheap(ctx)) {
		ctx.problems = problems;
	} else judge(ctx, problems, mode);
}

/** A body is not asked for, nor a long one waited for, only to say more about a request that is rejected anyway. */
function isBodyCheap({
	head,
	awaitsContinue,
	upgrade,
}: RequestContext): boolean {
	const isShort = !head.isChunked && head.contentLength <= defaultMaxBodyBytes;
	return isShort && !awaitsContinue && upgrade === null;
}

/** Reads the body of a request whose parameters may have problems: those are told also where the body cannot be read. */
export function readBehindProblems(read: ReadPayload): ReadPayload {
	return async (ctx) => {
		const { problems } = ctx;
		if (problems === null) return read(ctx);
		try {
			await read(ctx);
		} catch (error) {
			if ((error as Partial<HttpError>).code === "ERR_VALIDATION") throw error;
		}
		throw invalid(problems);
	};
}

/**
 * Refuses a request that has problems, or tells the log about it in shadow.
 *
 * @throws HttpError 422 `ERR_VALIDATION` with every problem.
 */
export function judge(
	ctx: RequestContext,
	problems: readonly Problem[],
	mode: ValidationMode,
): void {
	if (problems.length === 0 || mode === "off") return;
	if (mode === "reject") throw invalid(problems);
	ctx.runtime.logger.warn(
		{ route: ctx.plan.info.id, problems },
		"validation in shadow would have refused a request",
	);
}

/** The 422 that lists those problems. */
export function invalid(problems: readonly Problem[]): HttpError {
	return failure("ERR_VALIDATION", { problems });
}
