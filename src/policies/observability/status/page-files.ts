import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("./page/", import.meta.url);

/** The page's files by name. The build puts a module with their contents in the place of this one: a bundle of a gateway has no files beside it. */
export const pageFiles: Readonly<Record<string, string>> = Object.fromEntries(
	readdirSync(folder).map((name) => [
		name,
		readFileSync(new URL(name, folder), "utf8"),
	]),
);
