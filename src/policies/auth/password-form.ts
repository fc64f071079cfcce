import { type Dependency, dependency, input, Type } from "../../index.ts";
import { checkOptions, flag } from "../kit/kit.ts";

/** What is asked of the form. */
export interface PasswordFormOptions {
	/** Whether `grant_type` must be there, as RFC 6749 section 4.3.2 has it. Default false: browsers' own forms have none. */
	readonly strict?: boolean;
}

/**
 * A form that asks for a token for a name and a password (RFC 6749 section 4.3.2).
 * The fields have the names that they have on the wire, so that `{ ...login }` is
 * the form again.
 */
export class PasswordForm {
	readonly username: string;
	readonly password: string;
	/** `"password"`, or undefined where it was not sent. */
	readonly grant_type: "password" | undefined;
	/** With blanks between; empty where none was asked for. */
	readonly scope: string;
	readonly client_id: string | undefined;
	readonly client_secret: string | undefined;

	constructor(
		values: Omit<PasswordForm, "scopes" | "grant_type"> & {
			readonly grant_type?: string | undefined;
		},
	) {
		this.username = values.username;
		this.password = values.password;
		this.grant_type = values.grant_type === "password" ? "password" : undefined;
		this.scope = values.scope;
		this.client_id = values.client_id || undefined;
		this.client_secret = values.client_secret || undefined;
	}

	/** One by one. */
	get scopes(): readonly string[] {
		return this.scope.split(" ").filter(Boolean);
	}
}

const optional = Type.Optional(Type.String());
const secret = { format: "password" };
const grant = Type.String({ pattern: "^password$" });
// A page sends a field that was left empty as an empty one.
const grantOrNone = Type.Optional(Type.String({ pattern: "^(password)?$" }));

const fields = {
	username: input.form("username", Type.String()),
	password: input.form("password", Type.String(secret)),
	scope: input.form("scope", Type.String({ default: "" })),
	client_id: input.form("client_id", optional),
	client_secret: input.form(
		"client_secret",
		Type.Optional(Type.String(secret)),
	),
};

/**
 * The fields of a login form: `username`, `password`, and where they are sent
 * `grant_type` (which must be `password`), `scope`, `client_id` and
 * `client_secret`. A form without them is a 422. The form goes on to the service as
 * it came, where the route declares none of its own; nobody is identified here.
 */
export function passwordForm(
	options: PasswordFormOptions = {},
): Dependency<PasswordForm> {
	checkOptions("passwordForm", options, { strict: flag });
	const grantType = options.strict ? grant : grantOrNone;
	return dependency(
		{ ...fields, grant_type: input.form("grant_type", grantType) },
		(values) => new PasswordForm(values),
		{ name: "password-form" },
	);
}
