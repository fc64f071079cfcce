import type { IncomingMessage } from "node:http";

/** A body of up to so many bytes that has come with its head goes upstream in one write with it. */
export const smallBodyBytes: number = 16 * 1024;

/**
 * Looks, once the read that brought the head is used up, whether it brought the
 * whole body too, as it nearly always does for small ones: streaming that would
 * cost more than all the rest of the request (bench/README.md). Null where the
 * body is still to come: then it streams.
 */
export function takeSmallBody(
	req: IncomingMessage,
	length: number,
	onLooked: (bytes: Buffer | null) => void,
): void {
	process.nextTick(() => {
		const isHere = req.readableLength === length;
		onLooked(isHere ? (req.read() as Buffer | null) : null);
	});
}
