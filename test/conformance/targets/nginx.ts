import {
	freePort,
	outputOf,
	startChild,
	type Target,
	timeouts,
} from "./child.ts";

const command = "/usr/sbin/nginx";

/** nginx with streaming both ways, kept connections and the header settings its documentation recommends. */
export async function startNginx(upstreamPort: number): Promise<Target> {
	const port = await freePort();
	const version =
		/nginx\/([\d.]+)/.exec(await outputOf(command, ["-v"]))?.[1] ?? "";
	return startChild({
		name: "nginx",
		version,
		command,
		args: ["-p", "{dir}", "-c", "{dir}/nginx.conf", "-e", "{dir}/error.txt"],
		files: { "nginx.conf": config(port, upstreamPort) },
		port,
	});
}

function config(port: number, upstreamPort: number): string {
	const { connectMs, upstreamMs, clientMs } = timeouts;
	return `daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 0;
  client_header_timeout ${clientMs}ms;
  client_body_timeout ${clientMs}ms;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream raw { server 127.0.0.1:${upstreamPort} max_fails=0; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://raw;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_redirect off;
      proxy_pass_header Date;
      proxy_pass_header Server;
      proxy_connect_timeout ${connectMs}ms;
      proxy_read_timeout ${upstreamMs}ms;
      proxy_send_timeout ${upstreamMs}ms;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Forwarded "";
    }
  }
}
`;
}
