import { Agent, createServer } from "node:http";
import httpProxy from "http-proxy";

const settings = JSON.parse(process.argv[2] ?? "{}");
const proxy = httpProxy.createProxyServer({
	target: `http://127.0.0.1:${settings.upstreamPort}`,
	agent: new Agent({ keepAlive: true }),
	changeOrigin: true,
	xfwd: true,
	proxyTimeout: settings.upstreamMs,
});
// What its README shows for failures; without it a refused connection ends the process.
proxy.on("error", (_error, _req, res) => {
	if ("writeHead" in res && !res.headersSent) res.writeHead(502);
	res.end();
});
const server = createServer(
	{
		headersTimeout: settings.clientMs,
		requestTimeout: settings.clientMs,
		connectionsCheckingInterval: 200,
	},
	(req, res) => proxy.web(req, res),
);
server.on("upgrade", (req, socket, head) => proxy.ws(req, socket, head));
server.listen(settings.port, "127.0.0.1");
