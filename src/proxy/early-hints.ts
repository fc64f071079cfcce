import type { ServerResponse } from "node:http";
import { ResponseHead } from "../http/headers.ts";

/** Passes a 103 on (RFC 8297); a client of HTTP/1.0 knows no interim answers. */
export function sendEarlyHints(
	res: ServerResponse,
	raw: readonly Buffer[],
): void {
	if (res.headersSent || res.req.httpVersionMinor === 0) return;
	const hints: Record<string, string | string[]> = {};
	const { headers } = new ResponseHead(raw);
	for (let i = 0; i < headers.length; i += 2) {
		const name = (headers[i] as string).toLowerCase();
		const value = headers[i + 1] as string;
		const known = hints[name];
		hints[name] = known === undefined ? value : [known, value].flat();
	}
	try {
		res.writeEarlyHints(hints);
	} catch {
		// Hints that node would not send are left out: they are optional.
	}
}
