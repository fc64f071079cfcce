/** The page's own script: a file of its own, because the policy allows none in the page. */
export const startScript = `"use strict";
const root = document.getElementById("docs");
const resolve = (name) => new URL(root.dataset[name], document.baseURI).href;
// A choice of servers is shown where there is one: not for the gateway alone.
const servers = () => ({
	wrapComponents: {
		ServersContainer: (Original, { React, specSelectors }) => (props) => {
			const all = specSelectors.servers();
			const isOwn = all.size === 1 && /^\\.\\.?\\//.test(all.first().get("url"));
			return isOwn ? null : React.createElement(Original, props);
		},
	},
});
window.ui = SwaggerUIBundle({
	domNode: root,
	url: resolve("openapi"),
	oauth2RedirectUrl: resolve("redirect"),
	presets: [SwaggerUIBundle.presets.apis],
	plugins: [servers],
	layout: "BaseLayout",
	deepLinking: true,
	displayRequestDuration: true,
	validatorUrl: null,
});
`;

/** What the page needs to know; every URL relative to the page itself. */
export interface PageOptions {
	readonly title: string;
	/** The document. */
	readonly openapi: string;
	/** Where an authorization server sends the reader back to. */
	readonly redirect: string;
	/** Gives the URL of one of the page's files. */
	readonly asset: (name: string) => string;
}

/** The page: nothing in it but links, so that no inline script or style has to be allowed. */
export function toHtml(options: PageOptions): string {
	const { title, openapi, redirect, asset } = options;
	const data = Object.entries({ openapi, redirect })
		.map(([name, url]) => `data-${name}="${escapeHtml(url)}"`)
		.join(" ");
	const link = (name: string): string => escapeHtml(asset(name));
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${link("swagger-ui.css")}">
<link rel="icon" type="image/png" href="${link("favicon-32x32.png")}">
</head>
<body>
<div id="docs" ${data}></div>
<script src="${link("swagger-ui-bundle.js")}"></script>
<script src="${link("start.js")}"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll('"', "&quot;");
}

/** The page's Content-Security-Policy (W3C CSP 3): its own files, calls to the gateway and to `origins`, and nothing else. */
export function toSecurityPolicy(origins: readonly string[]): string {
	return [
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		// The style sheet has its icons in data: URLs.
		"img-src 'self' data:",
		["connect-src 'self'", ...origins].join(" "),
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	].join("; ");
}

/**
 * The other origins that "try it" may call: the document's absolute servers,
 * and where tokens are got from.
 */
export function listOrigins(document: object): readonly string[] {
	const { servers, components } = document as {
		servers?: unknown;
		components?: { securitySchemes?: unknown };
	};
	const origins = new Set<string>();
	const gather = (value: unknown): void => {
		if (typeof value === "string") {
			const origin = toOrigin(value);
			if (origin !== null) origins.add(origin);
		} else if (typeof value === "object" && value !== null) {
			Object.values(value).forEach(gather);
		}
	};
	gather(servers);
	gather(components?.securitySchemes);
	return [...origins];
}

function toOrigin(text: string): string | null {
	if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
	const { origin } = new URL(text);
	// A host may have signs in it that would end the directive, or be a template.
	return /^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : null;
}
