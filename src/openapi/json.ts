/** A JSON object in the making. */
export type JsonObject = Record<string, unknown>;

/** Whether it is an object with keys, rather than an array or a scalar. */
export function isJsonObject(value: unknown): value is JsonObject {
	return value !== null && typeof value === "object" && !Array.isArray(value);
}

/**
 * Both merged into a new object, `extra` last: objects merge key by key, all
 * else is replaced. Parameters merge by `in` and `name`, since OpenAPI keeps
 * what is a map in meaning as a list.
 */
export function mergeDeep(
	base: Readonly<JsonObject>,
	extra: Readonly<JsonObject>,
): JsonObject {
	const merged: JsonObject = { ...base };
	for (const [key, value] of Object.entries(extra)) {
		merged[key] = mergeValue(key, merged[key], value);
	}
	return merged;
}

function mergeValue(key: string, base: unknown, extra: unknown): unknown {
	if (isJsonObject(base) && isJsonObject(extra)) return mergeDeep(base, extra);
	return key === "parameters" && Array.isArray(base) && Array.isArray(extra)
		? mergeParameters(base, extra)
		: extra;
}

function mergeParameters(
	base: readonly JsonObject[],
	extra: readonly JsonObject[],
): JsonObject[] {
	const merged = [...base];
	for (const parameter of extra) {
		const at = merged.findIndex(
			(known) => known.in === parameter.in && known.name === parameter.name,
		);
		if (at < 0) merged.push(parameter);
		else merged[at] = mergeDeep(merged[at] as JsonObject, parameter);
	}
	return merged;
}

/** The value as JSON text; a bigint, which JSON does not know, as a number. */
export function toJsonText(value: object): string {
	return JSON.stringify(value, (_key, item: unknown) =>
		typeof item === "bigint" ? Number(item) : item,
	);
}

/**
 * The value as plain JSON: what is undefined, a function or a hidden key (such
 * as TypeBox's `~kind`) is gone, and nothing is shared with the original.
 */
export function toPlainJson(value: object): JsonObject {
	return JSON.parse(toJsonText(value)) as JsonObject;
}
