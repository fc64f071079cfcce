import { METHODS } from "node:http";
import findMyWay from "find-my-way";
import { ByHost, closeness } from "../http/hosts.ts";
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
	/** In lower case; none for any host. */
	readonly hosts: readonly string[];
	readonly value: T;
}

/** A path of one method in a tree. */
export interface Added<T> {
	readonly method: string;
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

/** A wildcard's route at the prefix of the wildcard, where the rest is empty. */
class Bare<T> {
	readonly value: T;

	constructor(value: T) {
		this.value = value;
	}
}

/** find-my-way's tree, told of each path only once. */
export class RouteTree<T> {
	readonly #tree: Tree = createTree();
	readonly #added: Added<T>[] = [];

	/** What it holds. */
	get added(): readonly Added<T>[] {
		return this.#added;
	}

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

	#addPlain(
		method: string,
		path: string,
		value: T,
		store: T | Bare<T> = value,
	): T | null {
		const name = method as findMyWay.HTTPMethod;
		const found = this.#tree.findRoute(name, path);
		if (found !== null) return found.store as T;
		try {
			this.#tree.on(name, path, noop, store);
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

	/** Adds the prefix of a wildcard, `/app` of `/app/*`, unless another route than a wildcard takes it. */
	addBare(method: string, path: string, value: T): void {
		const prefix = path.slice(0, -2);
		const found = this.find(method, prefix);
		if (found !== null && !("*" in found.params)) return;
		this.#addPlain(method, prefix, value, new Bare(value));
	}

	/** What a request leads to; null where there is nothing. */
	find(method: string, url: string): Match<T> | null {
		const found = this.#tree.find(method as findMyWay.HTTPMethod, url);
		if (found === null) return null;
		const params = found.params as Record<string, unknown>;
		const store = found.store as T | Bare<T>;
		if (!(store instanceof Bare)) return { value: store, params };
		params["*"] = "";
		return { value: store.value, params };
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
 * The routes by host, method and path. The path chooses first. What is declared
 * goes before what is only implied: a closer host before any host, a method of its
 * own before one among all, a HEAD before the GET that takes it else, and every
 * route before the bare prefix of a wildcard.
 */
export class Router<T> {
	/** One for each host that is named, and one for all others. */
	readonly trees: readonly RouteTree<T>[];
	readonly #byHost: ByHost<RouteTree<T>>;

	/** @throws Error when find-my-way rejects a path. */
	constructor(entries: readonly RouterEntry<T>[]) {
		const trees: RouteTree<T>[] = [];
		const names = entries.flatMap(({ hosts }) => hosts);
		this.#byHost = new ByHost(names, (name) => {
			const tree = toTree(entries, name);
			trees.push(tree);
			return tree;
		});
		this.trees = trees;
	}

	/** The routes for a Host field; null is none. */
	treeOf(host: string | null): RouteTree<T> {
		return this.#byHost.get(host);
	}

	/** What a request leads to; null where there is nothing. */
	find(method: string, url: string, host: string | null): Match<T> | null {
		return this.#byHost.get(host).find(method, url);
	}

	/** The methods that lead somewhere from that path, or from anywhere for `*`; for `Allow` (RFC 9110 section 10.2.1). */
	allowed(url: string, host: string | null): readonly string[] {
		const tree = this.#byHost.get(host);
		const all = new Set(tree.added.map(({ method }) => method));
		const methods = [...all].filter(
			(method) => url === "*" || tree.find(method, url) !== null,
		);
		if (methods.length > 0 && !methods.includes("OPTIONS")) {
			methods.push("OPTIONS");
		}
		return methods.sort();
	}
}

function toTree<T>(
	entries: readonly RouterEntry<T>[],
	host: string,
): RouteTree<T> {
	const tree = new RouteTree<T>();
	const byCloseness = Map.groupBy(entries, ({ hosts }) =>
		closeness(hosts, host),
	);
	byCloseness.delete(-1);
	const groups = [...byCloseness].sort(([a], [b]) => b - a);
	for (const [, group] of groups) addGroup(tree, group);
	for (const { method, path, value } of [...tree.added]) {
		if (path.endsWith("/*") && path !== "/*") tree.addBare(method, path, value);
	}
	return tree;
}

function addGroup<T>(
	tree: RouteTree<T>,
	group: readonly RouterEntry<T>[],
): void {
	for (const { methods, path, value } of group) {
		for (const method of methods) {
			if (method !== allMethods) tree.add(method, path, value);
		}
	}
	for (const { methods, path, value } of group) {
		if (methods.includes("GET")) tree.add("HEAD", path, value);
	}
	for (const { methods, path, value } of group) {
		if (!methods.includes(allMethods)) continue;
		for (const method of knownMethods) tree.add(method, path, value);
	}
}

function noop(): undefined {
	return undefined;
}
