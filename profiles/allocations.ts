// Loaded into the profiled process with --import: samples every allocation, dead ones too, which --heap-prof
// leaves out, and writes them when the process ends.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";

const session = new Session();
session.connect();

/** SIGUSR2 begins the sampling, so that start and warm-up stay out. */
process.once("SIGUSR2", () => {
	session.post("HeapProfiler.startSampling", {
		samplingInterval: 16_384,
		includeObjectsCollectedByMajorGC: true,
		includeObjectsCollectedByMinorGC: true,
	});
});

process.once("exit", () => {
	session.post("HeapProfiler.stopSampling", (error, answer) => {
		if (error) throw error;
		const file = process.env.ALLOCATIONS_FILE as string;
		writeFileSync(file, JSON.stringify(answer.profile));
	});
});
