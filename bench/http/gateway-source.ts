import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type * as Headgate from "../../src/index.ts";
import { announce, skip } from "./contender.ts";

/** The folder under test, of src or of what is built from it: another one with `GATEWAY_SRC`, default this tree's src. */
const source = process.env.GATEWAY_SRC
	? pathToFileURL(`${process.env.GATEWAY_SRC}/`)
	: new URL("../../src/", import.meta.url);

/** Loads a module of the gateway; a variant whose parts do not exist yet is skipped. */
export async function load<T>(path: string): Promise<T> {
	try {
		const isSource = existsSync(new URL("index.ts", source));
		const name = isSource ? path : path.replace(/\.ts$/, ".js");
		return await import(new URL(name, source).href);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code !== "ERR_MODULE_NOT_FOUND") throw error;
		return skip(`not built yet: ${/src\/[\w/.-]+/.exec(message)?.[0] ?? path}`);
	}
}

/** The public API under test. */
export const headgate: typeof Headgate = await load("index.ts");

/** Serves a gateway on `PORT` (0 by default) and announces it. No docs page: a worktree has not built its files. */
export async function serve(options: Headgate.GatewayOptions): Promise<void> {
	const gateway = headgate.createGateway({ docs: false, ...options });
	const { port } = await gateway.listen({
		port: Number(process.env.PORT ?? 0),
		host: "127.0.0.1",
	});
	announce(port);
}
