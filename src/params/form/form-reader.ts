import type { Readable } from "node:stream";
import type { Problem } from "../../http/errors.ts";
import type { FormLimits, FormShape } from "./form.ts";
import {
	type MultipartForm,
	type ReportProblems,
	readMultipart,
} from "./form-multipart.ts";
import { compilePlan, type FormOptions } from "./form-plan.ts";
import { readUrlencoded, toUrlencoded } from "./form-urlencoded.ts";

type Values = Readonly<Record<string, unknown>>;

/** A form made ready at start-up: it reads both ways in which browsers send one. */
export interface CompiledForm {
	readonly shape: FormShape;
	readonly hasFiles: boolean;
	readonly limits: Required<FormLimits>;
	/**
	 * The values of an `application/x-www-form-urlencoded` body, without a prototype,
	 * in the order received; complaints go to `problems`. A promise only where an
	 * asynchronous Standard Schema checks a field.
	 *
	 * @throws HttpError 413 over a limit, 400 for bytes that are not UTF-8.
	 */
	readUrlencoded(
		bytes: Uint8Array,
		problems: Problem[],
	): Values | Promise<Values>;
	/**
	 * Checked values as `application/x-www-form-urlencoded`: declared fields in their
	 * order, then `extra`, which takes the place of fields of its names.
	 */
	toUrlencoded(values: Values, extra?: Values | null): string;
	/**
	 * Reads a multipart form as it streams in. `problems` are those that the request has already.
	 *
	 * @throws HttpError 415 when it is no `multipart/form-data`, 400 without a valid boundary.
	 */
	readMultipart(
		req: Readable,
		contentType: string,
		report?: ReportProblems | null,
		problems?: readonly Problem[] | null,
	): MultipartForm;
}

/**
 * A form made ready at start-up.
 *
 * @throws TypeError when a name can not be a form field's, or a schema can not be compiled.
 */
export function compileForm(
	shape: FormShape,
	options: FormOptions = {},
): CompiledForm {
	const plan = compilePlan(shape, options);
	return {
		shape,
		hasFiles: plan.files.size > 0,
		limits: plan.limits,
		readUrlencoded: (bytes, problems) => readUrlencoded(plan, bytes, problems),
		toUrlencoded: (values, extra = null) => toUrlencoded(plan, values, extra),
		readMultipart: (req, contentType, report = null, problems = null) =>
			readMultipart(plan, req, contentType, report, problems),
	};
}
