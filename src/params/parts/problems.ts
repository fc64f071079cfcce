import type { Problem } from "../../http/errors.ts";

/** Where a value is in a request or answer. */
export type Location = readonly (string | number)[];

/** Stops gathering: one answer lists this many problems at the most. */
export const maxProblems = 50;

/** A name or sentence that a client can make long is cut in an answer, so that 50 problems stay small. */
const maxNameLength = 100;

/** Adds a problem unless the answer is full. */
export function addProblem(problems: Problem[], problem: Problem): void {
	if (problems.length < maxProblems) problems.push(problem);
}

/** A location with the names that a client chose cut to 100 characters. */
export function cutNames(steps: Location): Location {
	return steps.map((step) =>
		typeof step === "string" ? step.slice(0, maxNameLength) : step,
	);
}
