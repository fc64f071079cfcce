import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// The build puts a module with the files' contents in the place of this one (.ci/build.ts): a bundle of a
// gateway has no files beside it, and its users need not install swagger-ui-dist, which brings an analytics script.
const manifest = createRequire(import.meta.url).resolve(
	"swagger-ui-dist/package.json",
);

function read(name: string): () => Promise<Buffer> {
	return () => readFile(join(dirname(manifest), name));
}

/** The docs page's files by name, each read when it is first asked for. */
export const pageFiles: Readonly<Record<string, () => Promise<Buffer>>> = {
	"swagger-ui.css": read("swagger-ui.css"),
	"swagger-ui-bundle.js": read("swagger-ui-bundle.js"),
	"favicon-32x32.png": read("favicon-32x32.png"),
	"oauth2-redirect.html": read("oauth2-redirect.html"),
	"oauth2-redirect.js": read("oauth2-redirect.js"),
};

/** Of what they are made from. */
export const pageVersion: string = (
	createRequire(import.meta.url)(manifest) as { version: string }
).version;
