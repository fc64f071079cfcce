// The floor: sockets piped by node:net, no HTTP read at all.
import { connect, createServer, type Socket } from "node:net";
import { listen, upstreamAddress } from "./contender.ts";

const server = createServer({ noDelay: true }, (client: Socket) => {
	const upstream = connect({ ...upstreamAddress, noDelay: true });
	client.pipe(upstream).pipe(client);
	client.on("error", () => upstream.destroy());
	upstream.on("error", () => client.destroy());
	client.on("close", () => upstream.destroy());
	upstream.on("close", () => client.destroy());
});

listen(server);
