import {
	type Check,
	type Checks,
	either,
	flag,
	func,
	group,
	list,
	mapOf,
	matching,
	must,
	oneOf,
	text,
	usable,
} from "../http/options.ts";
import { compileSchema, type Infer, type Schema } from "../params/schema.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { UpstreamHead } from "./outcome.ts";
import type { Context, Fields } from "./types.ts";

/** How the declared schema of a response is used. */
export type ResponseMode = "document" | "validate" | "select";

/** One schema for every 2xx, or one for each status. */
export type ResponseSchema = Schema | Readonly<Record<number, Schema>>;

/** What becomes of the service's response. The route option `response`; a schema alone is the short form. */
export interface ResponseOptions<
	C = Context,
	R extends ResponseSchema = ResponseSchema,
> {
	/** Used for the docs, and by `mode`. */
	readonly schema?: R;
	/** `'validate'` checks a JSON response against the schema, `'select'` sends only what the schema declares. Default `'document'`. */
	readonly mode?: ResponseMode;
	/** With `'select'`: the top-level keys to keep. Default all. */
	readonly include?: readonly string[];
	/** With `'select'`: the top-level keys to leave out. Default none. */
	readonly exclude?: readonly string[];
	/**
	 * Which of the service's headers reach the client: all, with `'gateway'` only those without which the response
	 * cannot be understood, with a list those and the names in it. Default `'upstream'`: all.
	 */
	readonly keepHeaders?: "upstream" | "gateway" | readonly string[];
	/** Headers to set, each in place of every line of its name; undefined removes the name. */
	readonly headers?: (ctx: C, response: Readonly<UpstreamHead>) => Fields;
	/** Another status of the same kind: one with a body cannot become one without, nor the reverse. */
	readonly status?: (ctx: C, response: Readonly<UpstreamHead>) => number;
	/** The value that is sent as JSON in place of a 2xx JSON response. It is read whole: 10 MiB at most. */
	body?(value: ResponseValue<NoInfer<R>>, ctx: C): MaybePromise<unknown>;
	/** Attributes to rewrite in every `Set-Cookie`. */
	readonly cookies?: CookieAttributes;
	/** `'keep'` leaves `Location`, `Content-Location` and `Refresh` that name the service's origin as they are. Default `'rewrite'`. */
	readonly location?: "rewrite" | "keep";
}

/** Attributes that every `Set-Cookie` gets in place of its own; null or false removes one. */
export interface CookieAttributes {
	readonly domain?: string | null;
	readonly path?: string | null;
	readonly secure?: boolean;
	readonly sameSite?: "strict" | "lax" | "none" | null;
}

/** The type of the value that `response.body` gets: what the schema of a 2xx describes. */
export type ResponseValue<R> = R extends Schema
	? Infer<R>
	: {
			[K in keyof R]: `${K & number}` extends `2${string}`
				? Infer<R[K]>
				: never;
		}[keyof R];

const schema: Check = usable(compileSchema);
const statusMap: Check = mapOf(schema);
const anySchema: Check = (value, name) =>
	(isStatusMap(value) ? statusMap : schema)(value, name);
const isNull: Check = must("null", (value) => value === null);
const attribute: Check = either(
	"ASCII text without ; or null",
	matching("ASCII text without ;", /^[ -:<-~]+$/),
	isNull,
);

const checks: Checks<ResponseOptions> = {
	schema: anySchema,
	mode: oneOf("document", "validate", "select"),
	include: list(text),
	exclude: list(text),
	keepHeaders: either(
		"'upstream', 'gateway' or an array of names",
		oneOf("upstream", "gateway"),
		list(text),
	),
	headers: func,
	status: func,
	body: func,
	cookies: group<CookieAttributes>({
		domain: attribute,
		path: attribute,
		secure: flag,
		sameSite: either(
			"'strict', 'lax', 'none' or null",
			oneOf("strict", "lax", "none"),
			isNull,
		),
	}),
	location: oneOf("rewrite", "keep"),
};

/** The route option `response`: a group of options, a schema, or schemas by status. */
export const responseCheck: Check = (value, name) =>
	(isGroup(value) ? group(checks) : anySchema)(value, name);

/** Whether it is a map from status to schema, rather than one schema. */
export function isStatusMap(
	value: unknown,
): value is Readonly<Record<number, Schema>> {
	if (typeof value !== "object" || value === null) return false;
	const keys = Object.keys(value);
	return keys.length > 0 && keys.every((key) => /^[1-5]\d\d$/.test(key));
}

/** No JSON Schema has a keyword of such a name: one of them is enough, so that a misspelt one beside it is named. */
function isGroup(value: unknown): value is ResponseOptions<never> {
	if (typeof value !== "object" || value === null) return false;
	if ("~standard" in value) return false;
	return Object.keys(value).some((key) => Object.hasOwn(checks, key));
}

const none: ResponseOptions<never> = Object.freeze({});

/** The group that the route option `response` stands for. */
export function toResponseOptions(
	response: ResponseSchema | ResponseOptions<never> | undefined,
): ResponseOptions<never> {
	if (response === undefined) return none;
	return isGroup(response) ? response : { schema: response as ResponseSchema };
}

/** The options that have no effect where a handler responds. */
export function forwardedOptions(
	options: ResponseOptions<never>,
): readonly string[] {
	return Object.keys(options).filter((name) => name !== "schema");
}

/** Whether the gateway reads the body: then it must come whole and without a content coding. */
export function readsBody({
	schema: declared,
	mode = "document",
	body,
}: ResponseOptions<never>): boolean {
	return body !== undefined || (declared !== undefined && mode !== "document");
}
