const textType = "text/plain; version=0.0.4; charset=utf-8";
const openMetricsType =
	"application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Metrics as they are sent. */
export interface Exposition {
	readonly contentType: string;
	readonly text: string;
}

/**
 * The text of Prometheus, version 0.0.4, in the format that a client prefers: OpenMetrics 1.0 where it
 * is named and the plain text is not preferred to it (RFC 9110 section 12.5.1), else as it is.
 */
export function expose(text: string, accept: string | undefined): Exposition {
	return prefersOpenMetrics(accept)
		? { contentType: openMetricsType, text: toOpenMetrics(text) }
		: { contentType: textType, text };
}

/** A client that does not name OpenMetrics may not know it: a wildcard is no wish for it. */
function prefersOpenMetrics(accept = ""): boolean {
	let open = 0;
	let plain = 0;
	for (const range of accept.toLowerCase().split(",")) {
		const [type = "", ...parameters] = range.split(";").map((s) => s.trim());
		const version = parameterOf(parameters, "version");
		const weight = Number(parameterOf(parameters, "q") ?? 1) || 0;
		if (type === "application/openmetrics-text") {
			if (version === null || version === "1.0.0")
				open = Math.max(open, weight);
		} else if (type === "text/plain") plain = Math.max(plain, weight);
	}
	return open > 0 && open >= plain;
}

function parameterOf(
	parameters: readonly string[],
	name: string,
): string | null {
	const found = parameters.find((one) => one.startsWith(`${name}=`));
	return found?.slice(name.length + 1).replaceAll('"', "") ?? null;
}

const suffix = "_total";

/**
 * Rewrites the text: a counter's family is named without `_total`, its samples with it, no line is
 * empty, and `# EOF` ends it. prom-client's own way to write OpenMetrics renames the counters for
 * whoever reads the plain text next.
 */
export function toOpenMetrics(text: string): string {
	const lines = text.split("\n").filter((line) => line !== "");
	const counters = new Set(
		lines.flatMap((line) => /^# TYPE (\S+) counter$/.exec(line)?.[1] ?? []),
	);
	const written = lines.map((line) => {
		if (line.startsWith("# ")) return toMetadata(line, counters);
		const name = /^[^{ ]+/.exec(line)?.[0] ?? "";
		if (!counters.has(name) || name.endsWith(suffix)) return line;
		return name + suffix + line.slice(name.length);
	});
	return `${written.join("\n")}\n# EOF\n`;
}

function toMetadata(line: string, counters: ReadonlySet<string>): string {
	const [hash, keyword, name = "", ...rest] = line.split(" ");
	const isCounter = counters.has(name) && name.endsWith(suffix);
	const family = isCounter ? name.slice(0, -suffix.length) : name;
	// A quote stands for itself in the one format, and not in the other.
	const said = rest.join(" ").replaceAll('"', '\\"');
	return `${hash} ${keyword} ${family} ${said}`;
}
