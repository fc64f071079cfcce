import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import {
	autocannon,
	createDemo,
} from "../test/policies/observability/status/stage.ts";

// The pictures of docs/status-page.md: the page under a minute's load, in a browser that is not seen.
const seconds = Number(process.argv[2] ?? 60);
const folder = join(import.meta.dirname, "../docs/images");
const views = [
	{ name: "light", colorScheme: "light", width: 1280, height: 1000 },
	{ name: "dark", colorScheme: "dark", width: 1280, height: 1000 },
	{ name: "phone", colorScheme: "light", width: 390, height: 1400 },
] as const;

const cleanups: (() => void | Promise<void>)[] = [];
const scope = {
	after: (clean: () => void | Promise<void>) => void cleanups.push(clean),
};

mkdirSync(folder, { recursive: true });
const { gateway, load } = await createDemo(scope, {
	dependencies: {},
	title: "Shop Gateway",
});
const { url } = await gateway.listen();
const browser = await chromium.launch({
	executablePath: "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu"],
});
const pages = await Promise.all(
	views.map(async ({ name, colorScheme, width, height }) => {
		const viewport = { width, height };
		const context = await browser.newContext({ colorScheme, viewport });
		const page = await context.newPage();
		await page.goto(`${url}/_gateway`);
		return { name, page };
	}),
);
await autocannon({
	url,
	connections: 10,
	duration: seconds,
	overallRate: 220,
	requests: load,
});
for (const { name, page } of pages) {
	const path = join(folder, `status-${name}.png`);
	await page.screenshot({ path, fullPage: name === "light" });
	console.log(path);
}
await browser.close();
await gateway.close({ timeoutMs: 0 });
for (const clean of cleanups) await clean();
