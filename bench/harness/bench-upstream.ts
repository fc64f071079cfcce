import { type Running, start } from "./spawn.ts";

/**
 * Starts bench/upstream.ts on the load's side.
 * @throws Error when it does not start: nothing can be measured without it
 */
export async function startUpstream(
	env: Readonly<Record<string, string>> = {},
): Promise<Running> {
	const upstream = await start({
		side: "load",
		file: "upstream.ts",
		env: { ...env, PORT: "0" },
	});
	if ("skip" in upstream) throw new Error(`upstream: ${upstream.skip}`);
	return upstream;
}
