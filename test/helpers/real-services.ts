import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { freePort } from "./redis-server.ts";

/** Of Debian's packages, not another one that stands before it on the PATH. */
const python = "/usr/bin/python3";

/** Why a test is skipped where a program is missing; false where it runs. With CI=true a missing one fails it instead. */
function skipWithout(name: string, ...command: [string, ...string[]]) {
	const [program, ...args] = command;
	const isThere = spawnSync(program, args).status === 0;
	return isThere || process.env.CI === "true" ? false : `no ${name} here`;
}

export const skipNginx: string | false = skipWithout("nginx", "nginx", "-v");
export const skipAsgi: string | false = skipWithout(
	"Starlette and uvicorn",
	python,
	"-c",
	"import starlette, uvicorn",
);

/** Services that say `secret` at these paths and `open` at all others. */
export const secretPaths: readonly string[] = [
	"/admin/users",
	"/account",
	"/v1/keys:rotate",
	"/v1/a,b",
	"/items/7/edit",
];

/** nginx as it comes: it decodes a path and merges its slashes. */
export function startNginx(t: TestContext): Promise<string> {
	const locations = secretPaths
		.map((path) => `location = ${path} { return 200 secret; }`)
		.join(" ");
	return startProgram(t, (directory, port) => {
		writeFileSync(
			join(directory, "nginx.conf"),
			`daemon off; pid ${directory}/pid; error_log ${directory}/error.log; worker_processes 1; events {}
			http {
				access_log off;
				client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
				fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
				server { listen 127.0.0.1:${port}; ${locations} location / { return 200 open; } }
			}`,
		);
		return [
			"nginx",
			...["-p", directory, "-c", join(directory, "nginx.conf")],
			...["-e", join(directory, "error.log")],
		];
	});
}

/** Starlette on uvicorn: they decode a path whole. */
export function startAsgi(t: TestContext): Promise<string> {
	const routes = [...secretPaths]
		.map((path) => `R(${JSON.stringify(path)}, secret, methods=M)`)
		.join(", ");
	return startProgram(t, (directory, port) => {
		writeFileSync(
			join(directory, "service.py"),
			`
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route as R
M = ["GET", "POST"]
async def secret(request): return PlainTextResponse("secret")
async def open(request): return PlainTextResponse("open")
app = Starlette(routes=[${routes}, R("/{rest:path}", open, methods=M)])
`,
		);
		return [
			python,
			...["-m", "uvicorn", "service:app", "--app-dir", directory],
			...["--host", "127.0.0.1", "--port", String(port)],
		];
	});
}

/** Express as it comes: letters of any case, and a slash at the end or none. */
export async function startExpressService(t: TestContext): Promise<string> {
	const app = express();
	for (const path of secretPaths) {
		app.all(path.replaceAll(":", "\\:"), (_req, res) => {
			res.end("secret");
		});
	}
	app.use((_req, res) => {
		res.end("open");
	});
	const server = createServer(app).listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts a program with a directory and a port of its own, and waits until it responds. */
async function startProgram(
	t: TestContext,
	toCommand: (directory: string, port: number) => string[],
): Promise<string> {
	const directory = mkdtempSync(join(tmpdir(), "headgate-service-"));
	const port = await freePort();
	const [program = "", ...args] = toCommand(directory, port);
	const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.on("data", (data) => {
			output += data;
		});
	}
	child.on("error", (error) => {
		output += error.message;
	});
	t.after(async () => {
		await end(child);
		rmSync(directory, { recursive: true, force: true });
	});
	const url = `http://127.0.0.1:${port}`;
	const lastMs = performance.now() + 30_000;
	while (!(await responds(url))) {
		if (child.exitCode !== null || performance.now() > lastMs) {
			throw new Error(`${program}: ${output}`);
		}
		await sleep(20);
	}
	return url;
}

async function end(child: ChildProcess): Promise<void> {
	if (child.pid === undefined || child.exitCode !== null) return;
	const ended = once(child, "exit");
	child.kill("SIGTERM");
	await ended;
}

async function responds(url: string): Promise<boolean> {
	try {
		await (await fetch(url)).text();
		return true;
	} catch {
		return false;
	}
}
