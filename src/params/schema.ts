import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { Problem } from "../http/errors.ts";
import { checkSchema } from "./check-schema.ts";
import { explain } from "./parts/explain.ts";
import { addProblem, cutNames, type Location } from "./parts/problems.ts";

/** The Standard Schema interface (standardschema.dev, version 1) as zod, valibot and arktype offer it. */
export interface StandardSchema<Input = unknown, Output = Input> {
	readonly "~standard": {
		readonly version: 1;
		readonly vendor: string;
		readonly validate: (
			value: unknown,
		) => StandardResult<Output> | Promise<StandardResult<Output>>;
		readonly types?:
			| { readonly input: Input; readonly output: Output }
			| undefined;
		/** Standard JSON Schema, where the library offers it. */
		readonly jsonSchema?: {
			readonly input: (options: {
				readonly target: string;
			}) => Record<string, unknown>;
		};
	};
}

/** What a Standard Schema's `validate` gives. */
export type StandardResult<Output> =
	| { readonly value: Output; readonly issues?: undefined }
	| { readonly issues: readonly StandardIssue[] };

/** One complaint of a Standard Schema. */
export interface StandardIssue {
	readonly message: string;
	readonly path?:
		| readonly (PropertyKey | { readonly key: PropertyKey })[]
		| undefined;
}

/**
 * A JSON Schema (draft 2020-12), written by hand or by TypeBox's `Type`. The
 * keywords are listed so that a value that is no schema at all does not compile.
 */
export interface JsonSchema {
	readonly type?: unknown;
	readonly properties?: unknown;
	readonly required?: unknown;
	readonly items?: unknown;
	readonly prefixItems?: unknown;
	readonly additionalProperties?: unknown;
	readonly enum?: unknown;
	readonly const?: unknown;
	readonly anyOf?: unknown;
	readonly oneOf?: unknown;
	readonly allOf?: unknown;
	readonly not?: unknown;
	readonly $id?: unknown;
	readonly $ref?: unknown;
	readonly $defs?: unknown;
	readonly format?: unknown;
	readonly pattern?: unknown;
	readonly patternProperties?: unknown;
	readonly minLength?: unknown;
	readonly maxLength?: unknown;
	readonly minimum?: unknown;
	readonly maximum?: unknown;
	readonly exclusiveMinimum?: unknown;
	readonly exclusiveMaximum?: unknown;
	readonly multipleOf?: unknown;
	readonly minItems?: unknown;
	readonly maxItems?: unknown;
	readonly uniqueItems?: unknown;
	/** `"csv"` takes an array of a query, header or form from one text with commas. */
	readonly style?: unknown;
	readonly default?: unknown;
	readonly title?: string;
	readonly description?: string;
	readonly "~kind"?: unknown;
	readonly "~unsafe"?: unknown;
}

/** JSON Schema or any Standard Schema. */
export type Schema = JsonSchema | StandardSchema<unknown, unknown>;

/** Named schemas: the names of a query, the fields of a form. */
export type Shape = Readonly<Record<string, Schema>>;

/** The static type of what passes a schema. */
export type Infer<S> =
	S extends StandardSchema<infer _Input, infer Output>
		? Output
		: S extends TSchema
			? Static<S>
			: unknown;

/** The type of one named value: an optional schema adds undefined. */
export type InferInput<S> = S extends { "~optional": true }
	? Infer<S> | undefined
	: Infer<S>;

type OptionalKeys<S> = {
	[K in keyof S]: S[K] extends { "~optional": true }
		? K
		: S[K] extends StandardSchema<unknown, infer Output>
			? undefined extends Output
				? K
				: never
			: never;
}[keyof S];

/** The static type of a shape: optional schemas become optional properties. */
export type InferShape<S> = {
	[K in Exclude<keyof S, OptionalKeys<S>>]: Infer<S[K]>;
} & { [K in OptionalKeys<S>]?: Exclude<Infer<S[K]>, undefined> };

