// A gateway that can be seen into, in front of a small service. Its log and its spans go to this terminal.
//
//   npm run example:observability
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
	BasicTracerProvider,
	ConsoleSpanExporter,
	SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createObservedGateway } from "./gateway.ts";
import { startService } from "./service.ts";

const { PORT = "8000" } = process.env;

// A real program has an exporter that speaks OTLP to a collector here.
const provider = new BasicTracerProvider({
	spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);

const service = await startService();
const gateway = createObservedGateway(service.url);
const { url } = await gateway.listen({ port: Number(PORT) });

async function stop(): Promise<void> {
	await gateway.close();
	await provider.shutdown();
	service.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);

console.log(`headgate answers on ${url}

a line in the log, a span of the request, a span of the call; the service is told of the trace:
  curl -i '${url}/users/7?token=not-for-the-log'

a trace that began elsewhere goes on:
  curl -i -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' ${url}/users/8

the service fails the first time, is asked again, and each call has its span:
  curl -i ${url}/flaky

slow, and at the top of the page's list:
  curl -i ${url}/slow

the second time the cache answers:
  curl -i ${url}/kept
  curl -i ${url}/kept

what was counted, for Prometheus:
  curl ${url}/metrics

The status page is at ${url}/_gateway`);
