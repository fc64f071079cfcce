import {
	type Context,
	type Dependency,
	type DocsContribution,
	dependency,
	type Input,
	isReply,
	type MaybePromise,
	type SecuritySchemes,
} from "../../index.ts";
import { list, must, throwProblems } from "../kit/kit.ts";
import { AuthError, absent } from "./refusals.ts";
import { withholdOf } from "./scheme.ts";

/** What any of these dependencies makes. */
export type AnyValue<S extends readonly Dependency[]> =
	S[number] extends Dependency<infer T> ? T : never;

/**
 * The refusal of a scheme of one's own that finds nothing to look at: 401 with
 * that `www-authenticate` challenge, or in {@link anyOf} the next scheme's turn.
 */
export function noCredential(challenge: string): AuthError {
	return absent(challenge);
}

/**
 * One of several schemes: the first whose credential was sent decides. If that is
 * not valid the request is refused, whatever else was sent; if none was sent, the
 * 401 has the challenges of all. The others' credentials are not sent on. A
 * dependency that needs a scheme can stand for it.
 *
 * @throws TypeError without a scheme, and for what is no dependency.
 */
export function anyOf<const S extends readonly Dependency[]>(
	...schemes: S
): Dependency<AnyValue<S>> {
	throwProblems("anyOf", checkSchemes(schemes, "schemes"));
	const trees = schemes.map((scheme) => [...treeOf(scheme)]);
	const all = [...new Set(trees.flat())];
	const inputs = [...new Set(all.flatMap(inputsOf))];
	return dependency(
		Object.fromEntries(inputs.map((input, i) => [i, input])),
		(values, ctx) => {
			const received = new Map(inputs.map((input, i) => [input, values[i]]));
			return new Attempt(schemes, trees, received, ctx).tryFrom(0);
		},
		{
			name: `any of ${schemes.map(({ name }) => name).join(", ")}`,
			docs: toDocs(trees, all),
			mayWait: all.some(({ isAsync }) => isAsync),
		},
	) as Dependency<AnyValue<S>>;
}

const checkSchemes = list(
	must(
		"made by dependency() or a scheme",
		(one: Dependency | null | undefined) => one?.kind === "dependency",
	),
	1,
);

/** A dependency and all that it needs. */
function* treeOf(root: Dependency): Generator<Dependency> {
	yield root;
	for (const need of Object.values(root.needs)) {
		if (need.kind === "dependency") yield* treeOf(need);
	}
}

function inputsOf({ needs }: Dependency): readonly Input[] {
	return Object.values(needs).filter((need) => need.kind === "input");
}

/** One request's way through the schemes. */
class Attempt {
	readonly #schemes: readonly Dependency[];
	readonly #trees: readonly (readonly Dependency[])[];
	readonly #received: ReadonlyMap<Input, unknown>;
	readonly #ctx: Context;
	readonly #made: Map<Dependency, MaybePromise<unknown>> = new Map();
	readonly #challenges: string[] = [];

	constructor(
		schemes: readonly Dependency[],
		trees: readonly (readonly Dependency[])[],
		received: ReadonlyMap<Input, unknown>,
		ctx: Context,
	) {
		this.#schemes = schemes;
		this.#trees = trees;
		this.#received = received;
		this.#ctx = ctx;
	}

	/** What the first scheme from that one on makes whose credential was sent. */
	tryFrom(index: number): MaybePromise<unknown> {
		const scheme = this.#schemes[index];
		if (scheme === undefined) throw absent(this.#challenges.join(", "));
		let result: MaybePromise<unknown>;
		try {
			result = this.#resolve(scheme);
		} catch (error) {
			return this.#goOn(error, index);
		}
		if (!(result instanceof Promise)) return this.#accept(result, index);
		return result.then(
			(value) => this.#accept(value, index),
			(error) => this.#goOn(error, index),
		);
	}

	#goOn(error: unknown, index: number): MaybePromise<unknown> {
		if (!(error instanceof AuthError) || error.outcome !== "absent")
			throw error;
		if (error.challenge !== null) this.#challenges.push(error.challenge);
		return this.tryFrom(index + 1);
	}

	/** Those behind had no turn: nobody has looked at their credentials. */
	#accept(value: unknown, index: number): unknown {
		for (const scheme of this.#trees.slice(index + 1).flat()) {
			const values = Object.entries(scheme.needs).map(([name, need]) => [
				name,
				this.#received.get(need as Input),
			]);
			withholdOf(scheme)?.(Object.fromEntries(values) as never, this.#ctx);
		}
		return value;
	}

	#resolve(asked: Dependency): MaybePromise<unknown> {
		const known = this.#made.get(asked);
		if (known !== undefined) return known;
		const needsOthers = Object.values(asked.needs).some(isDependency);
		const value = needsOthers
			? this.#resolveBehind(asked)
			: this.#call(asked, new Map());
		this.#made.set(asked, value);
		return value;
	}

	/** What it needs first, one after the other: the first that refuses is the answer. */
	async #resolveBehind(asked: Dependency): Promise<unknown> {
		const made = new Map<Dependency, unknown>();
		for (const need of Object.values(asked.needs)) {
			if (!isDependency(need)) continue;
			const value = await this.#resolve(need);
			if (isReply(value)) return value;
			made.set(need, value);
		}
		return this.#call(asked, made);
	}

	#call(
		{ name, needs, resolve }: Dependency,
		made: ReadonlyMap<Dependency, unknown>,
	): MaybePromise<unknown> {
		const values = Object.entries(needs).map(([key, need]) => [
			key,
			isDependency(need) ? made.get(need) : this.#received.get(need),
		]);
		const result = resolve(Object.fromEntries(values) as never, this.#ctx);
		if (isGenerator(result)) {
			throw new TypeError(
				`anyOf: ${name} has a clean-up, which it can not have here`,
			);
		}
		return isThenable(result) ? Promise.resolve(result) : result;
	}
}

/** Also what is no promise of the language's own, such as a query that runs when it is awaited. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
	return typeof (value as { then?: unknown } | null)?.then === "function";
}

function isDependency(need: Dependency | Input): need is Dependency {
	return need.kind === "dependency";
}

function isGenerator(value: unknown): boolean {
	return Object.prototype.toString.call(value) === "[object AsyncGenerator]";
}

/** Any scheme's way in is one for the whole. */
function toDocs(
	trees: readonly (readonly Dependency[])[],
	all: readonly Dependency[],
): DocsContribution {
	const responses = all.map(({ docs }) => docs?.responses ?? {});
	return {
		security: trees.flatMap(waysIn),
		responses: Object.assign({}, ...responses) as NonNullable<
			DocsContribution["responses"]
		>,
	};
}

/** Every way to meet a scheme and what it needs; none where nothing is said of them. */
function waysIn(tree: readonly Dependency[]): readonly SecuritySchemes[] {
	const asked = tree.flatMap(({ docs }) => {
		const list = [docs?.security ?? []].flat() as SecuritySchemes[];
		return list.length === 0 ? [] : [list];
	});
	if (asked.length === 0) return [];
	return asked.reduce<readonly SecuritySchemes[]>(
		(ways, sets) =>
			ways.flatMap((way) => sets.map((set) => ({ ...way, ...set }))),
		[{}],
	);
}
