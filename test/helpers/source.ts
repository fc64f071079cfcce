// At the start of a line only: a string may hold what looks like a comment, such as "/files/*".
const comments = /^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*$)/gm;
const clause = /^(?:import|export)\b([^;"'`=(]*?)\bfrom\s+"([^"]+)"/gm;
const bare = /^import\s+"([^"]+)"/gm;
const dynamic = /\bimport\(\s*"([^"]+)"/g;
const declared =
	/^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm;
const listed = /^export (?:type )?\{([^}]*)\}/gm;

/** A module that a source file names. */
export interface NamedModule {
	readonly specifier: string;
	/** Whether nothing of it is left once the types are erased. */
	readonly typesOnly: boolean;
}

/** The modules a source file names in imports and re-exports. */
export function namedModules(text: string): NamedModule[] {
	const code = text.replace(comments, "");
	const loaded = [bare, dynamic].flatMap((pattern) =>
		[...code.matchAll(pattern)].map(([, specifier = ""]) => ({
			specifier,
			typesOnly: false,
		})),
	);
	const named = [...code.matchAll(clause)].map(([, what = "", specifier]) => ({
		specifier: specifier ?? "",
		typesOnly: /^\s*type\b/.test(what) || onlyTypes(what),
	}));
	return [...named, ...loaded];
}

/** Whether each name in `{ type A, type B }` is a type. */
function onlyTypes(what: string): boolean {
	const names = /^\s*\{([^}]*)\}\s*$/.exec(what)?.[1]?.split(",") ?? ["*"];
	return names.every((name) => /^\s*(type\s|$)/.test(name));
}

/** The names a source file exports, types included. */
export function exportedNames(text: string): string[] {
	const code = text.replace(comments, "");
	const lists = [...code.matchAll(listed)].flatMap(([, list = ""]) =>
		list.split(",").map((item) => item.trim()),
	);
	const names = lists
		.filter((item) => item !== "")
		.map((item) => item.replace(/^type /, "").replace(/^.* as /, ""));
	const own = [...code.matchAll(declared)].map(([, name = ""]) => name);
	return [...new Set([...names, ...own])];
}
