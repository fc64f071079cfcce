import { type Context, type Input, input, Type } from "../../index.ts";

/** Every authorization line of a request: more than one is refused, and not read by whoever comes first. */
export const authorizationInput: Input<string[] | undefined> = input.header(
	"authorization",
	Type.Optional(Type.Array(Type.String())),
);

/** What an Authorization field holds of one scheme: none of it, its credentials, or more than may be. */
export type Credentials =
	| { readonly kind: "none" }
	| { readonly kind: "one"; readonly text: string }
	| { readonly kind: "several" };

const none: Credentials = { kind: "none" };
const several: Credentials = { kind: "several" };

/** The credentials of that scheme (in lower case), as they stand behind its name (RFC 9110 section 11.4). */
export function readCredentials(
	lines: readonly string[] | undefined,
	scheme: string,
): Credentials {
	if (lines === undefined) return none;
	if (lines.length > 1) return several;
	const line = lines[0] as string;
	if (!isOfScheme(line, scheme)) return none;
	// Blanks alone may stand between (RFC 9110 section 11.4): what follows a tab stays malformed.
	return { kind: "one", text: line.slice(scheme.length).replace(/^ +/, "") };
}

function isOfScheme(line: string, scheme: string): boolean {
	const next = line.charAt(scheme.length);
	// A service that takes a tab for a blank must not get what nobody has looked at.
	return (
		(next === " " || next === "\t" || next === "") &&
		line.slice(0, scheme.length).toLowerCase() === scheme
	);
}

/** Takes the Authorization field off what goes upstream, unless it is another scheme's. */
export function withholdAuthorization(
	lines: readonly string[] | undefined,
	scheme: string,
	ctx: Context,
): void {
	if (readCredentials(lines, scheme).kind === "none") return;
	ctx.withhold("header", "authorization");
}
