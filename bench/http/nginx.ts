import { upstreamAddress } from "./contender.ts";
import { runDaemon } from "./daemon.ts";

await runDaemon({
	command: "nginx",
	args: (file) => ["-c", file, "-e", "stderr"],
	config: (port, folder) => `
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 10000; }
http {
	access_log off;
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	keepalive_requests 1000000000;
	client_max_body_size 0;
	upstream service {
		server ${upstreamAddress.host}:${upstreamAddress.port};
		keepalive 512;
		keepalive_requests 1000000000;
	}
	server {
		listen 127.0.0.1:${port} backlog=4096;
		location / {
			proxy_pass http://service;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_request_buffering off;
		}
	}
}
`,
});
