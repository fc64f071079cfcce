import { createRequire } from "node:module";
import { join } from "node:path";

// In a bundle that is no module there is no import.meta: then as from where the program runs.
const load = createRequire(import.meta.url ?? join(process.cwd(), "_"));

/**
 * Loads a package that users install where they need it, for the subpath `user`.
 *
 * @throws Error that names the package where it is not installed.
 */
export function loadPeer<T>(name: string, user: string): T {
	try {
		return load(name) as T;
	} catch (cause) {
		if ((cause as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw cause;
		throw new Error(
			`${user} needs the package "${name}": npm install ${name}`,
			{ cause },
		);
	}
}

/** Whether such a package is installed. */
export function hasPeer(name: string): boolean {
	try {
		load.resolve(name);
		return true;
	} catch {
		return false;
	}
}
