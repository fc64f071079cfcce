import { type HeaderList, headerValues, trimSpace } from "./header-list.ts";

/** Methods that change nothing (RFC 9110 section 9.2.1 and the registry of methods); every other one is unsafe. */
const safeMethods: ReadonlySet<string> = new Set([
	"GET",
	"HEAD",
	"OPTIONS",
	"TRACE",
	"PROPFIND",
	"QUERY",
	"REPORT",
	"SEARCH",
]);

/** Whether a method may change what it is aimed at. One that is not known may. Case counts (RFC 9110 section 9.1). */
export function isUnsafe(method: string): boolean {
	return !safeMethods.has(method);
}

/**
 * The URIs whose stored answers an answer makes invalid (RFC 9111 section 4.4): the target's, and those of Location
 * and Content-Location where they are of the same origin. Empty for a safe method and for an answer that is an
 * error. `targetUri` is absolute and comes back as it is; the others come back absolute, normalised as URLs are,
 * without a fragment, each once. One that can't be read is left out.
 */
export function invalidatedBy(
	method: string,
	targetUri: string,
	status: number,
	responseHeaders: HeaderList,
): string[] {
	if (!isUnsafe(method) || status < 200 || status > 399) return [];
	const uris = new Set([targetUri]);
	const target = URL.parse(targetUri);
	if (target === null) return [targetUri];
	for (const name of ["location", "content-location"]) {
		for (const value of headerValues(responseHeaders, name)) {
			const uri = URL.parse(trimSpace(value), target);
			// A foreign origin's answers are not this one's to drop: that would be an attack's way in.
			if (uri === null || uri.origin !== target.origin) continue;
			uri.hash = "";
			uris.add(uri.href);
		}
	}
	return [...uris];
}
