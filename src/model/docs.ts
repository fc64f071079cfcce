/** A security scheme as OpenAPI 3.1 writes it. */
export type SecurityScheme = Readonly<Record<string, unknown>> & {
	/** The scopes or roles that the operation asks of it. They are no part of the scheme. Default none. */
	readonly requiredScopes?: readonly string[];
};

/** Security schemes by name, all of which are asked for. */
export type SecuritySchemes = Readonly<Record<string, SecurityScheme>>;

/** What a dependency or a policy adds to the OpenAPI operation of its routes. */
export interface DocsContribution {
	/** The operation requires all schemes of a set; of several sets it requires any one, and an empty one makes the rest optional. */
	readonly security?: SecuritySchemes | readonly SecuritySchemes[];
	/** Responses by status, as OpenAPI 3.1 writes them. */
	readonly responses?: Readonly<
		Record<number, Readonly<Record<string, unknown>>>
	>;
}
