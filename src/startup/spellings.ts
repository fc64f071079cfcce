import { failure } from "../http/errors.ts";
import { mapTemplate, templateNames } from "../proxy/path-template.ts";
import type { Plan, SpellingCheck } from "../request/request.ts";
import { type Router, RouteTree } from "./router.ts";

/**
 * What services read in more than one way. Node's parser gives the bytes of a path as Latin-1, hence what is not
 * ASCII. Segments that end in a dot are the same without it on Windows.
 */
const marks = /[%;A-Z]|\/\/|[^\x21-\x7e]|\.(?:\/|$)|.\/$/;

/**
 * Keeps guarded routes from being reached through open ones by another spelling of their path: nginx decodes a path
 * and merges its slashes, Starlette decodes it, Express takes letters of any case and a slash at the end, Tomcat
 * cuts what follows a semicolon. Each reading of a path is looked up among the routes, which are folded as it is.
 */
class Spellings implements SpellingCheck {
	readonly #router: Router<Plan>;
	readonly #folded: ReadonlyMap<RouteTree<Plan>, RouteTree<Plan[]>>;
	/** A guarded template that has a mark is reached by paths that have none. */
	readonly #isAlways: boolean;

	constructor(router: Router<Plan>, guarded: readonly Plan[]) {
		this.#router = router;
		this.#folded = new Map(router.trees.map((tree) => [tree, foldTree(tree)]));
		this.#isAlways = guarded.some(({ info }) => isMarked(info.path));
	}

	isDoubtful(path: string): boolean {
		return this.#isAlways || marks.test(path);
	}

	check(plan: Plan, method: string, path: string, host: string | null): void {
		const tree = this.#router.treeOf(host);
		const folded = this.#folded.get(tree) as RouteTree<Plan[]>;
		for (const reading of readings(path)) {
			const exact = tree.find(method, reading)?.value ?? plan;
			const alike = folded.find(method, fold(reading))?.value ?? [];
			const isOther =
				(exact !== plan && isBetterGuarded(exact, plan)) ||
				(!alike.includes(plan) &&
					alike.some((other) => isBetterGuarded(other, plan)));
			if (isOther) throw failure("ERR_BAD_PATH");
		}
	}
}

function isBetterGuarded(other: Plan, plan: Plan): boolean {
	if (other.isOpaque) return false;
	for (const guard of other.guards) if (!plan.guards.has(guard)) return true;
	return false;
}

/**
 * Gives the plans that lack a guard of another one what checks their paths. A path without parameters is the one that
 * is declared, however it is spelled. Where all have the same guards, nothing is made.
 */
export function checkSpellings(
	router: Router<Plan>,
	plans: readonly Plan[],
): void {
	const counts = new Map<object, number>();
	for (const { guards } of plans) {
		for (const guard of guards) counts.set(guard, (counts.get(guard) ?? 0) + 1);
	}
	const open = plans.filter(
		({ isOpaque, guards, info }) =>
			!isOpaque &&
			guards.size < counts.size &&
			templateNames(info.path).length > 0,
	);
	if (open.length === 0) return;
	const guarded = plans.filter(({ guards }) =>
		[...guards].some((guard) => (counts.get(guard) ?? 0) < plans.length),
	);
	const spellings = new Spellings(router, guarded);
	for (const plan of open) plan.spellings = spellings;
}

/** Routes that differ only by their spelling are at one place. */
function foldTree(tree: RouteTree<Plan>): RouteTree<Plan[]> {
	const folded = new RouteTree<Plan[]>();
	for (const { method, path, value } of tree.added) {
		folded.add(method, foldTemplate(path), [value])?.push(value);
	}
	return folded;
}

/** What services may read in a path: as it is, decoded more and more often, and each without what some of them cut off. */
function readings(path: string): ReadonlySet<string> {
	const all = new Set<string>([merge(path)]);
	let text = path;
	for (let round = 0; round < 4; round++) {
		const next = decode(text);
		if (round > 0 && next === text) break;
		text = next;
		const [front = ""] = text.split(/[?#]/, 1);
		for (const one of [text, front, front.replaceAll(/;[^/]*/g, "")]) {
			all.add(encode(merge(one)));
			all.add(encode(merge(cutEnds(one))));
		}
	}
	return all;
}

/** Without the dots and spaces that Windows leaves out of a segment, and the line break at the end that Python's `$` does not see. */
function cutEnds(path: string): string {
	const segments = path.split("/").map((segment) => {
		let end = segment.length;
		while (end > 0 && /[\s\p{Cc}.]/u.test(segment[end - 1] as string)) end--;
		return segment.slice(0, end);
	});
	return segments.join("/");
}

function merge(path: string): string {
	return path.replaceAll("\\", "/").replaceAll(/\/{2,}/g, "/");
}

/** For a look-up that decodes once more, and ends at a query. */
function encode(path: string): string {
	return path.replaceAll(/[%?#]/g, encodeURIComponent);
}

/** Letters in one case, wide and narrow ones alike, and no slash at the end. */
function fold(path: string): string {
	const text = path.normalize("NFKC").toLowerCase();
	return text.length > 1 && text.endsWith("/") ? text.slice(0, -1) : text;
}

function foldTemplate(template: string): string {
	const text = mapTemplate(template, foldLiteral, foldExpression);
	return text.replaceAll(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
}

function foldLiteral(text: string): string {
	let literal = text;
	for (let round = 0; round < 4; round++) literal = decode(literal);
	return fold(cutEnds(literal.replace(/[?#;].*/s, "")));
}

/** An expression for text in lower case. What stands behind a backslash is no letter, nor is the name of a group. */
function foldExpression(expression: string): string {
	return expression.replaceAll(/\\(?:k<\w+>|.)|\(\?<\w+>|[A-Z]/g, (one) =>
		one.length === 1 ? one.toLowerCase() : one,
	);
}

/** Whether the folded template takes plain paths that it does not take itself. */
function isMarked(template: string): boolean {
	const bothCases = /\\.|A-Za-z|a-zA-Z|A-Fa-f|a-fA-F/g;
	const plain = mapTemplate(template, String, (expression) =>
		expression.replaceAll(bothCases, ""),
	);
	return foldTemplate(plain) !== plain;
}

const encoded = /(?:%[\da-fA-F]{2}|[\x80-\xff])+/g;

/** Percent-decodes once, as the most lenient services do: what is no UTF-8 is Latin-1, and the longer forms of a character are the character. */
function decode(text: string): string {
	return text.replaceAll(encoded, (run) => {
		const bytes = (run.match(/%..|./g) ?? []).map((one) =>
			one.length === 3 ? Number.parseInt(one.slice(1), 16) : one.charCodeAt(0),
		);
		let decoded = "";
		for (let i = 0; i < bytes.length; ) {
			const lead = bytes[i] as number;
			const count = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
			const rest = bytes.slice(i + 1, i + 1 + count);
			const start = count === 0 ? lead : lead & (0x3f >> count);
			const code = rest.reduce(
				(sum, byte) => (sum << 6) | (byte & 0x3f),
				start,
			);
			const isWhole =
				rest.length === count && rest.every((byte) => (byte & 0xc0) === 0x80);
			const isCharacter = isWhole && code <= 0x10ffff;
			decoded += String.fromCodePoint(isCharacter ? code : lead);
			i += isCharacter ? 1 + count : 1;
		}
		return decoded;
	});
}
