import { compileSchema, type JsonSchema } from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;
/** A value with only what its schema declares. */
export type Select = (value: unknown) => unknown;

/** What a selection does besides leaving out what is not declared. */
export interface SelectOptions {
	/** Fills declared defaults where a property is absent. */
	readonly defaults: boolean;
	/** Converts scalars where nothing is lost: 7 to "7", "7" to 7, "true" to true. */
	readonly convert: boolean;
}

/**
 * Compiles "only what is declared": undeclared properties are left out unless
 * `additionalProperties` allows them in writing. Null where every value stays as it is.
 */
export function compileSelect(
	schema: JsonSchema,
	options: SelectOptions,
): Select | null {
	return new SelectCompiler(schema as Json, options).compile(schema as Json);
}

class SelectCompiler {
	readonly #root: Json;
	readonly #options: SelectOptions;
	readonly #byRef = new Map<string, { select: Select | null }>();

	constructor(root: Json, options: SelectOptions) {
		this.#root = root;
		this.#options = options;
	}

	compile(schema: unknown): Select | null {
		if (typeof schema !== "object" || schema === null) return null;
		const json = schema as Json;
		if (typeof json.$ref === "string") return this.#compileRef(json.$ref);
		const branches = json.anyOf ?? json.oneOf;
		if (Array.isArray(branches)) return this.#compileUnion(branches);
		const properties = readProperties(json);
		if (properties !== null) return this.#compileObject(json, properties);
		if (json.patternProperties) return this.#compileRecord(json);
		if (json.type === "array") return this.#compileArray(json);
		return this.#options.convert ? compileConversion(json) : null;
	}

	/** A reference may lead to a schema that is being compiled: it is looked up when it is first run. */
	#compileRef(ref: string): Select | null {
		const known = this.#byRef.get(ref);
		if (known !== undefined) {
			return (value) => (known.select === null ? value : known.select(value));
		}
		const entry: { select: Select | null } = { select: null };
		this.#byRef.set(ref, entry);
		entry.select = this.compile(resolveRef(this.#root, ref));
		return entry.select;
	}

	#compileUnion(branches: readonly unknown[]): Select | null {
		const options = branches.map((branch) => ({
			select: this.compile(branch),
			check: compileSchema(withDefinitions(branch as Json, this.#root)).check,
		}));
		if (options.every((option) => option.select === null)) return null;
		return (value) => {
			for (const { select, check } of options) {
				const selected = select === null ? value : select(value);
				if (check(selected)) return selected;
			}
			return value;
		};
	}

	#compileObject(json: Json, properties: Json): Select {
		const declared = Object.entries(properties).map(([name, child]) => ({
			name,
			select: this.compile(child),
			fallback: this.#options.defaults ? (child as Json).default : undefined,
		}));
		const extra = readAdditional(json);
		const selectExtra = extra === false ? null : this.compile(extra);
		const names = new Set(declared.map(({ name }) => name));
		return (value) => {
			if (!isObject(value)) return value;
			const result: Record<string, unknown> = {};
			for (const { name, select, fallback } of declared) {
				if (Object.hasOwn(value, name)) {
					const child = value[name];
					set(result, name, select === null ? child : select(child));
				} else if (fallback !== undefined) {
					set(result, name, structuredClone(fallback));
				}
			}
			if (extra !== false) {
				for (const name of Object.keys(value)) {
					if (names.has(name)) continue;
					const child = value[name];
					set(result, name, selectExtra === null ? child : selectExtra(child));
				}
			}
			return result;
		};
	}

	#compileRecord(json: Json): Select {
		const patterns = Object.entries(json.patternProperties as Json).map(
			([pattern, child]) => ({
				pattern: new RegExp(pattern, "u"),
				select: this.compile(child),
			}),
		);
		const keepsOther = json.additionalProperties !== undefined;
		return (value) => {
			if (!isObject(value)) return value;
			const result: Record<string, unknown> = {};
			for (const name of Object.keys(value)) {
				const match = patterns.find(({ pattern }) => pattern.test(name));
				if (match === undefined && !keepsOther) continue;
				const child = value[name];
				set(result, name, match?.select ? match.select(child) : child);
			}
			return result;
		};
	}

	#compileArray(json: Json): Select | null {
		const item = this.compile(json.items);
		const prefix = Array.isArray(json.prefixItems)
			? json.prefixItems.map((child: unknown) => this.compile(child))
			: [];
		if (item === null && prefix.every((select) => select === null)) return null;
		return (value) => {
			if (!Array.isArray(value)) return value;
			return value.map((child: unknown, i) => {
				const select = i < prefix.length ? prefix[i] : item;
				return select ? select(child) : child;
			});
		};
	}
}

/** The properties of an object schema, those of its `allOf` members included; null where it is none. */
function readProperties(json: Json): Json | null {
	let found: Record<string, unknown> | null = null;
	if (isObject(json.properties)) found = { ...json.properties };
	if (Array.isArray(json.allOf)) {
		for (const member of json.allOf as Json[]) {
			const properties = readProperties(member);
			if (properties !== null) found = { ...found, ...properties };
		}
	}
	return found;
}

/**
 * What to do with undeclared names: false leaves them out. With
 * `additionalProperties: false` they stay, so that the schema refuses them.
 */
function readAdditional(json: Json): unknown {
	if (json.additionalProperties === undefined) return false;
	return json.additionalProperties === false ? true : json.additionalProperties;
}

function resolveRef(root: Json, ref: string): unknown {
	if (ref === "#") return root;
	const definitions = (root.$defs ?? root.definitions ?? {}) as Json;
	const name = ref.replace(/^#\/(?:\$defs|definitions)\//, "");
	return Object.hasOwn(definitions, name) ? definitions[name] : null;
}

/** A branch may refer to the definitions of the whole schema: it takes them along to be compiled by itself. */
function withDefinitions(branch: Json, root: Json): JsonSchema {
	return root.$defs === undefined ? branch : { $defs: root.$defs, ...branch };
}

function compileConversion(json: Json): Select | null {
	switch (json.type) {
		case "string":
			return (value) =>
				typeof value === "number" || typeof value === "boolean"
					? String(value)
					: value;
		case "integer":
		case "number":
			return (value) =>
				typeof value === "string" && String(Number(value)) === value
					? Number(value)
					: value;
		case "boolean":
			return (value) =>
				value === "true" ? true : value === "false" ? false : value;
		default:
			return null;
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Assigning to `__proto__` would change the prototype: it becomes an own property like any other. */
function set(
	target: Record<string, unknown>,
	name: string,
	value: unknown,
): void {
	if (name === "__proto__") {
		Object.defineProperty(target, name, {
			value,
			enumerable: true,
			configurable: true,
			writable: true,
		});
	} else {
		target[name] = value;
	}
}
