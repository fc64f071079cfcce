import { parseArgs } from "node:util";
import { CommandError } from "./command-error.ts";

/** What the command line asks for. */
export type Arguments =
	| { readonly kind: "help" }
	| { readonly kind: "version" }
	| ({ readonly kind: "run" } & RunArguments);

/** How a gateway is to be run. */
export interface RunArguments {
	/** As written. */
	readonly configFile: string;
	readonly port: number;
	readonly host: string;
	/** Processes that share the port; 0 runs the gateway in this one. */
	readonly workers: number;
}

/** What `--help` prints. */
export const help = `Usage: headgate <config file> [options]

Runs the gateway that is the config file's default export. The file is JavaScript
or TypeScript.

  --port N       where to listen (default 8000; 0 takes any free port)
  --host HOST    of which address (default 127.0.0.1; 0.0.0.0 for all)
  --workers N    that many processes share the port; one that dies is started
                 again (default: this process alone)
  --version      prints the version
  --help         prints this

SIGINT and SIGTERM finish the requests under way, then end; a second one ends at
once.
`;

const maxWorkers = 1_024;

/**
 * The meaning of the words behind the program's name.
 *
 * @throws CommandError that names what is wrong with them.
 */
export function parseArguments(words: readonly string[]): Arguments {
	const { values, positionals } = parse(words);
	if (values.help) return { kind: "help" };
	if (values.version) return { kind: "version" };
	const [configFile, ...rest] = positionals;
	if (configFile === undefined) throw misuse("no config file is given");
	if (rest.length > 0) {
		throw misuse(`one config file is run, not ${positionals.length}`);
	}
	return {
		kind: "run",
		configFile,
		port: toCount("--port", values.port ?? "8000", 0, 65_535),
		host: values.host ?? "127.0.0.1",
		workers:
			values.workers === undefined
				? 0
				: toCount("--workers", values.workers, 1, maxWorkers),
	};
}

interface Parsed {
	readonly values: {
		readonly port?: string;
		readonly host?: string;
		readonly workers?: string;
		readonly version?: boolean;
		readonly help?: boolean;
	};
	readonly positionals: readonly string[];
}

function parse(words: readonly string[]): Parsed {
	try {
		return parseArgs({
			args: [...words],
			allowPositionals: true,
			options: {
				port: { type: "string" },
				host: { type: "string" },
				workers: { type: "string" },
				version: { type: "boolean" },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		// What node says behind the first sentence is about words that look like options.
		throw misuse((error as Error).message.split(/[.\n]/, 1)[0] as string);
	}
}

function toCount(
	name: string,
	text: string,
	least: number,
	most: number,
): number {
	const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
	if (value >= least && value <= most) return value;
	throw misuse(
		`${name} must be a whole number from ${least} to ${most}, got "${text}"`,
	);
}

function misuse(message: string): CommandError {
	return new CommandError(`${message}\nTry headgate --help.`, 2);
}
