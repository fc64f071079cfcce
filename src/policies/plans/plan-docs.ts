import type { DocsContribution } from "../../index.ts";

/** What the docs say about a route with plans, whose limits say this. */
export function toDocs(
	limits: DocsContribution,
	{
		enforce,
		anonymous,
	}: { readonly enforce?: string; readonly anonymous?: unknown },
): DocsContribution {
	if (enforce === "shadow") return limits;
	const nobody = { 401: { description: "Nobody is known to call." } };
	return {
		responses: {
			...limits.responses,
			...(anonymous === undefined ? nobody : {}),
			403: { description: "Not in the caller's plan." },
		},
	};
}
