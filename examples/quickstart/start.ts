import { createQuickstart } from "./gateway.ts";
import { startMicroservice } from "./microservice.ts";

// With UPSTREAM_URL the gateway stands in front of that service, else in front of the demo.
const { UPSTREAM_URL, PORT = "8000" } = process.env;
const service = UPSTREAM_URL === undefined ? await startMicroservice() : null;
const serviceUrl = UPSTREAM_URL ?? (service?.url as string);

const gateway = createQuickstart(serviceUrl);
const { url } = await gateway.listen({ port: Number(PORT) });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
	process.once(signal, () => {
		void gateway.close().then(() => service?.close());
	});
}

console.log(`headgate answers on ${url} in front of ${serviceUrl}

  curl '${url}/gateway_endpoint/query?query_int=7&query_str=hello'

The docs are at ${url}/docs`);
