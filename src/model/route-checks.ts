import { hostsCheck } from "../http/hosts.ts";
import {
	anyText,
	type Check,
	type Checks,
	either,
	flag,
	func,
	group,
	list,
	mapOf,
	milliseconds,
	must,
	object,
	oneOf,
	text,
	usable,
	whole,
} from "../http/options.ts";
import { type FormLimits, isFileSchema } from "../params/form/form.ts";
import { compileSchema } from "../params/schema.ts";
import { isDependency } from "./dependency.ts";
import { responseCheck } from "./response-options.ts";
import type {
	ClientLimits,
	Forward,
	RouteOptions,
	SharedOptions,
} from "./route-options.ts";
import type { Policy } from "./types.ts";
import { timeoutChecks, Upstream, upstream } from "./upstream.ts";

/** Dependencies by name. */
export const dependencies: Check = mapOf(
	must("made by dependency()", isDependency),
);

/** What acts on the requests of a route. */
export const policies: Check = list(
	must(
		"a policy, which has a forRoute function",
		(value: Policy | null | undefined) =>
			typeof value?.forRoute === "function" &&
			Array.isArray(value.routes ?? []),
	),
);

/** The service behind a route. */
const service: Check = (value, name) =>
	typeof value === "string"
		? usable((url: string) => upstream(url))(value, name)
		: must(
				"a URL or made by upstream()",
				(one: object) => one instanceof Upstream,
			)(value, name);

const bound = either(
	"a whole number of at least 0, or Infinity",
	whole(),
	oneOf(Number.POSITIVE_INFINITY),
);
const schema: Check = usable(compileSchema);
const shape: Check = mapOf((value, name) =>
	isFile(value)
		? [`${name}: a file can only be part of a form`]
		: schema(value, name),
);
const form: Check = mapOf((value, name) =>
	isFile(value) ? [] : schema(value, name),
);

function isFile(value: unknown): boolean {
	return typeof value === "object" && value !== null && isFileSchema(value);
}

/** What the routes of one builder share. */
export const sharedChecks: Checks<SharedOptions> = {
	prefix: anyText,
	upstream: service,
	dependencies,
	policies,
	tags: list(text),
	hosts: hostsCheck,
};

/** The limits of a gateway that a route may override. */
export const clientLimitChecks: Checks<ClientLimits> = {
	bodyIdleMs: milliseconds(),
	sendIdleMs: milliseconds(),
	minBytesPerSecond: whole(),
};

/** The options of a route by themselves; `startup/check-route.ts` checks how they go together. */
export const routeChecks: Checks<RouteOptions<never>> = {
	tags: list(text),
	summary: anyText,
	description: anyText,
	deprecated: flag,
	operationId: text,
	statusCode: whole(100, 999),
	responseDescription: anyText,
	responses: mapOf(object),
	includeInDocs: flag,
	openapi: object,
	upstream: service,
	handler: func,
	upstreamPath: text,
	upstreamMethod: text,
	path: shape,
	query: either("'drop' or an object of schemas", oneOf("drop"), shape),
	headers: shape,
	cookies: shape,
	body: schema,
	form,
	bodyMode: oneOf("validated", "original"),
	strict: flag,
	validation: oneOf("reject", "shadow", "off"),
	decodeBody: flag,
	maxBodyBytes: whole(),
	formLimits: group<FormLimits>({
		fields: bound,
		files: bound,
		parts: bound,
		fieldBytes: bound,
		fileBytes: bound,
	}),
	forward: group<Forward<never>>({
		query: func,
		headers: func,
		body: func,
		form: func,
		path: func,
	}),
	response: responseCheck,
	upgrades: list(text),
	upgradeIdleMs: milliseconds(),
	upgradeHalfOpen: flag,
	limits: group(clientLimitChecks),
	timeout: group(timeoutChecks),
	dependencies,
	policies,
	hosts: hostsCheck,
	paths: oneOf("opaque"),
};

/** Where options are that once stood beside the others. */
export const movedOptions: Readonly<Record<string, string>> = {
	responseMode: "response.mode",
	responseInclude: "response.include",
	responseExclude: "response.exclude",
	responseHeaders: "response.keepHeaders",
};
