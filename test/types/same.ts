/** True for two types that are the same, false for any that are only assignable. */
export type Same<A, B> =
	(<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
		? true
		: false;

/** An intersection written out, so that it can be compared. */
export type Flat<T> = { [K in keyof T]: T[K] };

/** Compiles only where the argument is `true`. */
export function assertType<_T extends true>(): void {}
