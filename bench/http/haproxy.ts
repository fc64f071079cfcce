import { upstreamAddress } from "./contender.ts";
import { runDaemon } from "./daemon.ts";

await runDaemon({
	command: "haproxy",
	args: (file) => ["-db", "-q", "-f", file],
	config: (port) => `
global
	nbthread 1
	maxconn 8000
defaults
	mode http
	timeout connect 2s
	timeout client 60s
	timeout server 60s
	option http-keep-alive
	http-reuse always
frontend clients
	bind 127.0.0.1:${port} backlog 4096
	default_backend service
backend service
	server one ${upstreamAddress.host}:${upstreamAddress.port}
`,
});
