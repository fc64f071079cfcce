import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { ask, type Command, startProgram } from "../helpers/command.ts";

const folder = join(import.meta.dirname, "../../examples");

/** Starts an example as its first lines say, on a free port. */
async function start(
	t: TestContext,
	name: string,
): Promise<{ url: string; command: Command }> {
	const env = { PORT: "0" };
	const command = startProgram(t, join(folder, name), [], env);
	const [, url = ""] = await command.said(/answers on (\S+)\n/);
	return { url, command };
}

suite("examples/", () => {
	const names = globSync("*.ts", { cwd: folder }).sort();

	test("says in the first lines of each file how to run it", () => {
		for (const name of names) {
			const text = readFileSync(join(folder, name), "utf8");
			const command = `//   npx node examples/${name}\n`;
			assert.ok(text.startsWith("// ") && text.includes(command), name);
		}
	});

	for (const name of names) {
		test(`${name} ends when it is told to`, async (t) => {
			const { command } = await start(t, name);
			command.child.kill("SIGINT");
			const { code, stderr } = await command.ended();
			assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
		});
	}

	test("embed.ts answers its own path, and the gateway the rest", async (t) => {
		const { url } = await start(t, "embed.ts");
		assert.equal(await ask(`${url}/version`), "1.0.0\n");
		assert.equal(
			await ask(`${url}/api/hello?a=1`),
			"the service got /hello?a=1\n",
		);
		assert.match(await ask(`${url}/nothing`), /ERR_NO_ROUTE/);
	});

	test("dependencies.ts lets only a buyer pass, and cleans up for everyone", async (t) => {
		const { url, command } = await start(t, "dependencies.ts");
		const statuses: number[] = [];
		for (const cookie of ["", "session=s-2", "session=s-1"]) {
			const res = await fetch(`${url}/orders`, { headers: { cookie } });
			statuses.push(res.status);
			if (res.ok) assert.equal(await res.text(), "orders of ada\n");
		}
		assert.deepEqual(statuses, [401, 403, 200]);
		await command.said(/(?:begin GET \/orders\nend GET \/orders\n){3}/);
	});

	test("auth.ts knows a key and a password, and lets one other origin ask", async (t) => {
		const { url, command } = await start(t, "auth.ts");
		const [, key = ""] = await command.said(/the key of bob is (\S+)\n/);
		const get = async (headers: Record<string, string>): Promise<string> => {
			const res = await fetch(`${url}/orders`, { headers });
			return res.ok ? res.text() : String(res.status);
		};
		const login = (pair: string): string => `Basic ${btoa(pair)}`;
		const orders = (name: string): string =>
			`orders of ${name}, authorization: none\n`;
		assert.equal(await get({}), "401");
		assert.equal(await get({ "x-api-key": key }), orders("bob"));
		assert.equal(await get({ "x-api-key": `${key}x` }), "401");
		const ada = { authorization: login("ada:sesame") };
		assert.equal(await get(ada), orders("ada"));
		assert.equal(await get({ authorization: login("ada:open") }), "401");
		const preflight = await fetch(`${url}/orders`, {
			method: "OPTIONS",
			headers: {
				origin: "https://app.example",
				"access-control-request-method": "GET",
			},
		});
		assert.equal(preflight.status, 204);
		const allowed = preflight.headers.get("access-control-allow-origin");
		assert.equal(allowed, "https://app.example");
	});

	test("forms.ts checks the fields, and streams the file through", async (t) => {
		const { url } = await start(t, "forms.ts");
		const bytes = Buffer.alloc(3_000_000, "moon");
		const form = new FormData();
		form.set("album", "moon");
		form.set("stars", "3");
		form.set("photo", new Blob([bytes], { type: "image/png" }), "moon.png");
		const body = await send(url, form);
		const digest = createHash("sha256").update(bytes).digest("hex");
		assert.equal(
			body,
			`source: gateway\nalbum: moon\nstars: 3\nphoto: moon.png (image/png) ${digest}\n`,
		);
		form.set("photo", new Blob([bytes], { type: "text/plain" }), "moon.txt");
		assert.match(await send(url, form), /Content type not allowed/);
	});

	test("websocket.ts takes a ticket once", async (t) => {
		const { url } = await start(t, "websocket.ts");
		const room = `${url.replace("http", "ws")}/chat/moon`;
		const refused = new WebSocket(room);
		const [error] = await once(refused, "error");
		assert.match(error.message, /403/);

		const ticket = await ask(`${url}/ticket`);
		const socket = new WebSocket(`${room}?ticket=${ticket}`);
		await once(socket, "open");
		socket.send("hello");
		const [data] = await once(socket, "message");
		assert.equal(String(data), "/chat/moon hello");
		socket.close();

		const second = new WebSocket(`${room}?ticket=${ticket}`);
		const [again] = await once(second, "error");
		assert.match(again.message, /403/);
	});

	test("policy.ts admits two at the same time, and then others", async (t) => {
		const { url } = await start(t, "policy.ts");
		const get = async (): Promise<number> =>
			(await fetch(`${url}/report`)).status;
		const statuses = await Promise.all([get(), get(), get()]);
		assert.deepEqual(statuses.sort(), [200, 200, 503]);
		assert.equal(await get(), 200);
	});

	test("cache.ts gives an answer again until it changes or is purged", async (t) => {
		const { url } = await start(t, "cache.ts");
		const user = `${url}/users/7`;
		assert.equal(await ask(user), "/users/7 version 1\n");
		const res = await fetch(user);
		assert.match(res.headers.get("cache-status") ?? "", /; hit;/);
		await res.text();
		await (await fetch(user, { method: "PUT" })).text();
		assert.equal(await ask(user), "/users/7 version 2\n");
		const purge = await fetch(`${url}/purge/users`, { method: "POST" });
		assert.equal(await purge.text(), "1 dropped\n");
	});

	test("limits.ts refuses, lets wait, and counts by tenant and cost", async (t) => {
		const { url } = await start(t, "limits.ts");
		const get = async (path: string, tenant?: string): Promise<Response> => {
			const headers = tenant === undefined ? {} : { "x-tenant": tenant };
			const res = await fetch(url + path, { headers });
			await res.text();
			return res;
		};
		const statuses: number[] = [];
		for (let i = 0; i < 4; i++) statuses.push((await get("/search")).status);
		assert.deepEqual(statuses, [200, 200, 200, 429]);
		const refused = await get("/search");
		assert.match(
			refused.headers.get("ratelimit") ?? "",
			/^"burst";r=0;t=\d+, /,
		);
		assert.ok(Number(refused.headers.get("retry-after")) > 0);
		const rendered = await Promise.all([1, 2, 3].map(() => get("/render")));
		assert.ok(rendered.every(({ status }) => status === 200));
		const units = [
			await get("/export", "a"),
			await get("/export", "a"),
			await get("/render", "a"),
			await get("/export", "b"),
		];
		assert.deepEqual(
			units.map(({ status }) => status),
			[200, 429, 200, 200],
		);
	});
});

async function send(url: string, form: FormData): Promise<string> {
	const res = await fetch(`${url}/photos`, { method: "POST", body: form });
	return res.text();
}
