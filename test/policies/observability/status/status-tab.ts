import type { BrowserContext, Page } from "playwright-core";
import type { TestScope } from "../../../../src/testing.ts";

/** Runs in the page: as text, since the project's types know no DOM. */
const reportViolations = `addEventListener("securitypolicyviolation", (event) =>
	tellViolation(event.violatedDirective + " " + event.blockedURI));`;

/** A status page in a browser, and everything that went wrong in it. */
export class StatusTab {
	readonly page: Page;
	/** Console errors, exceptions, policy violations, and requests to other hosts. */
	readonly faults: string[] = [];

	constructor(page: Page, origin: string) {
		this.page = page;
		page.on("console", (message) => {
			if (message.type() === "error") this.faults.push(message.text());
		});
		page.on("pageerror", (error) => this.faults.push(String(error)));
		page.on("request", (request) => {
			if (new URL(request.url()).origin === origin) return;
			this.faults.push(`request to ${request.url()}`);
		});
	}

	/** Opens the page and waits until it is live. */
	static async open(
		scope: TestScope,
		context: BrowserContext,
		url: string,
	): Promise<StatusTab> {
		context.setDefaultTimeout(20_000);
		scope.after(() => context.close());
		const page = await context.newPage();
		const tab = new StatusTab(page, new URL(url).origin);
		await page.exposeFunction("tellViolation", (text: string) =>
			tab.faults.push(`policy violation: ${text}`),
		);
		await page.addInitScript(reportViolations);
		await page.goto(url);
		await page.locator("#live", { hasText: "Live" }).waitFor();
		return tab;
	}

	/** The first cell of each row of a table. */
	rows(table: string): Promise<string[]> {
		return this.page.locator(`#table-${table} tbody th`).allTextContents();
	}

	/** Waits for a row whose first cell has that text in it. */
	async untilRow(table: string, text: string): Promise<void> {
		const cells = this.page.locator(`#table-${table} tbody th`);
		await cells.filter({ hasText: text }).first().waitFor();
	}

	/** How many calls the table of the routes tells of a route. */
	async callsOf(path: string): Promise<number> {
		const row = this.page.locator("#table-routes tbody tr", { hasText: path });
		const cell = row.locator('[data-label="Calls"]');
		return Number((await cell.textContent())?.replaceAll(",", ""));
	}

	/** Waits until it tells what `isEnough` wants. */
	async untilCalls(
		path: string,
		isEnough: (calls: number) => boolean,
	): Promise<void> {
		for (;;) {
			if (isEnough(await this.callsOf(path))) return;
			await this.page.waitForTimeout(50);
		}
	}

	/** Everything that can be read on the page. */
	async text(): Promise<string> {
		return (await this.page.locator("body").textContent()) ?? "";
	}
}
