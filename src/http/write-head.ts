import { type ServerResponse, STATUS_CODES } from "node:http";
import { encodeWide } from "./header-edits.ts";

/**
 * Writes the head of a response, each character of a value as one byte. The reason phrase is that of the
 * status: node keeps the phrase of a head that it has rejected.
 *
 * @throws node's error for a head that it would not send; nothing has gone out then.
 */
export function writeHead(
	res: ServerResponse,
	status: number,
	headers: readonly string[],
): void {
	const reason = STATUS_CODES[status] ?? "Unknown";
	const list = dispositionFirst(headers) as string[];
	try {
		res.writeHead(status, reason, list);
	} catch (error) {
		forget(res, list);
		// Lists that hooks have written to are not read twice where nothing is wrong with them.
		const encoded = list.slice();
		if (!encodeWide(encoded)) throw error;
		res.writeHead(status, reason, encoded);
	}
}

/**
 * What node keeps of a head that it has rejected: its length, and its lines where a server around the gateway has set
 * headers of its own. The head that follows would be read as in `dispositionFirst`, and have lines of the other.
 */
function forget(res: ServerResponse, list: readonly string[]): void {
	(res as unknown as { _contentLength: null })._contentLength = null;
	if (res.getHeaderNames().length === 0) return;
	for (let i = 0; i < list.length; i += 2) {
		if (res.hasHeader(list[i] as string)) res.removeHeader(list[i] as string);
	}
}

/** Sends a head whose body is still to come. `flushHeaders` would send it as UTF-8, each byte beyond ASCII as two. */
export function flushHead(res: ServerResponse): void {
	res.write("", "latin1");
}

const disposition = "content-disposition";

/**
 * The list with `content-disposition` in front: behind `content-length` node reads its bytes as UTF-8, and
 * rejects or changes what is not ASCII.
 */
function dispositionFirst(headers: readonly string[]): readonly string[] {
	for (let i = 2; i < headers.length; i += 2) {
		const name = headers[i] as string;
		if (name.length !== 19 || name.toLowerCase() !== disposition) continue;
		const isDisposition = (_part: string, at: number): boolean =>
			(headers[at - (at % 2)] as string).toLowerCase() === disposition;
		const isOther = (part: string, at: number): boolean =>
			!isDisposition(part, at);
		return [...headers.filter(isDisposition), ...headers.filter(isOther)];
	}
	return headers;
}
