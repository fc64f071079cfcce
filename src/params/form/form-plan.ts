import type { Problem } from "../../http/errors.ts";
import { parseMediaType } from "../../http/media-type.ts";
import { compileField, type Field } from "../parts/parts.ts";
import { addProblem, type Location } from "../parts/problems.ts";
import {
	type FileSchema,
	type FormLimits,
	type FormShape,
	isFileSchema,
} from "./form.ts";

/** How a form is read; all of it decided at start-up. */
export interface FormOptions {
	readonly limits?: FormLimits | undefined;
	/** Bytes of the whole body; more is a 413. Default: no limit but those of its parts. */
	readonly maxBytes?: number | undefined;
	/** Whether undeclared fields and files are problems instead of dropped. Default false. */
	readonly strict?: boolean | undefined;
	/** `'shadow'` lets problems pass and reports them, `'off'` checks nothing: values stay text. Default `'reject'`. */
	readonly mode?: "reject" | "shadow" | "off" | undefined;
	/** Whether the bytes of files are gathered for a local handler instead of sent on. Default false. */
	readonly gatherFiles?: boolean | undefined;
	/** Whether the service gets the bytes of the client, rather than a form that is written again. Default false. */
	readonly goesOnAsReceived?: boolean | undefined;
	/** Fields that are read and checked but do not go on. */
	readonly unsent?: ReadonlySet<string> | undefined;
	/** Fields that must have come before the first file goes on: what stands in front of the upstream needs them. */
	readonly first?: ReadonlySet<string> | undefined;
}

/** A form made ready: what its readers need to know. */
export interface FormPlan {
	readonly fields: ReadonlyMap<string, Field>;
	readonly files: ReadonlyMap<string, FileSchema>;
	readonly limits: Required<FormLimits>;
	readonly maxBytes: number;
	readonly strict: boolean;
	readonly mode: "reject" | "shadow" | "off";
	readonly gatherFiles: boolean;
	readonly goesOnAsReceived: boolean;
	readonly unsent: ReadonlySet<string>;
	readonly first: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/**
 * A form made ready at start-up.
 *
 * @throws TypeError when a name can not be a form field's, or a schema can not be compiled.
 */
export function compilePlan(shape: FormShape, options: FormOptions): FormPlan {
	const fields = new Map<string, Field>();
	const files = new Map<string, FileSchema>();
	for (const [name, schema] of Object.entries(shape)) {
		checkName(name);
		if (isFileSchema(schema)) files.set(name, schema);
		else fields.set(name, compileField("form", name, schema));
	}
	return {
		fields,
		files,
		limits: compileLimits(options.limits ?? {}),
		maxBytes: options.maxBytes ?? Number.POSITIVE_INFINITY,
		strict: options.strict ?? false,
		mode: options.mode ?? "reject",
		gatherFiles: options.gatherFiles ?? false,
		goesOnAsReceived: options.goesOnAsReceived ?? false,
		unsent: options.unsent ?? none,
		first: options.first ?? none,
	};
}

/** Parsers disagree about backslashes and control characters in a part's name: no declared name has them. */
function checkName(name: string): void {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
	if (name !== "" && !/[\\\u0000-\u001f\u007f]/.test(name)) return;
	throw new TypeError(
		`a form field's name must not be empty or have backslashes or control characters, got ${JSON.stringify(name)}`,
	);
}

function compileLimits(limits: FormLimits): Required<FormLimits> {
	return {
		fields: limits.fields ?? 100,
		files: limits.files ?? 10,
		parts: limits.parts ?? 110,
		fieldBytes: limits.fieldBytes ?? 64 * 1024,
		fileBytes: limits.fileBytes ?? 10 * 1024 * 1024,
	};
}

/** Whether a file's rule takes that content type. */
export function takesType(rule: FileSchema, contentType: string): boolean {
	if (rule.contentTypes === null) return true;
	const essence = parseMediaType(contentType)?.essence ?? "";
	const family = `${essence.slice(0, essence.indexOf("/"))}/*`;
	return rule.contentTypes.some(
		(type) => type === essence || type === family || type === "*/*",
	);
}

/** A name that only the client chose is cut in an answer, so that 50 problems stay small. */
const maxNameLength = 100;

/** Where a field is, as problems tell it. */
export function toFieldLocation(name: string): Location {
	return ["body", name.slice(0, maxNameLength)];
}

/** Adds the problem of a name that the form does not declare. */
export function addUndeclared(problems: Problem[], name: string): void {
	addProblem(problems, {
		loc: toFieldLocation(name),
		msg: "Not a field of this form",
		type: "undeclared",
	});
}

/** Adds the problem of text where a file is declared, or a file where text is. */
export function addWrongKind(
	problems: Problem[],
	name: string,
	expected: "file" | "field",
): void {
	addProblem(problems, {
		loc: toFieldLocation(name),
		msg: expected === "file" ? "Must be a file" : "Must not be a file",
		type: "type",
	});
}

/** Adds a problem for each required file that is not among the names that came. */
export function addMissingFiles(
	plan: FormPlan,
	came: ReadonlySet<string>,
	problems: Problem[],
): void {
	for (const [name, rule] of plan.files) {
		if (rule.optional || came.has(name)) continue;
		addProblem(problems, {
			loc: toFieldLocation(name),
			msg: "Field required",
			type: "missing",
		});
	}
}
