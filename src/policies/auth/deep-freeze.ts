/**
 * A frozen copy of a value that several requests get: one request cannot change it for the others, and the program that
 * returned it may go on changing its own. Plain objects and arrays are copied at every depth; class instances, functions
 * and primitive values stay as they are.
 */
export function toFrozen<T>(value: T): T {
	return copyOf(value, new Map()) as T;
}

function copyOf(value: unknown, copies: Map<object, object>): unknown {
	if (!isPlain(value)) return value;
	const known = copies.get(value);
	if (known !== undefined) return known;
	const copy: object = Array.isArray(value)
		? new Array(value.length)
		: Object.create(Object.getPrototypeOf(value));
	copies.set(value, copy);
	for (const name of Reflect.ownKeys(value)) {
		if (!Object.prototype.propertyIsEnumerable.call(value, name)) continue;
		const inner: unknown = Reflect.get(value, name);
		// Defined, not set: `__proto__` is a name like any other.
		Object.defineProperty(copy, name, {
			value: copyOf(inner, copies),
			enumerable: true,
		});
	}
	return Object.freeze(copy);
}

function isPlain(value: unknown): value is object {
	if (typeof value !== "object" || value === null) return false;
	const prototype: unknown = Object.getPrototypeOf(value);
	return (
		prototype === null ||
		prototype === Object.prototype ||
		prototype === Array.prototype
	);
}
