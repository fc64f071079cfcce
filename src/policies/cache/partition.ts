import type { Context, RouteInfo } from "../../index.ts";

/** Whose answers a request may share; null where that can not be told. */
export type PartitionOf = (ctx: Context) => string | null;

/** The part of the options that says who shares answers. */
export interface PartitionOptions {
	readonly shared?: boolean | undefined;
	readonly partition?: ((ctx: Context) => string | null) | undefined;
}

/** Beyond so many characters a value is no identity. */
const maxLength = 4_096;

/** Only a request shows it: a dependency may give anything. */
function warn(id: string): void {
	process.emitWarning(
		`cache: "${id}" is not cached: what its dependencies or forward.headers give can not be written down, so it is not known who may share its answers. Name that with partition, or say shared`,
	);
}

/**
 * Compiles who shares responses on a route: everyone where it is `shared`; else those for whom its dependencies,
 * `forward.headers` and a trusted proxy in front say the same. What can not be written down in full is nobody's, and the first
 * time it is a warning of the process.
 */
export function compilePartition(
	{ id, dependencies, setsHeaders }: RouteInfo,
	{ shared, partition }: PartitionOptions,
): PartitionOf {
	if (partition !== undefined) {
		return (ctx) => {
			const name: unknown = partition(ctx);
			return typeof name === "string" ? JSON.stringify(name) : null;
		};
	}
	const names = Object.keys(dependencies).sort();
	if (shared === true) return () => "";
	if (names.length === 0 && !setsHeaders) return saidByProxy;
	let isTold = false;
	return (ctx) => {
		const deps = ctx.deps as Readonly<Record<string, unknown>>;
		const values = names.map((name) => deps[name]);
		const written = describe([values, ctx.forwardHeaders]);
		if (written === null && !isTold) {
			isTold = true;
			warn(id);
		}
		return written === null ? null : written + saidByProxy(ctx);
	};
}

// These are in the key, or say nothing about the caller.
const besideCaller = /^x-forwarded-(?!(?:for|host|port|proto)$)/i;

/** What a trusted proxy says about the caller beyond the address, such as `x-forwarded-user`: the service may respond by it. */
function saidByProxy(ctx: Context): string {
	if (!ctx.isPeerTrusted) return "";
	const { rawHeaders } = ctx.req;
	const said = rawHeaders.filter((_part, i) =>
		besideCaller.test(rawHeaders[i - (i % 2)] as string),
	);
	return said.length === 0 ? "" : JSON.stringify(said);
}

/** All of a value as text, two values never the same; null where it holds something that has no text, such as a connection. */
function describe(value: unknown): string | null {
	try {
		const text = write(value, 0);
		return text.length > maxLength ? null : text;
	} catch (error) {
		if (error instanceof NotPlain) return null;
		throw error;
	}
}

class NotPlain extends Error {}

const maxDepth = 8;

function write(value: unknown, depth: number): string {
	if (depth > maxDepth) throw new NotPlain();
	switch (typeof value) {
		case "string":
			return JSON.stringify(value);
		case "number":
		case "boolean":
		case "undefined":
			return String(value);
		case "bigint":
			return `${value}n`;
		case "object":
			return value === null ? "null" : writeObject(value, depth);
		default:
			throw new NotPlain();
	}
}

function writeObject(value: object, depth: number): string {
	if (Array.isArray(value)) {
		return `[${value.map((one) => write(one, depth + 1)).join(",")}]`;
	}
	if (value instanceof Date) return `@${value.getTime()}`;
	const prototype: unknown = Object.getPrototypeOf(value);
	if (prototype !== Object.prototype && prototype !== null) {
		return writeOfClass(value);
	}
	const pairs = Object.entries(value).map(
		([name, one]) => `${JSON.stringify(name)}:${write(one, depth + 1)}`,
	);
	return `{${pairs.join(",")}}`;
}

/** An object of a class may hide what it is in private fields: it is known by its id alone. */
function writeOfClass(value: object): string {
	const { id } = value as { readonly id?: unknown };
	const isId = typeof id === "string" ? id !== "" : typeof id === "number";
	if (!isId) throw new NotPlain();
	return `#${JSON.stringify([value.constructor.name, id])}`;
}
