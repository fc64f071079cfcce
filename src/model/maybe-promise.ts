/** A value or a promise of it. Only what is thenable is awaited. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether a value is to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
	return (
		typeof value === "object" &&
		value !== null &&
		typeof (value as { then?: unknown }).then === "function"
	);
}

/** Whether a function was written as an async one. */
export function modeOf(written: unknown): "sync" | "async" {
	return Object.prototype.toString.call(written) === "[object AsyncFunction]"
		? "async"
		: "sync";
}
