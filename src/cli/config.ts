import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Gateway } from "../index.ts";
import { CommandError } from "./command-error.ts";

/**
 * The gateway that is a config file's default export. TypeScript runs as it is,
 * by node's type stripping.
 *
 * @throws CommandError when there is no such file, it fails, or it exports no gateway.
 */
export async function loadGateway(file: string): Promise<Gateway> {
	const path = resolve(file);
	const stats = await stat(path).catch(() => null);
	if (stats === null) throw new CommandError(`there is no file ${path}`);
	if (!stats.isFile()) throw new CommandError(`${path} is no file`);
	const exported = await load(path);
	if (!Object.hasOwn(exported, "default")) {
		throw new CommandError(
			`${path} has no default export; it must end in \`export default createGateway({ ... })\``,
		);
	}
	const { default: gateway } = exported;
	if (!isGateway(gateway)) {
		throw new CommandError(
			`the default export of ${path} is no gateway; it must be what createGateway gives`,
		);
	}
	return gateway;
}

async function load(path: string): Promise<{ readonly default?: unknown }> {
	try {
		return await import(pathToFileURL(path).href);
	} catch (error) {
		const told =
			error instanceof Error ? (error.stack ?? error.message) : error;
		throw new CommandError(`${path} could not be loaded\n${told}`);
	}
}

/** By what is used of it: the file may have brought its own copy of the package. */
function isGateway(value: unknown): value is Gateway {
	if (typeof value !== "object" || value === null) return false;
	const { listen, close } = value as Partial<Gateway>;
	return typeof listen === "function" && typeof close === "function";
}
