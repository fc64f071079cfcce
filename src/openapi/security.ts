import type { DocsContribution, SecuritySchemes } from "../model/types.ts";
import type { JsonObject } from "./json.ts";
import { toName } from "./schemas.ts";

/** What an operation asks for, beside its parameters. */
export interface OperationSecurity {
	/** As OpenAPI's `security` has it; null where nothing is asked. */
	readonly requirements: readonly JsonObject[] | null;
	/** The parameters that no security scheme speaks for. */
	readonly parameters: readonly JsonObject[];
}

/** Gathers the security schemes of all operations; equal ones share a name, different ones never do. */
export class SecurityCollector {
	/** What goes under `components.securitySchemes`. */
	readonly schemes: JsonObject = {};

	/**
	 * The requirement of one operation. A header, query or cookie parameter that
	 * a scheme stands for is left out: the reader authorizes once, not at every
	 * operation. OpenAPI 3.1 ignores a parameter named Authorization, so one that
	 * no scheme stands for becomes a scheme itself.
	 */
	describe(
		contributions: readonly DocsContribution[],
		parameters: readonly JsonObject[],
	): OperationSecurity {
		const asked = contributions.map(({ security }) => toList(security));
		const schemes = asked.flat().flatMap((set) => Object.values(set));
		const rest = parameters.filter(
			(parameter) => !schemes.some((scheme) => covers(scheme, parameter)),
		);
		const bare = rest.find(isAuthorization);
		if (bare !== undefined) asked.push(toBare(bare, asked));
		return {
			requirements: this.#combine(asked.filter((sets) => sets.length > 0)),
			parameters: rest.filter((parameter) => parameter !== bare),
		};
	}

	/** Each contribution asks for one of its sets: what OpenAPI lists is every way to meet them all. */
	#combine(
		asked: readonly (readonly SecuritySchemes[])[],
	): readonly JsonObject[] | null {
		let ways: readonly JsonObject[] = [{}];
		for (const sets of asked) {
			const added = sets.map((set) => this.#require(set));
			ways = ways.flatMap((way) => added.map((more) => ({ ...way, ...more })));
		}
		const isOpen = ways.every((way) => Object.keys(way).length === 0);
		return isOpen ? null : withoutTwins(ways);
	}

	#require(schemes: SecuritySchemes): JsonObject {
		const entries = Object.entries(schemes).map(
			([name, { requiredScopes = [], ...scheme }]) => [
				this.#add(name, scheme),
				requiredScopes,
			],
		);
		return Object.fromEntries(entries) as JsonObject;
	}

	#add(preferred: string, scheme: Readonly<JsonObject>): string {
		const content = JSON.stringify(scheme);
		const base = toName(preferred);
		let name = base;
		for (let i = 2; Object.hasOwn(this.schemes, name); i++) {
			if (JSON.stringify(this.schemes[name]) === content) return name;
			name = `${base}_${i}`;
		}
		this.schemes[name] = scheme;
		return name;
	}
}

function withoutTwins(ways: readonly JsonObject[]): readonly JsonObject[] {
	const byText = new Map(
		ways.map((way) => [JSON.stringify(Object.entries(way).sort()), way]),
	);
	return [...byText.values()];
}

function toList(
	security: DocsContribution["security"],
): readonly SecuritySchemes[] {
	if (security === undefined) return [];
	return isList(security) ? security : [security];
}

function isList(
	security: NonNullable<DocsContribution["security"]>,
): security is readonly SecuritySchemes[] {
	return Array.isArray(security);
}

/** An authorization header that is read by itself; where nothing else is asked for it may be optional. */
function toBare(
	parameter: JsonObject,
	asked: readonly (readonly SecuritySchemes[])[],
): readonly SecuritySchemes[] {
	const schemes = { authorization: toScheme(parameter) };
	const isAlone = asked.every((sets) => sets.length === 0);
	return isAlone && parameter.required === false ? [{}, schemes] : [schemes];
}

/** The kinds of scheme that send an Authorization header (OpenAPI 3.1, section 4.8.27). */
const authorizing: readonly unknown[] = ["http", "oauth2", "openIdConnect"];

function covers(
	scheme: Readonly<JsonObject>,
	parameter: Readonly<JsonObject>,
): boolean {
	if (authorizing.includes(scheme.type)) return isAuthorization(parameter);
	if (scheme.type !== "apiKey" || scheme.in !== parameter.in) return false;
	return parameter.in === "header"
		? toLower(scheme.name) === toLower(parameter.name)
		: scheme.name === parameter.name;
}

function isAuthorization(parameter: Readonly<JsonObject>): boolean {
	return (
		parameter.in === "header" && toLower(parameter.name) === "authorization"
	);
}

function toLower(name: unknown): string {
	return String(name).toLowerCase();
}

function toScheme({ name, description }: Readonly<JsonObject>): JsonObject {
	return { type: "apiKey", in: "header", name, description };
}
