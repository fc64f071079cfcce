import type { Problem } from "../../http/errors.ts";
import { type Field, readField } from "../parts/parts.ts";
import { addProblem } from "../parts/problems.ts";
import { toFieldText, toFieldTexts } from "./field-text.ts";
import { type FilePart, type FileSchema, file } from "./form.ts";
import {
	addMissingFiles,
	addUndeclared,
	addWrongKind,
	type FormPlan,
} from "./form-plan.ts";

/** The value of a list as far as it had come, and how many texts it was made of. */
interface CheckedList {
	readonly value: unknown;
	readonly count: number;
}

const anyFile = file();
const tooLate = "Must come before the first file";

/**
 * The values of one multipart form, checked part by part as they come: a scalar
 * at once, a list when it is known to be whole.
 */
export class FormValues {
	readonly values: Record<string, unknown> = Object.create(null);
	readonly problems: Problem[];
	readonly #plan: FormPlan;
	readonly #texts = new Map<string, string[]>();
	readonly #lists = new Map<string, CheckedList>();
	/** Names whose text goes on as it came: it was refused, in a mode that lets it pass. */
	readonly #unconverted = new Set<string>();
	readonly #files = new Set<string>();
	#early: readonly Problem[] = [];
	#hasBegun = false;

	constructor(plan: FormPlan, problems: readonly Problem[]) {
		this.#plan = plan;
		this.problems = [...problems];
	}

	/** Whether the form can not pass any more. */
	get isRefused(): boolean {
		return (
			this.#plan.mode === "reject" &&
			(this.problems.length > 0 || this.#early.length > 0)
		);
	}

	/** Takes a field in; tells the place of its text among those of the name, or null when it does not go on. */
	async addField(name: string, text: string): Promise<number | null> {
		const field = this.#plan.fields.get(name);
		if (field === undefined && !this.#addStrayField(name)) return null;
		const texts = this.#texts.get(name) ?? [];
		if (texts.push(text) === 1) this.#texts.set(name, texts);
		if (field !== undefined) await this.#addValue(field, texts);
		return texts.length - 1;
	}

	/** Whether the text goes on: where a file is declared, in a mode that lets problems pass. */
	#addStrayField(name: string): boolean {
		this.addStray(name);
		return this.#plan.files.has(name) && this.#plan.mode !== "reject";
	}

	/** Takes in a part that the form does not declare, or declares as the other kind. */
	addStray(name: string): void {
		const { files, fields, mode, strict } = this.#plan;
		if (mode === "off") return;
		if (files.has(name)) {
			addWrongKind(this.problems, name, "file");
			this.#files.add(name);
		} else if (fields.has(name)) {
			addWrongKind(this.problems, name, "field");
			this.#files.add(name);
		} else if (strict) addUndeclared(this.problems, name);
	}

	async #addValue(field: Field, texts: string[]): Promise<void> {
		const { name, coercion } = field;
		const raw = toRaw(texts);
		this.values[name] = raw;
		if (this.#isLate(name)) {
			this.#addProblem({ loc: field.loc, msg: tooLate, type: "order" });
		}
		if (this.#plan.mode === "off" || coercion.takesMany) return;
		// A third copy is no new problem.
		if (texts.length > 2) return;
		await this.#check(field, raw);
	}

	/** Whether the upstream call stands on a field as it was before this came. */
	#isLate(name: string): boolean {
		return this.#hasBegun && this.#plan.first.has(name);
	}

