/** An operation that wants an id. */
export interface Unnamed {
	readonly method: string;
	/** Such as `/users/{id}`. */
	readonly template: string;
	/** What its route declares; null where it declares nothing. */
	readonly declared: string | null;
}

/**
 * An id for each operation, none twice. A declared id belongs to the first
 * operation of its route; further methods add their name to it. Without one the
 * id is the method and the path as words, `getUsersById`, numbered only where two
 * come out equal: so an id changes only when its route does.
 */
export function nameOperations(
	operations: readonly Unnamed[],
): readonly string[] {
	// Declared ids go first: a made one never takes the name of a declared one.
	const taken = new Set<string>();
	const declared = operations.map(({ declared, method }) => {
		if (declared === null) return null;
		return taken.has(declared)
			? claim(`${declared}_${method.toLowerCase()}`, taken)
			: claim(declared, taken);
	});
	return operations.map(
		(operation, i) => declared[i] ?? claim(toWords(operation), taken),
	);
}

function claim(wanted: string, taken: Set<string>): string {
	let id = wanted;
	for (let i = 2; taken.has(id); i++) id = `${wanted}_${i}`;
	taken.add(id);
	return id;
}

function toWords({ method, template }: Unnamed): string {
	const words = template.split("/").flatMap((segment) =>
		segment.split(/(\{[^}]*\})/).flatMap((piece) => {
			const parts = piece.split(/[^A-Za-z0-9]+/).filter(Boolean);
			return piece.startsWith("{") ? ["by", ...parts] : parts;
		}),
	);
	const named = words.length === 0 ? ["root"] : words;
	return method.toLowerCase() + named.map(capitalize).join("");
}

function capitalize(word: string): string {
	return word.charAt(0).toUpperCase() + word.slice(1);
}
