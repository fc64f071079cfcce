import type { Dispatcher } from "undici";

/** NTLM logs a connection in, and Negotiate may: whoever uses it next would be that user (RFC 4559 section 6). */
const bindingScheme = /^\s*(?:ntlm|negotiate)(?:\s|$)/i;

/** Whether a field asks for a connection that no other client uses. */
export function isBindingField(name: string, value: string): boolean {
	return name.toLowerCase() === "authorization" && bindingScheme.test(value);
}

/** Fields about the connection, which undici has rules of its own for. */
const special: ReadonlySet<string> = new Set([
	"connection",
	"keep-alive",
	"transfer-encoding",
	"upgrade",
	"expect",
]);
/** Methods of which a service expects a body: without one they say so (RFC 9110 section 8.6). */
const payloadMethods: ReadonlySet<string> = new Set([
	"POST",
	"PUT",
	"PATCH",
	"QUERY",
	"PROPFIND",
	"PROPPATCH",
]);
const token = /^[\w!#$%&'*+.^`|~-]+$/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const notInPath = /[^\x21-\xff]/;

/**
 * The head of a request as it goes out; null where undici must send it: a body that
 * streams, an upgrade, or anything that this connection does not check.
 */
export function toRequestHead(
	options: Dispatcher.DispatchOptions,
	host: string,
): string | null {
	const { method, path, headers } = options;
	const body = (options.body ?? null) as Uint8Array | null;
	if (body !== null && !(body instanceof Uint8Array)) return null;
	if (options.upgrade || options.query || options.expectContinue) return null;
	if (options.reset || options.blocking) return null;
	if (!Array.isArray(headers) || !token.test(method)) return null;
	if (method === "CONNECT" || !path.startsWith("/")) return null;
	if (notInPath.test(path)) return null;
	let askedHost = host;
	let fields = "";
	for (let i = 0; i < headers.length; i += 2) {
		const name: unknown = headers[i];
		const value: unknown = headers[i + 1];
		if (typeof name !== "string" || typeof value !== "string") return null;
		if (notInValue.test(value)) return null;
		switch (name.length) {
			case 4:
				if (name.toLowerCase() !== "host") break;
				askedHost = value;
				continue;
			case 14:
				if (name.toLowerCase() !== "content-length") break;
				// undici has the rules for one that is not the body's own.
				if (value !== String(body?.length ?? 0)) return null;
				continue;
			case 13:
				if (isBindingField(name, value)) return null;
				break;
			case 6:
			case 7:
			case 10:
			case 17:
				if (special.has(name.toLowerCase())) return null;
				break;
			default:
		}
		if (!token.test(name)) return null;
		fields += `${name}: ${value}\r\n`;
	}
	const length =
		body !== null && (body.length > 0 || payloadMethods.has(method))
			? `content-length: ${body.length}\r\n`
			: body === null && payloadMethods.has(method)
				? "content-length: 0\r\n"
				: "";
	return `${method} ${path} HTTP/1.1\r\nhost: ${askedHost}\r\nconnection: keep-alive\r\n${fields}${length}\r\n`;
}
