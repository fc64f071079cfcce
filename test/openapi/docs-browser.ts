import type { TestContext } from "node:test";
import type { BrowserContext, Locator, Page } from "playwright-core";

/** Runs in the page: as text, since the project's types know no DOM. */
const reportViolations = `addEventListener("securitypolicyviolation", (event) =>
	tellViolation(event.violatedDirective + " " + event.blockedURI));`;

/** A docs page in a browser, and everything that went wrong in it. */
export class DocsPage {
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
			const url = new URL(request.url());
			if (url.protocol === "data:" || url.origin === origin) return;
			this.faults.push(`request to ${request.url()}`);
		});
	}

	/** Opens the page and waits until its operations are listed. */
	static async open(
		t: TestContext,
		context: BrowserContext,
		url: string,
	): Promise<DocsPage> {
		context.setDefaultTimeout(10_000);
		t.after(() => context.close());
		const page = await context.newPage();
		const docs = new DocsPage(page, new URL(url).origin);
		await page.exposeFunction("tellViolation", (text: string) =>
			docs.faults.push(`policy violation: ${text}`),
		);
		await page.addInitScript(reportViolations);
		await page.goto(url);
		await page.locator(".opblock").first().waitFor();
		return docs;
	}

	/** Method and path of every operation, as listed. */
	async listOperations(): Promise<string[]> {
		const rows = await this.page.locator(".opblock-summary").all();
		return Promise.all(
			rows.map(async (row) => {
				const method = await row
					.locator(".opblock-summary-method")
					.textContent();
				const path = await row.locator("[data-path]").getAttribute("data-path");
				return `${method} ${path}`;
			}),
		);
	}

	/** Fills in the form of one security scheme, field by field, and confirms it. */
	async authorize(values: readonly string[]): Promise<void> {
		await this.page.locator(".btn.authorize").first().click();
		const fields = this.page.locator(".auth-container input");
		for (const [i, value] of values.entries()) await fields.nth(i).fill(value);
		await this.page.locator(".auth-btn-wrapper .authorize").click();
		await this.page.locator(".auth-btn-wrapper .btn-done").click();
	}

	/** Unfolds an operation and turns "Try it out" on. */
	async tryOut(operationId: string): Promise<Locator> {
		const block = this.page.locator(`.opblock[id$="-${operationId}"]`);
		await block.locator(".opblock-summary-control").click();
		await block.locator(".try-out__btn").click();
		return block;
	}

	/** Sends the request of an operation and gives the answer as the page shows it. */
	async execute(block: Locator): Promise<{ status: string; body: string }> {
		await block.locator(".execute").click();
		const answer = block.locator(".live-responses-table .response");
		const status = await answer.locator(".response-col_status").textContent();
		const body = await answer.locator("pre").first().textContent();
		return { status: status ?? "", body: body ?? "" };
	}
}
