import { existsSync } from "node:fs";
import { after, before } from "node:test";
import { type Browser, type BrowserContext, chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";
const args = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

/** Why browser tests are skipped here; false where they run. With CI=true a missing browser fails them instead. */
export const skipReason: string | false =
	existsSync(executablePath) || process.env.CI === "true"
		? false
		: `no Chromium at ${executablePath}`;

/** Starts one browser for the tests of a file and closes it behind them; gives back what opens a fresh profile. */
export function useBrowser(): () => Promise<BrowserContext> {
	let browser: Browser | null = null;
	before(async () => {
		if (skipReason !== false) return;
		browser = await chromium.launch({ executablePath, args });
	});
	after(() => browser?.close());
	return () => {
		if (browser === null) throw new Error("the browser is not running");
		return browser.newContext();
	};
}
