import { validateHeaderName, validateHeaderValue } from "node:http";

/** Whether answers with that status end at their head (RFC 9110 sections 15.3.5 and 15.4.5). */
export function isBodiless(status: number): boolean {
	return status === 204 || status === 304;
}

/**
 * Looks at the head of an answer without a body before node does: once node has
 * refused one, the answer that takes its place would lose its body too.
 *
 * @throws TypeError for a header (names and values in turn) that node would not send.
 */
export function checkBodilessHead(headers: readonly string[]): void {
	for (let i = 0; i < headers.length; i += 2) {
		const name = headers[i] as string;
		validateHeaderName(name);
		validateHeaderValue(name, headers[i + 1] as string);
	}
}
