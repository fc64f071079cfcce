import type { HeaderList } from "../http/header-list.ts";
import type { CacheEntry, StoredAnswer } from "./stored-response.ts";

// Measured on Node 26 (test/policies/cache/memory-store-bytes.test.ts): objects of an entry and its places in maps.
const bytesOfSlot = 372;
const bytesOfAnswer = 390;
const bytesOfTag = 360;

/** What an entry takes in memory, key and index included, within 5 %. */
export function bytesOf(
	key: string,
	url: string,
	tags: readonly string[],
	entry: CacheEntry,
): number {
	let bytes = bytesOfSlot + textBytes(key) + textBytes(url);
	for (const tag of tags) bytes += bytesOfTag + textBytes(tag);
	if (entry.kind === "vary") return bytes + listBytes(entry.names);
	return bytes + answerBytes(entry);
}

function answerBytes({ headers, source, body }: StoredAnswer): number {
	const bytes = bytesOfAnswer + body.length + listBytes(headers);
	return source === headers ? bytes : bytes + listBytes(source);
}

function listBytes(list: HeaderList): number {
	let bytes = 16 + 8 * list.length;
	for (const text of list) bytes += textBytes(text);
	return bytes;
}

/** V8 keeps one byte a character and 16 before them, in steps of 8. */
function textBytes(text: string): number {
	return 16 + ((text.length + 7) & ~7);
}
