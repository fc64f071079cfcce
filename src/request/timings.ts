import type { Readable } from "node:stream";
import type { StepInfo, StepTiming } from "../model/outcome.ts";

/** What is measured of a request. Made only where a policy has `onFinish`. */
export class Meter {
	readonly startedMs: number = performance.now();
	/** Spent waiting for the client's body in step 6. */
	clientMs = 0;
	/** When an answer of the gateway's own had been handed over; 0 before. */
	handedMs = 0;
	/** Of the body that the gateway read itself. */
	bytesIn = 0;
	/** Of answers of the gateway's own. */
	bytesOut = 0;
	/** In milliseconds, by the place of the step; null where nobody asked. */
	readonly stepMs: (number | undefined)[] | null;

	constructor(timesSteps: boolean) {
		this.stepMs = timesSteps ? [] : null;
	}

	/** Waits for the body that the client owes, and counts it. */
	async waitForBody<T>(req: Readable, body: Promise<T>): Promise<T> {
		const sinceMs = performance.now();
		req.on("data", (chunk: Uint8Array) => {
			this.bytesIn += chunk.length;
		});
		try {
			return await body;
		} finally {
			this.clientMs += performance.now() - sinceMs;
		}
	}

	/** An answer of the gateway's own is on its way; of a stream, its head. */
	onHanded(bytes: number): void {
		this.handedMs = performance.now();
		this.bytesOut += bytes;
	}

	/** Counts a stream that goes out as it comes. */
	countOut(body: Readable): void {
		body.on("data", (chunk: string | Uint8Array) => {
			this.bytesOut += Buffer.byteLength(chunk);
		});
	}

	/** The steps that ran, with their times. */
	toTimings(steps: readonly StepInfo[]): StepTiming[] | null {
		const { stepMs } = this;
		if (stepMs === null) return null;
		return steps.flatMap(({ phase, name, mode }, i) => {
			const ms = stepMs[i];
			return ms === undefined ? [] : [{ phase, name, mode, ms }];
		});
	}
}
