import type { Duplex, Readable } from "node:stream";
import type { HttpError } from "../http/errors.ts";
import type { BodyObserver } from "../model/outcome.ts";
import type { ForwardRequest } from "../upstream/attempts.ts";
import type { AnswerHead } from "./response-writer.ts";

/** The request that a forward works for. */
export interface ForwardOwner {
	/**
	 * The head has come. True sends it on with the body behind it; false means
	 * that the owner has taken over: it has called `abort` or `gather`.
	 */
	onAnswerHead(head: AnswerHead): boolean;
	/** The head is about to go out. */
	onHeadOut(): void;
	/** The upstream has switched protocols: the socket is the owner's. */
	onUpgraded(head: AnswerHead, socket: Duplex): void;
	/** The client has been sent nothing and may be told. */
	onForwardFailed(error: HttpError): void;
	/** The answer broke off after its head: the client's socket must go. */
	onAnswerBroken(error: HttpError): void;
	/** Sees the answer's body as it passes; null where nobody looks. */
	readonly bodyObserver: BodyObserver | null;
	/** Whether bytes of the client's request are still to come. */
	readonly isRequestOpen: boolean;
}

/** While the client owes bytes of its body, silence is the client's and has its own limit. */
export function isClientSilent(
	owner: ForwardOwner,
	request: ForwardRequest | null,
): boolean {
	const body = request?.body as Readable | null;
	return owner.isRequestOpen && body?.isPaused?.() === false;
}
