import {
	type HeaderList,
	hasHeader,
	headerValues,
	trimSpace,
} from "./header-list.ts";

/** How many tags one answer may have. */
export const maxTags = 256;
/** How many characters one tag may have. */
export const maxTagLength = 256;

/** The headers that carry tags: taken off the answer before it reaches a client. */
export const tagHeaders: readonly string[] = ["cache-tag", "surrogate-key"];

/**
 * The tags of an answer, each once: `Cache-Tag` parts them by commas, `Surrogate-Key` by spaces. Case counts. Null
 * beyond 256 tags or 256 characters in one: an answer with a tag that is lost could not be purged by it, so it is
 * not to be stored.
 */
export function tagsOf(headers: HeaderList): readonly string[] | null {
	const tags = new Set<string>();
	for (const value of headerValues(headers, "cache-tag")) {
		if (!addTags(tags, value, ",")) return null;
	}
	for (const value of headerValues(headers, "surrogate-key")) {
		if (!addTags(tags, value.replaceAll("\t", " "), " ")) return null;
	}
	return [...tags];
}

/** Whether it has a header that carries tags, be it an empty one. */
export function hasTags(headers: HeaderList): boolean {
	return tagHeaders.some((name) => hasHeader(headers, name));
}

/** Whether all of them fit. */
function addTags(tags: Set<string>, value: string, separator: string): boolean {
	let start = 0;
	while (start <= value.length) {
		const found = value.indexOf(separator, start);
		const end = found < 0 ? value.length : found;
		const tag = trimSpace(value.slice(start, end));
		if (tag.length > maxTagLength) return false;
		if (tag !== "") tags.add(tag);
		if (tags.size > maxTags) return false;
		start = end + 1;
	}
	return true;
}
