import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import busboy from "busboy";

type Source = "path" | "query" | "header" | "json" | "form";
type Kind = "integer" | "string" | "file";

/** Values by name. */
export type Values = Readonly<Record<string, unknown>>;

/** What an endpoint takes, by name: where each value comes from, and what it must be. */
export type Takes = Readonly<Record<string, readonly [Source, Kind]>>;

/** A file of a form: its bytes pass and are not kept. */
export class UploadedFile {
	readonly filename: string | undefined;
	readonly type: string;
	readonly #hash = createHash("sha256");
	bytes = 0;

	constructor(info: busboy.FileInfo) {
		this.filename = info.filename;
		this.type = info.mimeType;
	}

	add(chunk: Uint8Array): void {
		this.#hash.update(chunk);
		this.bytes += chunk.length;
	}

	get sha256(): string {
		return this.#hash.copy().digest("hex");
	}
}

/** An answer with another status than 200; `detail` has FastAPI's shape. */
export class Refusal extends Error {
	readonly status: number;
	readonly detail: unknown;

	constructor(status: number, detail: unknown) {
		super("refused");
		this.status = status;
		this.detail = detail;
	}
}

async function readForm(req: IncomingMessage): Promise<Values> {
	if (req.headers["content-type"] === undefined) return {};
	try {
		return Object.fromEntries(await parseForm(req));
	} catch {
		throw new Refusal(400, "There was an error parsing the body");
	}
}

async function parseForm(
	req: IncomingMessage,
): Promise<Map<string, string | UploadedFile>> {
	const form = new Map<string, string | UploadedFile>();
	const parser = busboy({ headers: req.headers, defParamCharset: "utf8" });
	parser.on("field", (name, value) => form.set(name, value));
	parser.on("file", (name, stream, info) => {
		const file = new UploadedFile(info);
		form.set(name, file);
		stream.on("data", (chunk) => file.add(chunk));
		stream.on("error", () => {}); // the parser fails too, and tells
	});
	req.once("close", () => {
		if (!req.complete) parser.destroy(new Error("client gone"));
	});
	await once(req.pipe(parser), "close");
	return form;
}

async function readJson(req: IncomingMessage): Promise<Values> {
	let text = "";
	// Destroying the request would take the socket, and the answer, with it.
	const chunks = req.setEncoding("utf8").iterator({ destroyOnReturn: false });
	for await (const chunk of chunks) {
		text += chunk;
		if (text.length > 1_048_576) throw new Refusal(413, "Body too large");
	}
	if (text === "") throw new Refusal(422, [problem("missing", ["body"])]);
	try {
		return Object(JSON.parse(text));
	} catch {
		throw new Refusal(422, [problem("json_invalid", ["body"])]);
	}
}

/** The value as its kind asks for it; undefined when it can't be. */
function convert(raw: unknown, kind: Kind): unknown {
	if (kind === "file") return raw instanceof UploadedFile ? raw : undefined;
	if (kind === "string") return typeof raw === "string" ? raw : undefined;
	const digits = typeof raw === "string" && /^-?\d+$/.test(raw);
	const value = digits ? Number(raw) : raw;
	return Number.isSafeInteger(value) ? value : undefined;
}

const sentences = {
	missing: "Field required",
	json_invalid: "JSON decode error",
	integer: "Input should be a valid integer",
	string: "Input should be a valid string",
	file: "Input should be a file",
} as const;

function problem(type: keyof typeof sentences, loc: readonly string[]): object {
	return { type, loc, msg: sentences[type] };
}

/** Every value an endpoint takes, or one refusal that names each problem. */
function take(takes: Takes, sources: Readonly<Record<Source, Values>>): Values {
	const values: Record<string, unknown> = {};
	const problems: object[] = [];
	for (const [name, [source, kind]] of Object.entries(takes)) {
		const raw = sources[source][name];
		values[name] = convert(raw, kind);
		if (values[name] !== undefined) continue;
		const place = source === "json" || source === "form" ? "body" : source;
		const type = raw === undefined ? "missing" : kind;
		problems.push(problem(type, [place, name]));
	}
	if (problems.length > 0) throw new Refusal(422, problems);
	return values;
}

/**
 * Reads every value an endpoint takes.
 * Throws one 422 refusal that names each problem; 400 for a broken form.
 */
export async function readInputs(
	req: IncomingMessage,
	takes: Takes,
	path: Values,
	query: Values,
): Promise<Values> {
	const needs = Object.values(takes).flat();
	const json = needs.includes("json") ? await readJson(req) : {};
	const form = needs.includes("form") ? await readForm(req) : {};
	return take(takes, { path, query, header: req.headers, json, form });
}
