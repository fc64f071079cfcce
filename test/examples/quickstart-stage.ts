import { createQuickstart } from "../../examples/quickstart/gateway.ts";
import { startMicroservice } from "../../examples/quickstart/microservice.ts";
import { startGateway, type TestScope } from "../../src/testing.ts";

/** An answer as a client of the quickstart sees it. */
export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly body: unknown;
}

/** The gateway in front of the demo service; both are closed with the scope. Gives the gateway's URL. */
export async function startQuickstart(scope: TestScope): Promise<string> {
	const service = await startMicroservice();
	scope.after(() => service.close());
	return startFront(scope, service.url);
}

/** The gateway alone, in front of whatever answers at that URL. */
export async function startFront(
	scope: TestScope,
	serviceUrl: string,
): Promise<string> {
	const { url } = await startGateway(scope, createQuickstart(serviceUrl));
	return `${url}/gateway_endpoint`;
}

/** Calls `GET /query?a=1` and the like, and reads the JSON that comes back. */
export async function call(
	url: string,
	target: string,
	init?: RequestInit,
): Promise<Answer> {
	const [method = "GET", path] = target.split(" ");
	const res = await fetch(`${url}${path}`, { method, ...init });
	const text = await res.text();
	return { status: res.status, headers: res.headers, body: JSON.parse(text) };
}

/** A JSON body. */
export function json(value: unknown): RequestInit {
	const headers = { "content-type": "application/json" };
	return { headers, body: JSON.stringify(value) };
}

/** An urlencoded body. */
export function urlencoded(text: string): RequestInit {
	const headers = { "content-type": "application/x-www-form-urlencoded" };
	return { headers, body: text };
}

/** A multipart body with a boundary of the client's own. */
export function multipart(
	fields: Readonly<Record<string, string | File>>,
): RequestInit {
	const data = new FormData();
	for (const [name, value] of Object.entries(fields)) data.append(name, value);
	return { body: data };
}

/** The places that a FastAPI-shaped 422 names. */
export function locations({ body }: Answer): unknown {
	return (body as { detail: { loc: unknown }[] }).detail.map(({ loc }) => loc);
}
