import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { Type } from "typebox";
import { file } from "../../src/params/form/form.ts";
import { compileForm } from "../../src/params/form/form-reader.ts";

// A process of its own, so that what is measured is the reading of forms alone: sends one
// form on to the port it is given, and tells its parent how much memory it had at the most.
const form = compileForm({
	caption: Type.String(),
	image: file({ maxBytes: 1e9 }),
});
const upstream = Number(process.argv[2]);
let peakRss = 0;

const server = createServer(async (req, res) => {
	const type = req.headers["content-type"] ?? "";
	const multipart = form.readMultipart(req, type);
	await multipart.ready;
	const { body, contentType } = multipart.forward(null);
	const call = request({
		port: upstream,
		method: "POST",
		headers: { "content-type": contentType },
	});
	const answer = once(call, "response") as Promise<[IncomingMessage]>;
	await pipeline(body, call);
	const [response] = await answer;
	response.pipe(res);
});

setInterval(() => {
	peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, 5);
process.on("message", () => {
	process.send?.(peakRss);
	peakRss = 0;
});
server.listen(0, "127.0.0.1", () => {
	process.send?.((server.address() as AddressInfo).port);
});
