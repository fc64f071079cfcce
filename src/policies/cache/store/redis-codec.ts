import type {
	CacheEntry,
	StoredAnswer,
	VaryMarker,
} from "./stored-response.ts";

/** Entries written in another form are taken for none. */
const version = 1;
const headAt = 5;

/** What stands before the body. */
interface Head {
	readonly vary?: readonly string[];
	readonly answer?: Omit<StoredAnswer, "body" | "source"> & {
		/** Null where clients get all of it. */
		readonly source: StoredAnswer["source"] | null;
	};
}

/** An entry as bytes: a version, the length of the head, the head as JSON, the body. */
export function encodeEntry(entry: CacheEntry): Buffer {
	const head = Buffer.from(JSON.stringify(toHead(entry)));
	const body = entry.kind === "answer" ? entry.body : new Uint8Array(0);
	const bytes = Buffer.allocUnsafe(headAt + head.length + body.length);
	bytes.writeUInt8(version, 0);
	bytes.writeUInt32BE(head.length, 1);
	bytes.set(head, headAt);
	bytes.set(body, headAt + head.length);
	return bytes;
}

function toHead(entry: CacheEntry): Head {
	if (entry.kind === "vary") return { vary: entry.names };
	const { body: _body, source, ...rest } = entry;
	const isSame = source === entry.headers;
	return { answer: { ...rest, source: isSame ? null : source } };
}

/** The entry that bytes say; null where they say none. */
export function decodeEntry(bytes: Buffer): CacheEntry | null {
	if (bytes.length < headAt || bytes.readUInt8(0) !== version) return null;
	const bodyAt = headAt + bytes.readUInt32BE(1);
	if (bodyAt > bytes.length) return null;
	try {
		const head = JSON.parse(bytes.toString("utf8", headAt, bodyAt)) as Head;
		return toEntry(head, bytes.subarray(bodyAt));
	} catch {
		return null;
	}
}

function toEntry({ vary, answer }: Head, body: Buffer): CacheEntry | null {
	if (vary !== undefined) return { kind: "vary", names: vary } as VaryMarker;
	if (answer === undefined) return null;
	return { ...answer, source: answer.source ?? answer.headers, body };
}