/** A schema made ready at start-up. */
export interface CompiledSchema {
	/** The schema as JSON Schema, for coercion and for the docs; null where a Standard Schema does not tell. */
	readonly json: Readonly<Record<string, unknown>> | null;
	/** Whether a Standard Schema made it: then `validate` decides about defaults and stripping too. */
	readonly standard: boolean;
	/** Whether a value may be absent. */
	readonly optional: boolean;
	/** Whether the value conforms. */
	readonly check: (value: unknown) => boolean;
	/**
	 * The value that goes on, with every complaint pushed on `problems` under
	 * `loc`. A promise only where a Standard Schema is asynchronous.
	 */
	readonly validate: (
		value: unknown,
		loc: Location,
		problems: Problem[],
	) => unknown;
}

/** Whether it is a Standard Schema rather than JSON Schema. */
export function isStandardSchema(schema: Schema): schema is StandardSchema {
	return "~standard" in schema;
}

/** The start checks a schema before it is used, and one schema may serve many routes. */
const ready = new WeakMap<object, CompiledSchema>();

/**
 * A schema made ready: compiled to a checking function, once for each schema.
 *
 * @throws TypeError when it is no schema, or one that cannot be compiled or checks nothing by mistake.
 */
export function compileSchema(schema: Schema): CompiledSchema {
	const isObject = typeof schema === "object" && schema !== null;
	// Some libraries make their schemas callable.
	const isStandard =
		(isObject || typeof schema === "function") && isStandardSchema(schema);
	if (isObject || isStandard) {
		let compiled = ready.get(schema);
		if (compiled === undefined) {
			compiled = isStandard
				? compileStandard(schema)
				: compileJson(schema as JsonSchema);
			ready.set(schema, compiled);
		}
		return compiled;
	}
	throw new TypeError(
		`a schema must be an object, got ${schema === null ? "null" : typeof schema}`,
	);
}

function compileJson(schema: JsonSchema): CompiledSchema {
	const json = schema as Readonly<Record<string, unknown>>;
	checkSchema(json);
	const validator = Compile(schema as TSchema);
	const check = (value: unknown): boolean => validator.Check(value);
	return {
		json,
		standard: false,
		optional: "~optional" in schema || "default" in schema,
		check,
		validate(value, loc, problems) {
			if (!check(value)) explain(validator, json, value, loc, problems);
			return value;
		},
	};
}

function compileStandard(schema: StandardSchema): CompiledSchema {
	const standard = schema["~standard"];
	return {
		json: readJsonSchema(schema),
		standard: true,
		optional: acceptsAbsence(schema),
		check(value) {
			const result = standard.validate(value);
			return !(result instanceof Promise) && result.issues === undefined;
		},
		validate(value, loc, problems) {
			const result = standard.validate(value);
			return result instanceof Promise
				? result.then((settled) => takeResult(settled, value, loc, problems))
				: takeResult(result, value, loc, problems);
		},
	};
}

/** A library may name what it did not expect, as the client wrote it. */
const maxMessageLength = 300;

function takeResult(
	result: StandardResult<unknown>,
	value: unknown,
	loc: Location,
	problems: Problem[],
): unknown {
	if (result.issues === undefined) return result.value;
	for (const issue of result.issues) {
		const path = (issue.path ?? []).map((step) =>
			toStep(typeof step === "object" ? step.key : step),
		);
		addProblem(problems, {
			loc: [...loc, ...cutNames(path)],
			msg: issue.message.slice(0, maxMessageLength),
			type: "schema",
		});
	}
	return value;
}

function toStep(key: PropertyKey): string | number {
	return typeof key === "number" ? key : String(key);
}

function acceptsAbsence(schema: StandardSchema): boolean {
	let result: StandardResult<unknown> | Promise<StandardResult<unknown>>;
	try {
		result = schema["~standard"].validate(undefined);
	} catch {
		// One that fails at nothing does not expect it.
		return false;
	}
	if (result instanceof Promise) {
		// Which way an asynchronous schema decides is known only when it is asked, at request time.
		result.catch(() => undefined);
		return true;
	}
	return result.issues === undefined;
}

function readJsonSchema(
	schema: StandardSchema,
): Readonly<Record<string, unknown>> | null {
	try {
		const json = schema["~standard"].jsonSchema?.input({
			target: "draft-2020-12",
		});
		return json ?? null;
	} catch {
		// A library may offer the method and refuse for this schema (transforms, for one): then the type stays unknown.
		return null;
	}
}
