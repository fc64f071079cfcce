import { createRequire } from "node:module";
import { skip } from "./contender.ts";

const peers = createRequire(new URL("../peers/package.json", import.meta.url));

/**
 * Loads a package of bench/peers, which has an install of its own.
 * @param name such as `fast-proxy`
 */
export function peer<T>(name: string): T {
	try {
		return peers(name) as T;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND")
			throw error;
		return skip("not installed: npm ci --prefix bench/peers");
	}
}
