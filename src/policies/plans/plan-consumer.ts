import type { Context, Dependency, RouteInfo } from "../../index.ts";
import type { Consumer } from "./plan.ts";

/**
 * Where the consumer is found: a dependency of the routes, the name that they have it under, or a function,
 * synchronous and called in step 5. Null or undefined is nobody.
 */
export type ConsumerSource =
	| Dependency<Consumer | null | undefined>
	| string
	| ((ctx: Context) => Consumer | null | undefined);

/** Finds who calls on one route. */
export type FindConsumer = (ctx: Context) => Consumer | null;

/** What finds the consumer on that route; null where nothing there can. */
export function toFinder(
	source: ConsumerSource,
	{ dependencies }: RouteInfo,
): FindConsumer | null {
	if (typeof source === "function") {
		return (ctx) => checked(source(ctx));
	}
	const name =
		typeof source === "string"
			? source
			: Object.keys(dependencies).find((key) => dependencies[key] === source);
	if (name === undefined || !Object.hasOwn(dependencies, name)) return null;
	return (ctx) => checked((ctx.deps as Record<string, unknown>)[name]);
}

/** Without an id all of them would share one counter. */
function checked(value: unknown): Consumer | null {
	if (value === null || value === undefined) return null;
	const { id } = value as { readonly id?: unknown };
	if (typeof id === "string" && id !== "") return value as Consumer;
	throw new TypeError("plans: the consumer has no id");
}

/** The plans of a consumer as it names them. */
export function planNamesOf(consumer: Consumer): readonly string[] {
	// A database says null of what is not there.
	const plan = consumer.plan ?? undefined;
	const plans = consumer.plans ?? undefined;
	if (plans === undefined) return plan === undefined ? [] : [plan];
	if (!Array.isArray(plans)) {
		throw new TypeError("plans: the plans of a consumer must be a list");
	}
	return plan === undefined ? plans : [plan, ...plans];
}

// Also the percent sign: so that no two ids are written alike.
const unsafe = /[^\x21-\x24\x26-\x7e]+/g;

/** An id as a header carries it: what is not visible ASCII is percent-encoded as UTF-8 (RFC 3986 section 2.1). */
export function toHeaderText(id: string): string {
	return id.replace(unsafe, (text) => encodeURIComponent(text.toWellFormed()));
}
