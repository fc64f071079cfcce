import type { RequestListener } from "node:http";
import {
	startUpstream,
	type TestScope,
	type TestUpstream,
} from "../../src/testing.ts";

/** A request as the service got it. */
export interface Echo {
	readonly method: string;
	readonly url: string;
	/** Names in lower case; lines of one name joined by node's rules. */
	readonly headers: Readonly<Record<string, string>>;
	readonly rawHeaders: readonly string[];
	readonly body: string;
}

/** Answers with the request itself, as JSON. */
export const echo: RequestListener = (req, res) => {
	const chunks: Buffer[] = [];
	req.on("data", (chunk: Buffer) => chunks.push(chunk));
	req.on("end", () => {
		const { method, url, headers, rawHeaders } = req;
		const body = Buffer.concat(chunks).toString();
		res.setHeader("content-type", "application/json");
		res.end(JSON.stringify({ method, url, headers, rawHeaders, body }));
	});
};

/** A service that answers with the request itself. */
export function startEcho(scope: TestScope): Promise<TestUpstream> {
	return startUpstream(scope, echo);
}
