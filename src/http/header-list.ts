/** The list without the lines of these names (lower case). */
export function removeNames(
	list: readonly string[],
	names: ReadonlySet<string>,
): string[] {
	const kept: string[] = [];
	for (let i = 0; i < list.length; i += 2) {
		const name = list[i] as string;
		if (!names.has(name.toLowerCase())) kept.push(name, list[i + 1] as string);
	}
	return kept;
}

/**
 * As {@link removeNames} for a handful of names: the length of a name tells most apart before its letters do.
 * With a name goes its twin: CGI, and with it WSGI, Rack and PHP, reads `x_user` and `x-user` as one
 * (RFC 3875 section 4.1.18), and a client would say the first of what the gateway says in the second.
 */
export function removeFew(
	list: readonly string[],
	names: readonly string[],
): string[] {
	const kept: string[] = [];
	for (let i = 0; i < list.length; i += 2) {
		const name = list[i] as string;
		if (!isAmong(name, names)) kept.push(name, list[i + 1] as string);
	}
	return kept;
}

function isAmong(name: string, names: readonly string[]): boolean {
	for (let i = 0; i < names.length; i++) {
		const other = names[i] as string;
		if (name.length === other.length && isSame(name.toLowerCase(), other)) {
			return true;
		}
	}
	return false;
}

function isSame(name: string, other: string): boolean {
	if (name === other) return true;
	if (!name.includes("_") && !other.includes("_")) return false;
	return name.replaceAll("_", "-") === other.replaceAll("_", "-");
}
