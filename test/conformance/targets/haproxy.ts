import {
	freePort,
	outputOf,
	startChild,
	type Target,
	timeouts,
} from "./child.ts";

const command = "/usr/sbin/haproxy";

/** HAProxy in HTTP mode with kept connections and forwarding headers of its own. */
export async function startHaproxy(upstreamPort: number): Promise<Target> {
	const port = await freePort();
	const version =
		/version ([\d.]+)/.exec(await outputOf(command, ["-v"]))?.[1] ?? "";
	return startChild({
		name: "haproxy",
		version,
		command,
		args: ["-db", "-q", "-f", "{dir}/haproxy.cfg"],
		files: { "haproxy.cfg": config(port, upstreamPort) },
		port,
	});
}

function config(port: number, upstreamPort: number): string {
	const { connectMs, upstreamMs, clientMs } = timeouts;
	return `global
  maxconn 512
defaults
  mode http
  timeout connect ${connectMs}ms
  timeout server ${upstreamMs}ms
  timeout client ${clientMs}ms
  timeout http-request ${clientMs}ms
  timeout http-keep-alive 10s
  timeout tunnel 10s
  option http-keep-alive
  option abortonclose
frontend in
  bind 127.0.0.1:${port}
  http-request del-header x-forwarded-for
  http-request del-header forwarded
  http-request set-header x-forwarded-host %[req.hdr(host)]
  http-request set-header x-forwarded-proto http
  option forwardfor
  default_backend raw
backend raw
  http-reuse always
  server raw 127.0.0.1:${upstreamPort}
`;
}
