import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// The package carries the page's files itself: depending on swagger-ui-dist would
// bring its analytics install script to everyone who installs the gateway.
const files = [
	"swagger-ui.css",
	"swagger-ui-bundle.js",
	"favicon-32x32.png",
	"oauth2-redirect.html",
	"oauth2-redirect.js",
	"LICENSE",
	"NOTICE",
	"swagger-ui-bundle.js.LICENSE.txt",
];

const manifest = createRequire(import.meta.url).resolve(
	"swagger-ui-dist/package.json",
);
const target = join(import.meta.dirname, "../dist/docs-ui");
mkdirSync(target, { recursive: true });
for (const file of files) {
	copyFileSync(join(dirname(manifest), file), join(target, file));
}
// Written last: where it is, all the others are.
const { version } = JSON.parse(readFileSync(manifest, "utf8"));
writeFileSync(join(target, "version.json"), JSON.stringify({ version }));
