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

/** The list without the lines that a service may read as one of these names (lower case); see {@link isSameName}. */
export function removeSame(
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

/** Whether a service may read a name as one of these (lower case); see {@link isSameName}. */
export function isAmong(name: string, names: readonly string[]): boolean {
	for (let i = 0; i < names.length; i++) {
		if (isSameName(name, names[i] as string)) return true;
	}
	return false;
}

// A letter folds to lower case, a digit to itself, every other character to "-".
const folded = Uint8Array.from({ length: 128 }, (_, code) => {
	const letter = String.fromCharCode(code).toLowerCase();
	return /[a-z\d]/.test(letter) ? letter.charCodeAt(0) : 45;
});

/**
 * Whether a service may read two names as one: the only place that decides it. `other` is in lower case.
 * CGI and WSGI read `x_user` as `x-user` (RFC 3875 section 4.1.18), PHP `x.user` too, and lighttpd every other
 * character. A client could say in one spelling what the gateway says in another.
 */
export function isSameName(name: string, other: string): boolean {
	if (name.length !== other.length) return false;
	for (let i = 0; i < name.length; i++) {
		const code = folded[name.charCodeAt(i) & 127];
		if (code !== folded[other.charCodeAt(i) & 127]) return false;
	}
	return true;
}
