import {
	anyText,
	type Checks,
	checkOptions,
	flag,
	list,
	matching,
	whole,
} from "../../http/options.ts";
import type { InferShape, Schema } from "../schema.ts";

/** What a form file may be. */
export interface FileOptions {
	/** Bytes; more is a 413. Default: the route's `formLimits.fileBytes`, 10 MiB. */
	readonly maxBytes?: number;
	/** The content types that are taken, such as `image/png` or `image/*`; others are a problem (422). Default: all. */
	readonly contentTypes?: readonly string[];
	/** Whether it may be missing. Default false. */
	readonly optional?: boolean;
	/** Whether the name may be repeated: then the value is an array. Default false. */
	readonly multiple?: boolean;
	/** For the docs. */
	readonly description?: string;
}

/** A declared form file: a plain value. Made by {@link file}. */
export interface FileSchema<
	Optional extends boolean = boolean,
	Multiple extends boolean = boolean,
> {
	readonly kind: "file";
	/** Bytes; null where the route's limit holds. */
	readonly maxBytes: number | null;
	/** In lower case; null where all are taken. */
	readonly contentTypes: readonly string[] | null;
	readonly optional: Optional;
	readonly multiple: Multiple;
	readonly description: string | null;
}

/** What was said of a file in a form. Its bytes stream on to the upstream; a route with a handler gets them. */
export interface FilePart {
	/** The field's name. */
	readonly name: string;
	/** Without its path; empty where the client gave none. It is the client's word: never a path to write to. */
	readonly filename: string;
	/** As the client wrote it, parameters included; `text/plain` where it said nothing (RFC 7578 section 4.4). */
	readonly contentType: string;
	/** The content-transfer-encoding in lower case. Default `7bit`. */
	readonly encoding: string;
	/** The file itself where the gateway answers; null where it goes on to an upstream. */
	readonly bytes: Uint8Array | null;
}

/** The declared fields and files of a form. */
export type FormShape = Readonly<Record<string, Schema | FileSchema>>;

/** Limits of a form; each over the limit is a 413. */
export interface FormLimits {
	/** Default 100. */
	readonly fields?: number;
	/** Default 10. */
	readonly files?: number;
	/** Default 110. */
	readonly parts?: number;
	/** Bytes of one field. Default 64 KiB. */
	readonly fieldBytes?: number;
	/** Bytes of one file without a limit of its own. Default 10 MiB. */
	readonly fileBytes?: number;
}

type FileKeys<S> = {
	[K in keyof S]: S[K] extends FileSchema ? K : never;
}[keyof S];

type OptionalFileKeys<S> = {
	[K in keyof S]: S[K] extends FileSchema<true> ? K : never;
}[keyof S];

type FileValue<S> =
	S extends FileSchema<boolean, infer Multiple>
		? Multiple extends true
			? readonly FilePart[]
			: FilePart
		: never;

/** The static type of a form's values: what its fields' schemas give, and a {@link FilePart} for each file. */
export type InferForm<S> = InferShape<Omit<S, FileKeys<S>>> & {
	[K in Exclude<FileKeys<S>, OptionalFileKeys<S>>]: FileValue<S[K]>;
} & { [K in OptionalFileKeys<S>]?: FileValue<S[K]> };

const checks: Checks<FileOptions> = {
	maxBytes: whole(1),
	contentTypes: list(matching("type/subtype", /^[^\s/;]+\/[^\s/;]+$/)),
	optional: flag,
	multiple: flag,
	description: anyText,
};

/**
 * A file in a `form`. Default: one, required, of any content type, 10 MiB at the
 * most. It streams through to the upstream and is never held in memory, unless
 * the route has a `handler`.
 *
 * @throws TypeError that lists what is wrong with the options.
 */
export function file<const O extends FileOptions = FileOptions>(
	options?: O,
): FileSchema<
	O["optional"] extends true ? true : false,
	O["multiple"] extends true ? true : false
>;
export function file(options: FileOptions = {}): FileSchema {
	checkOptions("file", options, checks);
	const types = options.contentTypes?.map((type) => type.toLowerCase());
	return Object.freeze({
		kind: "file",
		maxBytes: options.maxBytes ?? null,
		contentTypes: types === undefined ? null : Object.freeze(types),
		optional: options.optional ?? false,
		multiple: options.multiple ?? false,
		description: options.description ?? null,
	});
}

/** Whether it was made by {@link file}. */
export function isFileSchema(
	schema: Schema | FileSchema,
): schema is FileSchema {
	return "kind" in schema && schema.kind === "file";
}
