/** An entity tag (RFC 9110 section 8.8.3). */
export interface EntityTag {
	readonly isWeak: boolean;
	/** What stands between the quotes. */
	readonly opaque: string;
}

/** Reads one whole entity tag; null when the text is none. */
export function parseEntityTag(text: string): EntityTag | null {
	const tag = readEntityTag(text, 0);
	return tag === null || tag.end !== text.length ? null : tag;
}

interface TagRead extends EntityTag {
	readonly end: number;
}

/** The entity tag at that place of the text. Backslash is a plain character in it: nothing is escaped. */
function readEntityTag(text: string, at: number): TagRead | null {
	const isWeak = text.startsWith("W/", at);
	const open = isWeak ? at + 2 : at;
	if (text.charCodeAt(open) !== 0x22) return null;
	let i = open + 1;
	while (i < text.length && isTagCode(text.charCodeAt(i))) i += 1;
	if (text.charCodeAt(i) !== 0x22) return null;
	return { isWeak, opaque: text.slice(open + 1, i), end: i + 1 };
}

function isTagCode(code: number): boolean {
	return code === 0x21 || (code >= 0x23 && code !== 0x7f);
}

/** Reads a list of entity tags; `"*"` for any; null when the text is neither, so that nothing is guessed. */
export function parseEntityTags(
	text: string,
): readonly EntityTag[] | "*" | null {
	const tags: EntityTag[] = [];
	let i = skip(text, 0);
	if (text.charAt(i) === "*") {
		return skip(text, i + 1) === text.length ? "*" : null;
	}
	while (i < text.length) {
		const tag = readEntityTag(text, i);
		if (tag === null) return null;
		tags.push(tag);
		i = skipSpace(text, tag.end);
		if (i < text.length && text.charAt(i) !== ",") return null;
		i = skip(text, i);
	}
	return tags.length === 0 ? null : tags;
}

function skipSpace(text: string, at: number): number {
	let i = at;
	while (text.charAt(i) === " " || text.charAt(i) === "\t") i += 1;
	return i;
}

/** Past white space and commas: empty members of a list say nothing. */
function skip(text: string, at: number): number {
	let i = skipSpace(text, at);
	while (text.charAt(i) === ",") i = skipSpace(text, i + 1);
	return i;
}

/** The weak comparison (RFC 9110 section 8.8.3.2): what is between the quotes is the same. */
export function matchesWeakly(a: EntityTag, b: EntityTag): boolean {
	return a.opaque === b.opaque;
}

/** The strong comparison (RFC 9110 section 8.8.3.2): the same, and neither is weak. */
export function matchesStrongly(a: EntityTag, b: EntityTag): boolean {
	return !a.isWeak && !b.isWeak && a.opaque === b.opaque;
}
