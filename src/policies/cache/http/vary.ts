import {
	type HeaderList,
	headerValues,
	isToken,
	listMembers,
	trimSpace,
} from "./header-list.ts";

/** More names than this are taken as `*`: nobody could hit such a key. */
const maxNames = 32;

/**
 * The request headers that Vary names, in lower case, sorted, each once; `"*"` where it has a member `*`, one that is
 * no name, or more than 32: such an answer is never reused (RFC 9111 section 4.1). Empty without Vary.
 */
export function varyNamesOf(headers: HeaderList): readonly string[] | "*" {
	const lines = headerValues(headers, "vary");
	if (lines.length === 0) return noNames;
	const names = new Set<string>();
	for (const line of lines) {
		for (const member of listMembers(line)) {
			if (member === "*" || !isToken(member)) return "*";
			names.add(member.toLowerCase());
		}
	}
	return names.size > maxNames ? "*" : [...names].sort();
}

const noNames: readonly string[] = Object.freeze([]);

/** Request fields known to be lists, whose white space around commas says nothing. */
const listFields: ReadonlySet<string> = new Set([
	"accept",
	"accept-charset",
	"accept-encoding",
	"accept-language",
	"prefer",
	"te",
]);

/**
 * The second-level key: what the request says in the headers that the answer varies by (RFC 9111 section 4.1). Two
 * requests match when their keys are the same. Several lines of a field are combined and, in fields known to be
 * lists, white space around commas is dropped; nothing else is normalised, so that no two meanings share a key. An
 * absent field only matches an absent one. Empty for no names.
 */
export function variantKeyOf(
	names: readonly string[],
	requestHeaders: HeaderList,
): string {
	let key = "";
	for (const name of names) {
		const lines = headerValues(requestHeaders, name);
		if (lines.length === 0) {
			key += `${name}!`;
			continue;
		}
		const value = listFields.has(name)
			? lines.flatMap(listMembers).join(",")
			: lines.map(trimSpace).join(", ");
		// The length keeps a value from writing the rest of the key.
		key += `${name}=${value.length}:${value}`;
	}
	return key;
}
