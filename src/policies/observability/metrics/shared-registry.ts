/** A `Registry` of prom-client, in which metrics of one's own may stand too. */
export interface MetricsRegistry {
	readonly contentType: string;
	metrics(): Promise<string>;
	registerMetric(metric: unknown): void;
	getSingleMetric(name: string): unknown;
	removeSingleMetric(name: string): void;
}

/** Of prom-client, whose own types would bind the declarations to an optional package. */
interface OwnRegistry {
	getMetricsAsArray(): readonly { readonly name: string }[];
}

/**
 * Puts the gateway's metrics into a registry that others use too. Gives back what takes them out.
 *
 * @throws TypeError where it is no registry, writes another format, or has metrics of these names.
 */
export function share(own: OwnRegistry, given: MetricsRegistry): () => void {
	if (
		typeof given?.registerMetric !== "function" ||
		typeof given.contentType !== "string"
	) {
		throw new TypeError("metrics: registry must be a Registry of prom-client");
	}
	if (!given.contentType.startsWith("text/plain")) {
		throw new TypeError(
			"metrics: registry must write the text format; who asks for OpenMetrics gets it",
		);
	}
	const metrics = own.getMetricsAsArray();
	const taken = metrics
		.map(({ name }) => name)
		.filter((name) => given.getSingleMetric(name) !== undefined);
	if (taken.length > 0) {
		throw new TypeError(
			`metrics: registry has ${taken.join(", ")} already: each gateway needs its own`,
		);
	}
	for (const metric of metrics) given.registerMetric(metric);
	return () => {
		for (const { name } of metrics) given.removeSingleMetric(name);
	};
}
