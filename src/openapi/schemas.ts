import {
	compileSchema,
	isStandardSchema,
	type Schema,
} from "../params/schema.ts";
import { isJsonObject, type JsonObject, toJsonText } from "./json.ts";

/** What a reference is read against: the resource it stands in, and the definitions around it. */
interface Scope {
	readonly root: JsonObject;
	readonly definitions: Readonly<JsonObject>;
}

const singles = new Set([
	"additionalProperties",
	"contains",
	"contentSchema",
	"else",
	"if",
	"items",
	"not",
	"propertyNames",
	"then",
	"unevaluatedItems",
	"unevaluatedProperties",
]);
const lists = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const maps = new Set(["dependentSchemas", "patternProperties", "properties"]);
const dropped = new Set(["$defs", "$id", "$schema", "definitions"]);
const jsonTypes = new Set([
	"array",
	"boolean",
	"integer",
	"null",
	"number",
	"object",
	"string",
]);

/**
 * Turns schemas into the JSON Schema of an OpenAPI 3.1 document. A schema with
 * an `$id`, a definition and a schema that refers to itself each become a
 * component with a valid name, and every reference points there.
 */
export class SchemaCollector {
	/** What goes under `components.schemas`. */
	readonly components: JsonObject = {};
	/** By the schema object itself, and by what it says: equal schemas share a component. */
	readonly #byObject = new WeakMap<object, string>();
	readonly #byContent = new Map<string, string>();
	readonly #byId = new Map<string, string>();
	readonly #unresolved = new Set<string>();

	/** The schema as JSON Schema; an empty one where a Standard Schema does not tell. */
	describe(schema: Schema): JsonObject {
		const json = readJson(schema);
		if (json === null) return {};
		const described = this.#convert(json, { root: json, definitions: {} });
		// A schema that referred to itself has become a component on the way.
		const name = this.#byObject.get(json);
		return name === undefined ? (described as JsonObject) : toReference(name);
	}

	/** Gives each reference to a schema that no route declares an empty component, so that the document stays whole. */
	close(): void {
		for (const name of this.#unresolved) this.components[name] ??= {};
	}

	#convert(value: unknown, outer: Scope): unknown {
		if (!isJsonObject(value)) return value;
		const scope = enterScope(value, outer);
		if (typeof value.$id === "string") {
			const name = this.#nameComponent(value.$id, value, scope);
			return toReference(name);
		}
		return this.#convertKeywords(value, scope);
	}

	#convertKeywords(schema: JsonObject, scope: Scope): JsonObject {
		const result: JsonObject = {};
		for (const [keyword, value] of Object.entries(toDraft2020(schema))) {
			if (dropped.has(keyword) || keyword.startsWith("~")) continue;
			result[keyword] = this.#convertKeyword(keyword, value, scope);
		}
		return result;
	}

	#convertKeyword(keyword: string, value: unknown, scope: Scope): unknown {
		if (keyword === "$ref" && typeof value === "string") {
			return this.#resolve(value, scope);
		}
		if (singles.has(keyword)) return this.#convert(value, scope);
		if (lists.has(keyword) && Array.isArray(value)) {
			return value.map((item) => this.#convert(item, scope));
		}
		if (!maps.has(keyword) || !isJsonObject(value)) return value;
		return Object.fromEntries(
			Object.entries(value).map(([name, item]) => [
				name,
				this.#convert(item, scope),
			]),
		);
	}

	#resolve(reference: string, scope: Scope): string {
		if (reference.startsWith("#/components/")) return reference;
		const [, name, rest = ""] =
			/^#\/(?:\$defs|definitions)\/([^/]+)(\/.*)?$/.exec(reference) ?? [];
		const definition = unescapePointer(name ?? reference);
		if (Object.hasOwn(scope.definitions, definition)) {
			return this.#pointToDefinition(definition, scope) + rest;
		}
		if (reference.startsWith("#")) {
			const preferred = readTitle(scope.root);
			const root = this.#nameComponent(preferred, scope.root, scope);
			return toPointer(root) + reference.slice(1);
		}
		return this.#pointToId(reference);
	}

	#pointToDefinition(definition: string, scope: Scope): string {
		const schema = scope.definitions[definition];
		if (!isJsonObject(schema)) return this.#pointToId(definition);
		const preferred = typeof schema.$id === "string" ? schema.$id : definition;
		const inner = enterScope(schema, scope);
		return toPointer(this.#nameComponent(preferred, schema, inner));
	}

	#pointToId(id: string): string {
		const name = this.#byId.get(id) ?? toName(id);
		this.#unresolved.add(name);
		return toPointer(name);
	}

	/** The name of that schema's component, made when first asked for. */
	#nameComponent(preferred: string, schema: JsonObject, scope: Scope): string {
		const known = this.#byObject.get(schema);
		if (known !== undefined) return known;
		const content = toJsonText([preferred, schema, scope.definitions]);
		const name = this.#byContent.get(content) ?? this.#freeName(preferred);
		this.#byObject.set(schema, name);
		if (this.#byContent.has(content)) return name;
		this.#byContent.set(content, name);
		if (schema.$id === preferred) this.#byId.set(preferred, name);
		// The name is taken before the schema is turned, which may refer to itself.
		this.components[name] = {};
		this.components[name] = this.#convertKeywords(schema, scope);
		return name;
	}

	#freeName(preferred: string): string {
		const base = toName(preferred);
		let name = base;
		for (let i = 2; Object.hasOwn(this.components, name); i++) {
			name = `${base}_${i}`;
		}
		return name;
	}
}

function readJson(schema: Schema): JsonObject | null {
	return (
		isStandardSchema(schema) ? compileSchema(schema).json : schema
	) as JsonObject | null;
}

function enterScope(schema: JsonObject, outer: Scope): Scope {
	const own = [schema.definitions, schema.$defs].filter(isJsonObject);
	const isResource = typeof schema.$id === "string";
	if (own.length === 0 && !isResource) return outer;
	return {
		root: isResource ? schema : outer.root,
		definitions: Object.assign({}, outer.definitions, ...own) as JsonObject,
	};
}

/** TypeBox writes tuples as draft 7 did, and has types that JSON does not know. */
function toDraft2020(schema: JsonObject): JsonObject {
	const { type, items, additionalItems, ...rest } = schema;
	const known = type === "bigint" ? "integer" : type;
	const isJsonType = Array.isArray(known) || jsonTypes.has(known as string);
	return {
		...(isJsonType ? { type: known } : {}),
		...rest,
		...(Array.isArray(items)
			? { prefixItems: items, items: additionalItems ?? true }
			: items === undefined
				? {}
				: { items }),
	};
}

function readTitle(schema: JsonObject): string {
	if (typeof schema.$id === "string") return schema.$id;
	return typeof schema.title === "string" ? schema.title : "Schema";
}

function unescapePointer(step: string): string {
	return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
}

/** OpenAPI allows letters, digits, dot, hyphen and underscore in the name of a component. */
export function toName(text: string): string {
	return text.replaceAll(/[^A-Za-z0-9._-]+/g, "_") || "Schema";
}

function toPointer(name: string): string {
	return `#/components/schemas/${name}`;
}

function toReference(name: string): JsonObject {
	return { $ref: toPointer(name) };
}
