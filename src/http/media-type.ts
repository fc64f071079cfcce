/** A media type as a header names it (RFC 9110 section 8.3.1): type and parameters, names in lower case. */
export interface MediaType {
	/** Such as `application/json`. */
	readonly essence: string;
	readonly parameters: ReadonlyMap<string, string>;
}

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** The media type a header names; null where there is none or it is malformed. */
export function parseMediaType(header: string | undefined): MediaType | null {
	if (header === undefined) return null;
	const parts = splitOutsideQuotes(header);
	const essence = (parts[0] as string).trim().toLowerCase();
	const [type, subtype, ...rest] = essence.split("/");
	if (type === undefined || subtype === undefined || rest.length > 0) {
		return null;
	}
	if (!token.test(type) || !token.test(subtype)) return null;
	const parameters = new Map<string, string>();
	for (const part of parts.slice(1)) {
		const equals = part.indexOf("=");
		if (equals < 0) {
			if (part.trim() !== "") return null;
			continue;
		}
		const name = part.slice(0, equals).trim().toLowerCase();
		if (!token.test(name) || parameters.has(name)) return null;
		parameters.set(name, unquote(part.slice(equals + 1).trim()));
	}
	return { essence, parameters };
}

/** Whether a JSON parser takes it: `application/json` and every `+json` (RFC 6839 section 3.1). */
export function isJsonType(type: MediaType): boolean {
	return type.essence === "application/json" || type.essence.endsWith("+json");
}

function splitOutsideQuotes(header: string): string[] {
	if (!header.includes('"')) return header.split(";");
	const parts: string[] = [];
	let start = 0;
	let isQuoted = false;
	for (let i = 0; i < header.length; i++) {
		const char = header[i];
		if (isQuoted && char === "\\") i++;
		else if (char === '"') isQuoted = !isQuoted;
		else if (char === ";" && !isQuoted) {
			parts.push(header.slice(start, i));
			start = i + 1;
		}
	}
	parts.push(header.slice(start));
	return parts;
}

/** The value of a parameter as it is written. */
export function quote(value: string): string {
	return token.test(value.toLowerCase())
		? value
		: `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

function unquote(value: string): string {
	return value.length >= 2 && value.startsWith('"') && value.endsWith('"')
		? value.slice(1, -1).replaceAll(/\\(.)/gs, "$1")
		: value;
}
