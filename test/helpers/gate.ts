/** A promise that a test settles by hand. */
export interface Gate<T = void> {
	readonly opened: Promise<T>;
	open(value: T): void;
	break(error: Error): void;
}

/** A gate that nobody has opened yet. */
export function createGate<T = void>(): Gate<T> {
	const { promise, resolve, reject } = Promise.withResolvers<T>();
	return { opened: promise, open: resolve, break: reject };
}
