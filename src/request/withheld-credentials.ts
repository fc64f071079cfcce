import type { WithheldSource } from "../model/types.ts";

/** The names whose values stay here; header names in lower case. */
export class Withheld {
	query: Set<string> | null = null;
	/** One or two: a set would cost more than it saves. */
	header: string[] | null = null;
	cookie: Set<string> | null = null;

	add(source: WithheldSource, name: string): void {
		if (source === "header") {
			this.header ??= [];
			this.header.push(name.toLowerCase());
			return;
		}
		this[source] ??= new Set();
		this[source].add(name);
	}
}

/** A query without the pairs of these names; every other byte stays. `query` begins with `?` or is empty. */
export function withoutQueryNames(
	query: string,
	names: ReadonlySet<string> | null,
): string {
	if (query === "" || names === null) return query;
	const pairs = query.slice(1).split("&");
	const kept = pairs.filter((pair) => !names.has(nameOfPair(pair)));
	if (kept.length === pairs.length) return query;
	return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** The name of one pair of a query, decoded as the gateway's own parser does; as it stands where it is no UTF-8. */
export function nameOfPair(pair: string): string {
	const equals = pair.indexOf("=");
	const raw = equals < 0 ? pair : pair.slice(0, equals);
	const name = raw.replaceAll("+", " ");
	try {
		return decodeURIComponent(name);
	} catch {
		return name;
	}
}

/** The header lines without the cookies of these names (RFC 6265 section 4.2); a line that has none left is dropped. */
export function withoutCookies(
	headers: readonly string[],
	names: ReadonlySet<string>,
): string[] {
	const kept: string[] = [];
	for (let i = 0; i < headers.length; i += 2) {
		const name = headers[i] as string;
		const value = headers[i + 1] as string;
		if (name.toLowerCase() !== "cookie") kept.push(name, value);
		else pushCookies(kept, name, value, names);
	}
	return kept;
}

function pushCookies(
	kept: string[],
	name: string,
	line: string,
	names: ReadonlySet<string>,
): void {
	const pairs = line.split(";");
	const rest = pairs.filter(
		(pair) => !names.has((pair.split("=", 1)[0] as string).trim()),
	);
	if (rest.length === pairs.length) kept.push(name, line);
	else if (rest.length > 0) kept.push(name, rest.join(";").trim());
}
