import {
	type CacheDirectives,
	noDirectives,
	parseCacheControl,
} from "./cache-control.ts";
import type { HeaderList } from "./header-list.ts";

/** What of a request's head the cache acts upon, read in one pass. */
export class RequestFacts {
	/** As the client sent them. */
	readonly headers: HeaderList;
	/** Whether a Cache-Control or Pragma is there. */
	hasDirectives = false;
	/** If-None-Match or If-Modified-Since. */
	isConditional = false;
	/** If-Match or If-Unmodified-Since: only the origin can judge them (RFC 9111 section 4.3.2). */
	needsOrigin = false;
	hasRange = false;
	hasBody = false;
	hasAuthorization = false;
	hasCookie = false;
	/** Whether it has a header that services take for another method or path than the key says. */
	isOverridden = false;
	/** Whether it asks for another protocol. */
	isUpgrade = false;
	#directives: CacheDirectives | null = null;

	constructor(headers: HeaderList) {
		this.headers = headers;
		for (let i = 0; i < headers.length; i += 2) {
			this.#read(headers[i] as string, headers[i + 1] as string);
		}
	}

	get directives(): CacheDirectives {
		if (!this.hasDirectives) return noDirectives;
		this.#directives ??= parseCacheControl(this.headers);
		return this.#directives;
	}

	/** The length rules out nearly every name before one is compared. */
	#read(name: string, value: string): void {
		switch (name.length) {
			case 5:
				if (is(name, "range")) this.hasRange = true;
				break;
			case 6:
				if (is(name, "pragma")) this.hasDirectives = true;
				else if (is(name, "cookie")) this.hasCookie = true;
				break;
			case 7:
				if (is(name, "upgrade")) this.isUpgrade = true;
				break;
			case 8:
				if (is(name, "if-match")) this.needsOrigin = true;
				break;
			case 13:
				if (is(name, "cache-control")) this.hasDirectives = true;
				else if (is(name, "if-none-match")) this.isConditional = true;
				else if (is(name, "authorization")) this.hasAuthorization = true;
				else if (is(name, "x-http-method") || is(name, "x-rewrite-url"))
					this.isOverridden = true;
				break;
			case 14:
				if (is(name, "content-length") && value !== "0") this.hasBody = true;
				else if (is(name, "x-original-url")) this.isOverridden = true;
				break;
			case 17:
				if (is(name, "if-modified-since")) this.isConditional = true;
				else if (is(name, "transfer-encoding")) this.hasBody = true;
				else if (is(name, "x-method-override")) this.isOverridden = true;
				break;
			case 19:
				if (is(name, "if-unmodified-since")) this.needsOrigin = true;
				break;
			case 22:
				if (is(name, "x-http-method-override")) this.isOverridden = true;
				break;
			default:
		}
	}
}

function is(name: string, lowerCase: string): boolean {
	return name === lowerCase || name.toLowerCase() === lowerCase;
}
