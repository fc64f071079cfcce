import type { TestContext } from "node:test";
import { SpanKind } from "@opentelemetry/api";
import {
	BasicTracerProvider,
	InMemorySpanExporter,
	type ReadableSpan,
	type Sampler,
	SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import {
	createGateway,
	type GatewayOptions,
	type Route,
} from "../../../src/index.ts";
import {
	type TracingOptions,
	tracing,
} from "../../../src/policies/observability/tracing/tracing.ts";
import { startGateway } from "../../../src/testing.ts";
import type { Echo } from "../../helpers/echo.ts";
import { KeptLog } from "../../helpers/kept-log.ts";

/** A trace that a client began elsewhere. */
export const clientTrace = "0af7651916cd43dd8448eb211c80319c";
export const clientSpan = "b7ad6b7169203331";
export const clientParent: string = `00-${clientTrace}-${clientSpan}-01`;

/** The spans that have ended, in order. */
export class KeptSpans extends InMemorySpanExporter {
	#wake = (): void => undefined;

	override export(
		...[spans, done]: Parameters<InMemorySpanExporter["export"]>
	): void {
		super.export(spans, done);
		this.#wake();
	}

	get servers(): ReadableSpan[] {
		return this.#of(SpanKind.SERVER);
	}

	get clients(): ReadableSpan[] {
		return this.#of(SpanKind.CLIENT);
	}

	/** The span of the request of that number, counted from 1, once it has ended. */
	async server(number = 1): Promise<ReadableSpan> {
		while (this.servers.length < number) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
		return this.servers[number - 1] as ReadableSpan;
	}

	#of(kind: SpanKind): ReadableSpan[] {
		return this.getFinishedSpans().filter((span) => span.kind === kind);
	}
}

/** An SDK that is registered nowhere. */
export function createSdk(sampler?: Sampler): {
	spans: KeptSpans;
	tracerProvider: BasicTracerProvider;
} {
	const spans = new KeptSpans();
	const tracerProvider = new BasicTracerProvider({
		spanProcessors: [new SimpleSpanProcessor(spans)],
		...(sampler === undefined ? {} : { sampler }),
	});
	return { spans, tracerProvider };
}

/** A gateway that is traced, on a port of its own. */
export async function startTraced(
	t: TestContext,
	routes: readonly Route[],
	options: TracingOptions & { readonly sampler?: Sampler } = {},
	more: Partial<GatewayOptions> = {},
): Promise<{ url: string; spans: KeptSpans; log: KeptLog }> {
	const { sampler, ...own } = options;
	const { spans, tracerProvider } = createSdk(sampler);
	const log = new KeptLog();
	const gateway = createGateway({
		docs: false,
		logger: log,
		policies: [tracing({ tracerProvider, ...own })],
		routes,
		...more,
	});
	const { url } = await startGateway(t, gateway);
	return { url, spans, log };
}

/** The id of a span. */
export function idOf(span: ReadableSpan | undefined): string {
	return span?.spanContext().spanId ?? "none";
}

/** The headers that the service got. */
export async function ask(
	url: string,
	headers: Record<string, string> = {},
): Promise<Echo["headers"]> {
	const res = await fetch(url, { headers });
	return ((await res.json()) as Echo).headers;
}
