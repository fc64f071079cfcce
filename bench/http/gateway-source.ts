import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type * as Headgate from "../../src/index.ts";
import { announce, skip } from "./contender.ts";

/** The folder under test, of src or of what is built from it: another one with `GATEWAY_SRC`, default this tree's src. */
const source = process.env.GATEWAY_SRC
	? pathToFileURL(`${process.env.GATEWAY_SRC}/`)
	: new URL("../../src/", import.meta.url);

/** Loads what a subpath such as "auth/jwt" exports, "." for the main entry; a variant whose parts do not exist yet is skipped. */
export async function load<T>(subpath: string): Promise<T> {
	const manifest = JSON.parse(
		readFileSync(new URL("../package.json", source), "utf8"),
	);
	const name = subpath === "." ? "." : `./${subpath}`;
	const built: string | undefined = manifest.exports[name]?.default;
	if (built === undefined) return skip(`no subpath ${name} yet`);
	const path = built.replace("./dist/", "");
	const isSource = existsSync(new URL("index.ts", source));
	const file = isSource ? path.replace(/\.js$/, ".ts") : path;
	return await import(new URL(file, source).href);
}

/** The public API under test. */
export const headgate: typeof Headgate = await load(".");

/** Serves a gateway on `PORT` (0 by default) and announces it. No docs page: a worktree has not built its files. */
export async function serve(options: Headgate.GatewayOptions): Promise<void> {
	const gateway = headgate.createGateway({ docs: false, ...options });
	const { port } = await gateway.listen({
		port: Number(process.env.PORT ?? 0),
		host: "127.0.0.1",
	});
	announce(port);
}
