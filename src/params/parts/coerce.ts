import { losesDigits } from "../json/digits.ts";
import { type CompiledSchema, compileSchema } from "../schema.ts";

type Json = Readonly<Record<string, unknown>>;
type Convert = (raw: string | string[]) => unknown;

/** How a declared value is made from the text of a path, query, header, cookie or form. */
export interface Coercion {
	/** Whether a repeated name makes an array; else it is a problem. */
	readonly takesMany: boolean;
	/** The converted value, or what came in where it does not convert: then the schema says what is wrong. */
	readonly convert: Convert;
}

const booleans = new Map<string, boolean>([
	["true", true],
	["1", true],
	["on", true],
	["yes", true],
	["false", false],
	["0", false],
	["off", false],
	["no", false],
]);
const integerText = /^-?\d+$/;
const numberText = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

const asIs: Convert = (raw) => raw;

/** The conversion that a schema's type asks for, decided once. A type that does not tell leaves text as it is. */
export function compileCoercion(
	schema: CompiledSchema,
	isHeader: boolean,
): Coercion {
	if (schema.json === null) return { takesMany: true, convert: asIs };
	return compileJson(schema.json, isHeader ? splitHeader : splitText);
}

type Split = (text: string) => string[];
const splitText: Split = (text) => text.split(",");
/** A list in a header may have blanks around its commas, and empty members that do not count (RFC 9110 section 5.6.1). */
const splitHeader: Split = (text) =>
	text
		.split(",")
		.map((member) => member.trim())
		.filter((member) => member !== "");

function compileJson(json: Json, split: Split): Coercion {
	if (json.type === "array") return compileArray(json, split);
	const literals = readLiterals(json);
	if (literals !== null) return scalar(literal(literals));
	const branches = readBranches(json);
	if (branches !== null) return compileUnion(branches, split);
	switch (json.type) {
		case "integer":
			return scalar(toInteger);
		case "number":
			return scalar(toNumber);
		case "boolean":
			return scalar(toBoolean);
		case "null":
			return scalar((text) => (text === "null" ? null : text));
		case "string":
		case "object":
			return scalar((text) => text);
		default:
			return { takesMany: json.type === undefined, convert: asIs };
	}
}

function scalar(convert: (text: string) => unknown): Coercion {
	return {
		takesMany: false,
		convert: (raw) => (typeof raw === "string" ? convert(raw) : raw),
	};
}

function toInteger(text: string): unknown {
	if (!integerText.test(text)) return text;
	const value = Number(text);
	return Number.isSafeInteger(value) ? value + 0 : text;
}

function toNumber(text: string): unknown {
	if (!numberText.test(text)) return text;
	const value = Number(text);
	return losesDigits(text, value) ? text : value + 0;
}

function toBoolean(text: string): unknown {
	return booleans.get(text.toLowerCase()) ?? text;
}

function readLiterals(json: Json): readonly unknown[] | null {
	if ("const" in json) return [json.const];
	return Array.isArray(json.enum) ? json.enum : null;
}

function literal(values: readonly unknown[]): (text: string) => unknown {
	const byText = new Map(values.map((value) => [String(value), value]));
	return (text) => (byText.has(text) ? byText.get(text) : text);
}

function compileArray(json: Json, split: Split): Coercion {
	const item =
		typeof json.items === "object" && json.items !== null
			? compileJson(json.items as Json, split).convert
			: asIs;
	const isCsv = json.style === "csv";
	return {
		takesMany: true,
		convert(raw) {
			const texts = typeof raw === "string" ? [raw] : raw;
			const parts = isCsv ? texts.flatMap(split) : texts;
			return parts.map((text) => item(text));
		},
	};
}

function readBranches(json: Json): readonly Json[] | null {
	for (const keyword of ["anyOf", "oneOf", "allOf"] as const) {
		const branches = json[keyword];
		if (Array.isArray(branches)) return branches as Json[];
	}
	if (!Array.isArray(json.type)) return null;
	return json.type.map((type: unknown) => ({ ...json, type }));
}

/** Each branch is tried in the order it was written; the first whose schema accepts its own conversion decides. */
function compileUnion(branches: readonly Json[], split: Split): Coercion {
	const options = branches.map((branch) => ({
		...compileJson(branch, split),
		check: compileSchema(branch).check,
	}));
	return {
		takesMany: options.some((option) => option.takesMany),
		convert(raw) {
			for (const option of options) {
				if (typeof raw !== "string" && !option.takesMany) continue;
				const value = option.convert(raw);
				if (option.check(value)) return value;
			}
			return raw;
		},
	};
}
