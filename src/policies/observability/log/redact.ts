import type { Dependency, RouteInfo, SecuritySchemes } from "../../../index.ts";

/** What is written in the place of a value. */
export const redacted = "[redacted]";

/** Names of query values that carry secrets more often than not. */
const suspicious =
	/key|token|secret|passw|pwd|auth|sign|sig$|credential|session|jwt|assertion|^code$|^state$|^nonce$/;

const maxPathLength = 2_048;

/** The path of a request as a log may have it. */
export type RedactPath = (url: string) => string;

/**
 * Compiles how a route's paths are written: the values of query names that carry
 * secrets and of those in `hidden` are left out; a path with such a parameter is
 * written as its template. The names of the API keys that the route takes are added
 * to `hidden`, which all routes share: clients send keys to wrong paths too.
 */
export function compileRedaction(
	info: RouteInfo,
	hidden: Set<string>,
): RedactPath {
	const keyNames = Object.values(info.dependencies).flatMap(keyNamesOf);
	for (const name of keyNames) hidden.add(name);
	const isSecret = (name: string): boolean =>
		hidden.has(name) || suspicious.test(name);
	const hidesPath = [...info.path.matchAll(/:(\w+)/g)].some(([, name = ""]) =>
		isSecret(name.toLowerCase()),
	);
	return (url) => {
		const at = url.indexOf("?");
		const path = at < 0 ? url : url.slice(0, at);
		const query = at < 0 ? "" : redactQuery(url.slice(at), isSecret);
		const text = (hidesPath ? info.path : path) + query;
		return text.length <= maxPathLength
			? text
			: `${text.slice(0, maxPathLength)}...`;
	};
}

/** The query names under which an API key is sent, as the schemes tell the docs. */
function keyNamesOf({ docs, needs }: Dependency): string[] {
	const { security = [] } = docs ?? {};
	const sets = (
		Array.isArray(security) ? security : [security]
	) as readonly SecuritySchemes[];
	const own = sets
		.flatMap((set) => Object.values(set))
		.filter(({ type, in: place }) => type === "apiKey" && place === "query")
		.map(({ name }) => String(name).toLowerCase());
	const needed = Object.values(needs).flatMap((need) =>
		need.kind === "dependency" ? keyNamesOf(need) : [],
	);
	return [...own, ...needed];
}

/** Byte for byte but for the values of secret names; `+` and percent-encoding hide no name. */
function redactQuery(
	query: string,
	isSecret: (name: string) => boolean,
): string {
	if (query.length > maxPathLength * 2) return `?${redacted}`;
	let text = "";
	for (const pair of query.slice(1).split("&")) {
		const at = pair.indexOf("=");
		const name = at < 0 ? pair : pair.slice(0, at);
		const isHidden = at >= 0 && isSecret(toName(name));
		text += `${text === "" ? "?" : "&"}${isHidden ? `${name}=${redacted}` : pair}`;
	}
	return text;
}

function toName(encoded: string): string {
	const name = encoded.replaceAll("+", " ").toLowerCase();
	if (!name.includes("%")) return name;
	try {
		return decodeURIComponent(name).toLowerCase();
	} catch {
		return name;
	}
}
