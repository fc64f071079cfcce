import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultLoad, runLoad } from "./load.ts";
import { startOptions } from "./measure.ts";
import { type Running, start } from "./spawn.ts";
import { median } from "./stats.ts";
import { readUsage, resetPeak } from "./usage.ts";

const mebibyte = 1024 * 1024;

/** A figure that is no time per request. */
export interface Figure {
	readonly id: string;
	readonly name: string;
	readonly contender: string;
	readonly value: number;
	readonly unit: string;
}

/** Start-up, idle memory and large bodies, for the gateway and for the bar beside it. */
export async function measureFigures(
	upstreamPort: number,
	times: number,
): Promise<Figure[]> {
	const starts = await measureStarts(upstreamPort, times);
	return [
		...starts,
		...(await forEach(
			["bare", "ceiling", "gateway"],
			upstreamPort,
			idleConnections,
		)),
		...(await forEach(
			["splice", "ceiling", "gateway"],
			upstreamPort,
			largeBodies,
		)),
	];
}

/** Start-up of the package as it is installed, built anew, and with the cache of compiled code that the command line has. */
async function measureStarts(
	upstreamPort: number,
	times: number,
): Promise<Figure[]> {
	const root = fileURLToPath(new URL("../../", import.meta.url));
	execFileSync("npm", ["run", "--silent", "build"], { cwd: root });
	const cache = mkdtempSync(join(tmpdir(), "headgate-bench-"));
	const base = { GATEWAY_SRC: join(root, "dist") };
	const cached = { ...base, NODE_COMPILE_CACHE: cache };
	const ways = [
		["start-routes-10", "10 typed routes: spawn to listening", 10, base],
		[
			"start-routes-1000",
			"1,000 typed routes: spawn to listening",
			1_000,
			base,
		],
		["start-cached-1000", "the same with a compile cache", 1_000, cached],
	] as const;
	const figures: Figure[] = [];
	for (const [id, name, routes, env] of ways) {
		const all = { ...env, ROUTES: String(routes) };
		figures.push(await startUp(id, name, all, upstreamPort, times));
	}
	rmSync(cache, { recursive: true });
	return figures;
}

async function startUp(
	id: string,
	name: string,
	env: Readonly<Record<string, string>>,
	upstreamPort: number,
	times: number,
): Promise<Figure> {
	const contender = "gateway-routes";
	const took: number[] = [];
	// The first start finds cold disks, and fills the cache.
	for (let i = 0; i <= times; i++) {
		const running = await start(
			startOptions({ file: `${contender}.ts`, env }, upstreamPort),
		);
		if ("skip" in running) break;
		if (i > 0) took.push(running.startMs);
		await running.stop();
	}
	return { id, name, contender, value: median(took), unit: "ms" };
}

async function forEach(
	names: readonly string[],
	upstreamPort: number,
	work: (name: string, running: Running) => Promise<Figure[]>,
): Promise<Figure[]> {
	const figures: Figure[] = [];
	for (const name of names) {
		const running = await start(
			startOptions({ file: `${name}.ts` }, upstreamPort),
		);
		if ("skip" in running) continue;
		figures.push(...(await work(name, running)));
		await running.stop();
	}
	return figures;
}

/** RSS of one of 5,000 connections that have each had an answer and wait for the next request. */
async function idleConnections(
	contender: string,
	running: Running,
): Promise<Figure[]> {
	const count = 5_000;
	await warmUp(running.port);
	const before = await readUsage(running);
	const sockets = await openConnections(running.port, count);
	const after = await readUsage(running);
	await closeAll(sockets);
	const value = (after.rssBytes - before.rssBytes) / count / 1024;
	return [
		{
			id: `idle-${contender}`,
			name: "RSS of an idle keep-alive connection, of 5,000",
			contender,
			value,
			unit: "KiB",
		},
	];
}

/** Memory is counted from a process at work, whose heap has grown to what requests need. */
async function warmUp(port: number): Promise<void> {
	const request = { path: "/users/7", headers: {} };
	const options = { port, request, connections: 200, seconds: 1 };
	await runLoad(defaultLoad(), options);
}

async function openConnections(port: number, count: number): Promise<Socket[]> {
	const sockets: Socket[] = [];
	while (sockets.length < count) {
		const batch = Array.from({ length: 50 }, () => answered(port));
		sockets.push(...(await Promise.all(batch)));
	}
	return sockets;
}

async function answered(port: number): Promise<Socket> {
	const socket = connect(port, "127.0.0.1");
	socket.write("GET /users/7 HTTP/1.1\r\nhost: gateway.example\r\n\r\n");
	await once(socket, "data");
	return socket;
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
	const closed = sockets.map((socket) => once(socket, "close"));
	for (const socket of sockets) socket.destroy();
	await Promise.all(closed);
}

/** Peak RSS and CPU of bodies of 64 MiB; the client stops reading for a while in the middle. */
async function largeBodies(
	contender: string,
	running: Running,
): Promise<Figure[]> {
	const bytes = 64 * mebibyte;
	await warmUp(running.port);
	await upload(running.port, mebibyte);
	const down = await growth(running, () => download(running.port, bytes));
	const up = await growth(running, () => upload(running.port, bytes));
	return [
		{
			id: `download-rss-${contender}`,
			name: "64 MiB download: RSS growth",
			contender,
			value: down.rssMiB,
			unit: "MiB",
		},
		{
			id: `download-cpu-${contender}`,
			name: "64 MiB download: CPU",
			contender,
			value: down.cpuMs,
			unit: "ms",
		},
		{
			id: `upload-rss-${contender}`,
			name: "64 MiB upload: RSS growth",
			contender,
			value: up.rssMiB,
			unit: "MiB",
		},
		{
			id: `upload-cpu-${contender}`,
			name: "64 MiB upload: CPU",
			contender,
			value: up.cpuMs,
			unit: "ms",
		},
	];
}

async function growth(
	running: Running,
	work: () => Promise<void>,
): Promise<{ rssMiB: number; cpuMs: number }> {
	resetPeak(running.pid);
	const before = await readUsage(running);
	await work();
	const after = await readUsage(running);
	return {
		rssMiB: (after.peakRssBytes - before.rssBytes) / mebibyte,
		cpuMs: (after.cpuUs - before.cpuUs) / 1000,
	};
}

async function download(port: number, bytes: number): Promise<void> {
	const sent = request({
		port,
		host: "127.0.0.1",
		path: `/bytes/${bytes}`,
		agent: false,
	}).end();
	const [answer] = await once(sent, "response");
	let received = 0;
	for await (const chunk of answer) {
		const isHalf = received < bytes / 2 && received + chunk.length >= bytes / 2;
		received += chunk.length;
		if (isHalf) await new Promise((resolve) => setTimeout(resolve, 300));
	}
	if (received !== bytes) throw new Error(`${received} of ${bytes} bytes came`);
}

async function upload(port: number, bytes: number): Promise<void> {
	const chunk = Buffer.alloc(64 * 1024, "x");
	const headers = { "content-length": bytes };
	const sent = request({
		port,
		host: "127.0.0.1",
		path: "/upload",
		method: "POST",
		headers,
		agent: false,
	});
	const response = once(sent, "response");
	for (let left = bytes; left > 0; left -= chunk.length) {
		if (!sent.write(chunk)) await once(sent, "drain");
	}
	sent.end();
	const [answer] = await response;
	let text = "";
	for await (const part of answer) text += part;
	if (JSON.parse(text).received !== bytes)
		throw new Error(`the upstream got ${text}`);
}
