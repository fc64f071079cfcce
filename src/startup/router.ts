import { METHODS } from "node:http";
import findMyWay from "find-my-way";
import { allMethods } from "../model/route.ts";
import type { Match } from "../request/request.ts";

/** Methods that no route may have: CONNECT asks for a tunnel, TRACE shows a client's secrets to its scripts. */
export const refusedMethods: ReadonlySet<string> = new Set([
	"CONNECT",
	"TRACE",
]);

/** Every method that `route.all` stands for: what node and find-my-way both know. */
export const knownMethods: readonly string[] = findKnownMethods();

function findKnownMethods(): readonly string[] {
	const probe = findMyWay();
	return METHODS.filter((method) => {
		if (refusedMethods.has(method)) return false;
		try {
			probe.on(method as findMyWay.HTTPMethod, "/", noop);
			return true;
		} catch {
			return false;
		}
	});
}

/** One declared route. */
export interface RouterEntry<T> {
	/** `*` stands for every method. */
	readonly methods: readonly string[];
	readonly path: string;
	readonly value: T;
}

type Tree = findMyWay.Instance<findMyWay.HTTPVersion.V1>;

function createTree(): Tree {
	return findMyWay({
		ignoreTrailingSlash: false,
		caseSensitive: true,
		// Whatever fits into a request head may be a value; the head has its own limit.
		maxParamLength: 1 << 20,
		// The query is parsed only by routes that declare names of it.
		querystringParser: (query) => query as never,
	});
}

/** find-my-way's tree, told of each path only once. */
export class RouteTree<T> {
	readonly #tree: Tree = createTree();
	readonly #added: { method: string; path: string; value: T }[] = [];

	/**
	 * Adds a path where none is that answers the same requests; else tells whose that is.
	 *
	 * @throws Error when find-my-way refuses the path.
	 */
	add(method: string, path: string, value: T): T | null {
		let taken: T | null = null;
		for (const one of plainPaths(path)) {
			taken = this.#addPlain(method, one, value) ?? taken;
		}
		return taken;
	}

	#addPlain(method: string, path: string, value: T): T | null {
		const name = method as findMyWay.HTTPMethod;
		const found = this.#tree.findRoute(name, path);
		if (found !== null) return found.store as T;
		try {
			this.#tree.on(name, path, noop, value);
		} catch (error) {
			// Two expressions at one place are one route to it, which `findRoute` does not tell.
			const other = this.#added.find(
				(one) => one.method === method && areTwins(one.path, path),
			);
			if (other === undefined) throw error;
			return other.value;
		}
		this.#added.push({ method, path, value });
		return null;
	}

	/** What a request leads to; null where there is nothing. */
	find(method: string, url: string): Match<T> | null {
		const found = this.#tree.find(method as findMyWay.HTTPMethod, url);
		if (found === null) return null;
		return {
			value: found.store as T,
			params: found.params as Record<string, unknown>,
		};
	}

	/** The parameter names of a path that was added, as the tree reads it. */
	namesOf(method: string, path: string): readonly string[] {
		const [whole = path] = plainPaths(path);
		const found = this.#tree.findRoute(method as findMyWay.HTTPMethod, whole);
		return found?.params ?? [];
	}
}

function areTwins(path: string, other: string): boolean {
	const tree = createTree();
	tree.on("GET", path, noop);
	try {
		tree.on("GET", other, noop);
		return false;
	} catch {
		return true;
	}
}

/** What a path with an optional last parameter stands for: itself with it, and without it. */
function plainPaths(path: string): readonly string[] {
	const match = /^(.*)(\/:[^/()]*)\?(\/?)$/.exec(path);
	if (match === null) return [path];
	const [, front, parameter, slash] = match;
	return [`${front}${parameter}${slash}`, `${front}${slash}` || "/"];
}

/**
 * The routes by method and path. What is declared goes before what is only
 * implied: a method of its own before one among all, a HEAD before the GET that
 * answers it else.
 */
export class Router<T> {
	readonly #tree = new RouteTree<T>();
	readonly #methods = new Set<string>();

	/** @throws Error when find-my-way refuses a path. */
	constructor(entries: readonly RouterEntry<T>[]) {
		for (const entry of entries) {
			for (const method of entry.methods) {
				if (method !== allMethods) this.#add(method, entry);
			}
		}
		for (const entry of entries) {
			if (entry.methods.includes("GET")) this.#add("HEAD", entry);
		}
		for (const entry of entries) {
			if (!entry.methods.includes(allMethods)) continue;
			for (const method of knownMethods) this.#add(method, entry);
		}
	}

	#add(method: string, entry: RouterEntry<T>): void {
		this.#methods.add(method);
		this.#tree.add(method, entry.path, entry.value);
	}

	/** What a request leads to; null where there is nothing. */
	find(method: string, url: string): Match<T> | null {
		return this.#tree.find(method, url);
	}

	/** The methods that lead somewhere from that path, or from anywhere for `*`; for `Allow` (RFC 9110 section 10.2.1). */
	allowed(url: string): readonly string[] {
		const methods = [...this.#methods].filter(
			(method) => url === "*" || this.find(method, url) !== null,
		);
		if (methods.length > 0 && !methods.includes("OPTIONS")) {
			methods.push("OPTIONS");
		}
		return methods.sort();
	}
}

function noop(): undefined {
	return undefined;
}