	async #check(field: Field, raw: string | string[]): Promise<void> {
		const { name } = field;
		const before = this.problems.length;
		const value = await readField(field, raw, this.problems);
		if (this.problems.length > before) this.#unconverted.add(name);
		else if (value === undefined) delete this.values[name];
		else this.values[name] = value;
	}

	/** The rule for a file of that name; null when it is to be dropped. */
	findFile(name: string): FileSchema | null {
		const rule = this.#plan.files.get(name);
		if (rule !== undefined) return rule;
		this.addStray(name);
		const passes = this.#plan.fields.has(name) && this.#plan.mode !== "reject";
		return passes ? anyFile : null;
	}

	/** Takes a file in. */
	addFile(rule: FileSchema, part: FilePart, isTaken: boolean): void {
		const { name } = part;
		const loc = ["body", name];
		if (!isTaken) {
			const msg = "Content type not allowed";
			this.#addProblem({ loc, msg, type: "contentMediaType" });
		}
		const isRepeated = this.#files.has(name);
		this.#files.add(name);
		if (rule.multiple) {
			const list = this.values[name] as FilePart[] | undefined;
			if (list === undefined) this.values[name] = [part];
			else list.push(part);
		} else if (!isRepeated) this.values[name] = part;
		else if (rule !== anyFile) {
			const msg = "Given more than once";
			this.#addProblem({ loc, msg, type: "repeated" });
		}
	}

	#addProblem(problem: Problem): void {
		if (this.#plan.mode !== "off") addProblem(this.problems, problem);
	}

	/**
	 * Checks what is only known in the end as far as it has come, before anything
	 * goes on. How many items a list will have is open, so only what is wrong with
	 * an item counts.
	 */
	async begin(): Promise<void> {
		const problems: Problem[] = [];
		await this.#readLists(problems);
		const early = problems.filter(({ loc }) => loc.length > 2);
		for (const name of this.#plan.first) await this.#readFirst(name, early);
		this.#early = early;
		this.#hasBegun = true;
	}

	async #readFirst(name: string, problems: Problem[]): Promise<void> {
		const field = this.#plan.fields.get(name);
		if (field === undefined || this.#texts.has(name)) return;
		if (this.#plan.mode === "off") return;
		const { length } = problems;
		const value = await readField(field, undefined, problems);
		if (problems.length > length) {
			problems[length] = { loc: field.loc, msg: tooLate, type: "missing" };
		} else if (value !== undefined) this.values[name] = value;
	}

	async #readLists(problems: Problem[]): Promise<void> {
		if (this.#plan.mode === "off") return;
		for (const [name, texts] of this.#texts) {
			const field = this.#plan.fields.get(name);
			if (!field?.coercion.takesMany) continue;
			const before = problems.length;
			const value = await readField(field, toRaw(texts), problems);
			if (value !== undefined) this.values[name] = value;
			if (problems.length > before) this.#lists.delete(name);
			else this.#lists.set(name, { value, count: texts.length });
		}
	}

	/** Every part has come. Tells the names that have a value although none came for them: their defaults. */
	async finish(): Promise<readonly string[]> {
		if (this.#plan.mode === "off") return [];
		const defaulted: string[] = [];
		await this.#readLists(this.problems);
		for (const field of this.#plan.fields.values()) {
			const { name } = field;
			if (this.#texts.has(name) || this.#files.has(name)) continue;
			const value = await readField(field, undefined, this.problems);
			if (value === undefined) continue;
			this.values[name] = value;
			defaulted.push(name);
		}
		addMissingFiles(this.#plan, this.#files, this.problems);
		if (this.problems.length === 0) this.problems.push(...this.#early);
		return defaulted;
	}

	/** What goes on of the text that came at that place among those of the name: the checked value's text. */
	toTexts(name: string, place: number): readonly string[] {
		const field = this.#plan.fields.get(name);
		const text = this.#texts.get(name)?.[place];
		if (text === undefined) return toFieldTexts(this.values[name]);
		const isRaw = this.#plan.mode === "off" || this.#unconverted.has(name);
		if (field === undefined || isRaw) return [text];
		return field.coercion.takesMany
			? this.#toListTexts(field, text, place)
			: toFieldTexts(this.values[name]);
	}

	#toListTexts(field: Field, text: string, place: number): readonly string[] {
		const { value, count } = this.#lists.get(field.name) ?? noList;
		if (Array.isArray(value) && value.length === count && place < count) {
			return toFieldTexts(value[place]);
		}
		if (!Array.isArray(value) && count === 1 && place === 0) {
			return toFieldTexts(value);
		}
		// Not checked yet, or not item for item what came: a part stays a part.
		const items = field.coercion.convert([text]);
		return [
			(Array.isArray(items) ? items : [items])
				.map((item) => toFieldText(item) ?? "")
				.join(","),
		];
	}
}

const noList: CheckedList = { value: [], count: -1 };

function toRaw(texts: string[]): string | string[] {
	return texts.length === 1 ? (texts[0] as string) : texts;
}
