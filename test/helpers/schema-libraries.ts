import * as v from "valibot";
import { z } from "zod";
import type { StandardSchema } from "../../src/index.ts";

const below = 100;

/** The same schemas in each library, synchronous and not. */
export interface Library {
	/** Text that is a whole number below a hundred. */
	readonly count: StandardSchema<unknown, number>;
	/** One of two words, or none. */
	readonly word: StandardSchema<unknown, "up" | "down" | undefined>;
	/** `none` where nothing is given. */
	readonly named: StandardSchema<unknown, string>;
	readonly list: StandardSchema<unknown, string[]>;
	readonly body: StandardSchema<unknown, { a: number; b: string }>;
}

const isCount = (text: string): boolean =>
	/^\d+$/.test(text) && Number(text) < below;
const later = async (text: string): Promise<boolean> => isCount(text);

/** What they must all do alike. */
export const libraries: Readonly<Record<string, Library>> = {
	zod: {
		count: z.string().refine(isCount, "no count").transform(Number),
		word: z.enum(["up", "down"]).optional(),
		named: z.string().default("none"),
		list: z.array(z.string().min(1)),
		body: z.object({ a: z.number().lt(below), b: z.string().default("b") }),
	},
	"zod, asynchronous": {
		count: z.string().refine(later, "no count").transform(Number),
		word: z
			.enum(["up", "down"])
			.optional()
			.refine(async () => true),
		named: z
			.string()
			.default("none")
			.refine(async () => true),
		list: z.array(z.string().min(1)).refine(async () => true),
		body: z.object({
			a: z.number().refine(async (a) => a < below),
			b: z.string().default("b"),
		}),
	},
	valibot: {
		count: v.pipe(
			v.string(),
			v.check(isCount, "no count"),
			v.transform(Number),
		),
		word: v.optional(v.picklist(["up", "down"])),
		named: v.optional(v.string(), "none"),
		list: v.array(v.pipe(v.string(), v.minLength(1))),
		body: v.object({
			a: v.pipe(v.number(), v.ltValue(below)),
			b: v.optional(v.string(), "b"),
		}),
	},
	"valibot, asynchronous": {
		count: v.pipeAsync(
			v.string(),
			v.checkAsync(later, "no count"),
			v.transform(Number),
		),
		word: v.optionalAsync(
			v.pipeAsync(
				v.picklist(["up", "down"]),
				v.checkAsync(async () => true),
			),
		),
		named: v.optionalAsync(
			v.pipeAsync(
				v.string(),
				v.checkAsync(async () => true),
			),
			"none",
		),
		list: v.arrayAsync(v.pipe(v.string(), v.minLength(1))),
		body: v.objectAsync({
			a: v.pipeAsync(
				v.number(),
				v.checkAsync(async (a) => a < below),
			),
			b: v.optional(v.string(), "b"),
		}),
	},
};
