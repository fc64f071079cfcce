import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { Settings } from "typebox/system";
import type { Problem } from "../../http/errors.ts";
import {
	addProblem,
	cutNames,
	type Location,
	maxProblems,
} from "./problems.ts";

type Json = Readonly<Record<string, unknown>>;

/** A compiled JSON Schema. */
export interface Validator {
	Check(value: unknown): boolean;
	Errors(value: unknown): unknown[];
}

interface JsonSchemaError {
	readonly keyword: string;
	readonly instancePath: string;
	readonly message: string;
	readonly params: { readonly requiredProperties?: readonly string[] };
}

/**
 * Larger values are looked at piece by piece: the validator goes through all of
 * one, a microsecond a value, however many of its errors are wanted.
 */
const maxValues = 2_000;

/** Adds a problem for each thing that is wrong with a value that does not conform. */
export function explain(
	validator: Validator,
	schema: Json,
	value: unknown,
	loc: Location,
	problems: Problem[],
): void {
	if (countValues(value, maxValues) <= maxValues) {
		const errors = listErrors(validator, value);
		for (const error of errors) addError(error, loc, errors.length, problems);
	} else explainPieces(schema, value, loc, problems);
}

/** The validator stops at 8 errors unless its one setting, shared by all who use it, says otherwise. */
function listErrors(
	validator: Validator,
	value: unknown,
): readonly JsonSchemaError[] {
	const { maxErrors } = Settings.Get();
	Settings.Set({ maxErrors: maxProblems });
	try {
		return validator.Errors(value) as JsonSchemaError[];
	} finally {
		Settings.Set({ maxErrors });
	}
}

function addError(
	error: JsonSchemaError,
	loc: Location,
	count: number,
	problems: Problem[],
): void {
	const at = [...loc, ...cutNames(parsePointer(error.instancePath))];
	const { keyword, message } = error;
	if (keyword === "required" && error.params.requiredProperties) {
		for (const name of error.params.requiredProperties) {
			addMissing([...at, name], problems);
		}
	} else if (keyword === "additionalProperties" && count > 1) {
		// Each of them has been named by an error of its own.
	} else if (keyword === "boolean") {
		addProblem(problems, { loc: at, msg: "Not allowed", type: "undeclared" });
	} else if (keyword === "propertyNames") {
		// The sentence would repeat names of the client's choice.
		const msg = "Has a name that is not allowed";
		addProblem(problems, { loc: at, msg, type: keyword });
	} else addProblem(problems, { loc: at, msg: message, type: keyword });
}

function addMissing(loc: Location, problems: Problem[]): void {
	addProblem(problems, { loc, msg: "Field required", type: "missing" });
}

/** The steps of a JSON Pointer (RFC 6901); digits become numbers, as array positions are. */
function parsePointer(pointer: string): (string | number)[] {
	if (pointer === "") return [];
	return pointer
		.slice(1)
		.split("/")
		.map((step) =>
			/^(?:0|[1-9]\d{0,8})$/.test(step)
				? Number(step)
				: step.replaceAll("~1", "/").replaceAll("~0", "~"),
		);
}

/** How many values there are in a value; no further than the limit. */
function countValues(value: unknown, limit: number): number {
	if (typeof value !== "object" || value === null) return 1;
	let count = 1;
	for (const child of Object.values(value)) {
		count += countValues(child, limit - count);
		if (count > limit) break;
	}
	return count;
}

function explainPieces(
	schema: Json,
	value: unknown,
	loc: Location,
	problems: Problem[],
): void {
	const before = problems.length;
	for (const piece of piecesOf(schema, value)) {
		if (problems.length >= maxProblems) return;
		const at = [...loc, piece.step];
		const validator = validatorOf(piece.schema);
		if (piece.isMissing) addMissing(at, problems);
		else if (validator !== null && !validator.Check(piece.value)) {
			explain(validator, piece.schema, piece.value, at, problems);
		}
	}
	if (problems.length > before) return;
	const msg = "Does not match its schema";
	addProblem(problems, { loc, msg, type: "schema" });
}

interface Piece {
	readonly step: string | number;
	readonly schema: Json;
	readonly value: unknown;
	readonly isMissing: boolean;
}

function* piecesOf(schema: Json, value: unknown): Generator<Piece> {
	if (Array.isArray(value)) {
		const { items, prefixItems } = schema;
		if (!isJson(items) || prefixItems !== undefined) return;
		for (const [step, item] of value.entries()) {
			yield { step, schema: items, value: item, isMissing: false };
		}
	} else if (isJson(schema.properties) && isJson(value)) {
		const required = Array.isArray(schema.required) ? schema.required : [];
		for (const [step, child] of Object.entries(schema.properties)) {
			const isThere = Object.hasOwn(value, step);
			const isMissing = !isThere && required.includes(step);
			if (!isJson(child) || !(isThere || isMissing)) continue;
			yield { step, schema: child, value: value[step], isMissing };
		}
	}
}

function isJson(value: unknown): value is Json {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

const validators = new WeakMap<Json, Validator | null>();

/** Compiled when it is first needed; null for a schema that means nothing out of its place. */
function validatorOf(schema: Json): Validator | null {
	const known = validators.get(schema);
	if (known !== undefined) return known;
	let made: Validator | null = null;
	try {
		made = Compile(schema as TSchema) as Validator;
	} catch {
		// It refers to definitions of the whole: what is wrong is told of the whole.
	}
	validators.set(schema, made);
	return made;
}
