import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Registry } from "prom-client";
import type { PromClient } from "./instruments.ts";

const resolutionMs = 20;
const quantiles = [50, 90, 99] as const;

/** Shows how late the event loop is, since it was last looked at. */
export function watchLoop(
	client: PromClient,
	registry: Registry,
): { close(): void } {
	const delay = monitorEventLoopDelay({ resolution: resolutionMs });
	delay.enable();
	new client.Gauge({
		name: "gateway_event_loop_delay_seconds",
		help: "How late the event loop is, since the last scrape.",
		labelNames: ["quantile"],
		registers: [registry],
		collect() {
			for (const percent of quantiles) {
				const lateMs = delay.percentile(percent) / 1e6 - resolutionMs;
				this.set({ quantile: percent / 100 }, Math.max(0, lateMs) / 1000);
			}
			delay.reset();
		},
	});
	return { close: () => void delay.disable() };
}
