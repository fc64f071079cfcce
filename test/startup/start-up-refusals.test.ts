import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	dependency,
	file,
	input,
	type Route,
	route,
	Type,
} from "../../src/index.ts";
import { loose, problemsOf } from "../helpers/start-up-problems.ts";

const upstream = "http://127.0.0.1:1";
const handler = (): null => null;
const anything = Type.Any();

suite("what is refused at start-up:", () => {
	const refused: Readonly<Record<string, readonly [Route, RegExp]>> = {
		"something that is no route": [
			{ path: "/" } as unknown as Route,
			/^routes must be made by route\.get/,
		],
		"a method that is not known": [
			route("FETCH", "/", { handler }),
			/^FETCH \/: the method FETCH is not known$/,
		],
		"no method": [route([], "/", { handler }), /no method is given/],
		"an upstream method that is not known": [
			route.get("/", { upstream, upstreamMethod: "fetch" }),
			/upstreamMethod FETCH is not known/,
		],
		"a path without a slash": [
			route.get("users", { handler }),
			/the path must begin with \//,
		],
		"a parameter twice": [
			route.get("/:id/:id", { handler }),
			/the path has a parameter twice/,
		],
		"a parameter without a name": [
			route.get("/users/:/x", { handler }),
			/a parameter without a name/,
		],
		"two parameters that nothing divides": [
			route.get("/users/:id:name", { handler }),
			/something must stand between two parameters/,
		],
		"a wildcard within a name": [
			route.get("/users/:id*", { handler }),
			/something must stand between two parameters/,
		],
		"a wildcard that is not the end": [
			route.get("/files/*/x", { handler }),
			/Wildcard must be the last character/,
		],
		"an optional parameter that is not the end": [
			route.get("/a/:b?/c", { handler }),
			/Optional Parameter needs to be the last/,
		],
		"an expression that is none": [
			route.get("/a/:b([)", { handler }),
			/^GET \/a\/:b\(\[\): /,
		],
		"a schema for a name that is not in the path": [
			loose("/a/:b", { upstream, path: { c: anything } }),
			/path\.c has a schema, but the path has no parameter :c/,
		],
		"a template name that nothing declares": [
			loose("/a/:b", { upstream, upstreamPath: "/x/:c" }),
			/upstreamPath has :c, which nothing declares/,
		],
		"a template wildcard that nothing declares": [
			loose("/a/:b", { upstream, upstreamPath: "/x/*" }),
			/upstreamPath has \*, which nothing declares/,
		],
		"a template without a slash": [
			route.get("/a", { upstream, upstreamPath: "x" }),
			/upstreamPath must begin with \//,
		],
		"a template with a query": [
			route.get("/a", { upstream, upstreamPath: "/x?y=1" }),
			/upstreamPath/,
		],
		"neither upstream nor handler": [
			loose("/", {}),
			/needs an upstream or a handler/,
		],
		"upstream and handler": [
			route.get("/", { upstream, handler }),
			/has both an upstream and a handler/,
		],
		"an upstream that is no origin": [
			route.get("/", { upstream: "http://users/v1" }),
			/must be an origin alone/,
		],
		"an upstream that is no upstream": [
			loose("/", { upstream: { url: "http://users" } }),
			/upstream must be a URL or made by upstream\(\)/,
		],
		"a handler that is no function": [
			loose("/", { handler: "hello" }),
			/handler must be a function/,
		],
		"an option that is none": [
			loose("/", { handler, dependancies: {} }),
			/^GET \/: there is no option "dependancies"; did you mean "dependencies"\?$/,
		],
		"a value out of the list": [
			loose("/", { upstream, validation: "none" }),
			/validation must be 'reject', 'shadow' or 'off', got "none"/,
		],
		"a body mode out of the list": [
			loose("/", { upstream, body: anything, bodyMode: "raw" }),
			/bodyMode must be 'validated' or 'original', got "raw"/,
		],
		"a response mode out of the list": [
			loose("/", { upstream, response: { schema: anything, mode: "strip" } }),
			/response\.mode must be 'document', 'validate' or 'select', got "strip"/,
		],
		"response headers that are no list": [
			loose("/", { upstream, response: { keepHeaders: "x-a" } }),
			/response\.keepHeaders must be 'upstream', 'gateway' or an array of names/,
		],
		"a part that is no shape": [
			loose("/", { upstream, query: "none" }),
			/query must be 'drop' or an object of schemas, got "none"/,
		],
		"a schema that is none": [
			loose("/", { upstream, query: { page: "integer" } }),
			/query\.page: a schema must be an object/,
		],
		"a constructor for a schema": [
			loose("/", { upstream, query: { page: Number } }),
			/query\.page: a schema must be an object/,
		],
		"a schema for one header that is null": [
			loose("/", { upstream, headers: { "x-a": null } }),
			/headers\.x-a: a schema must be an object, got null/,
		],
		"a file outside a form": [
			loose("/", { upstream, query: { avatar: file() } }),
			/query\.avatar: a file can only be part of a form/,
		],
		"a body that is no schema": [
			loose("/", { upstream, body: 3 }),
			/body: a schema must be an object/,
		],
		"a response that is no schema": [
			loose("/", { upstream, response: { 200: "text" } }),
			/response\.200: a schema must be an object/,
		],
		"a body and a form": [
			loose("/", { upstream, body: anything, form: {} }),
			/declares a body and a form/,
		],
		"a body and a form that go out": [
			route.post("/", {
				upstream,
				forward: { body: () => 1, form: () => ({}) },
			}),
			/has forward\.body and forward\.form/,
		],
		"a value where forward takes a function": [
			loose("/", { upstream, forward: { query: { a: 1 } } }),
			/forward\.query must be a function/,
		],
		"a part that forward does not have": [
			loose("/", { upstream, forward: { paths: () => "/" } }),
			/there is no option "forward\.paths"/,
		],
		"path values that nothing takes": [
			route.get("/:id", {
				upstream,
				upstreamPath: "/v1/:id",
				forward: { path: () => ({ tenant: 1 }) },
			}),
			/has forward\.path, but upstreamPath has no name that the path lacks/,
		],
		"an option of the response at its old place": [
			loose("/", { upstream, responseHeaders: "gateway" }),
			/there is no option "responseHeaders"; it is "response\.keepHeaders" now/,
		],
		"an option of the response that is misspelt": [
			loose("/", { upstream, response: { schema: anything, mod: "select" } }),
			/there is no option "response\.mod"; did you mean "response\.mode"\?/,
		],
		"options of the response beside keywords of a schema": [
			loose("/", { upstream, response: { type: "object", location: "keep" } }),
			/there is no option "response\.type"/,
		],
		"an attribute that no cookie can carry": [
			loose("/", { upstream, response: { cookies: { path: "/; secure" } } }),
			/response\.cookies\.path must be ASCII text without ; or null/,
		],
		"forwarding beside a handler": [
			route.get("/", { handler, forward: { query: () => ({}) } }),
			/answers by a handler, so that forward has no effect/,
		],
		"what becomes of an answer beside a handler": [
			route.get("/", { handler, response: { keepHeaders: "gateway" } }),
			/answers by a handler, so that response\.keepHeaders has no effect/,
		],
		"a body mode without a body": [
			route.get("/", { upstream, bodyMode: "original" }),
			/has bodyMode but declares no body/,
		],
		"strictness without a form": [
			route.get("/", { upstream, strict: true }),
			/has strict but declares no form/,
		],
		"a mode for a response that is not declared": [
			route.get("/", { upstream, response: { mode: "validate" } }),
			/has response\.mode 'validate' but no response\.schema/,
		],
		"keys without a selection": [
			route.get("/", {
				upstream,
				response: { schema: Type.Object({}), include: ["a"] },
			}),
			/has response\.include or response\.exclude without response\.mode 'select'/,
		],
		"a limit below zero": [
			route.post("/", { upstream, maxBodyBytes: -1 }),
			/maxBodyBytes must be a whole number of at least 0, got -1/,
		],
		"a time below zero": [
			route.get("/", { upstream, timeout: { headersMs: -1 } }),
			/timeout\.headersMs must be a number of milliseconds from 0 to \d+, got -1/,
		],
		"a time of another name": [
			loose("/", { upstream, timeout: { headers: 10 } }),
			/no option "timeout\.headers"; did you mean "timeout\.headersMs"/,
		],
		"a dependency that is none": [
			loose("/", { upstream, dependencies: { caller: () => 1 } }),
			/dependencies\.caller must be made by dependency\(\)/,
		],
		"a policy that is none": [
			loose("/", { upstream, policies: [() => null] }),
			/policies\[0\] must be a policy, which has a forRoute function/,
		],
		"a dependency's path value that the path does not have": [
			route.get("/users", {
				handler,
				dependencies: {
					user: dependency({ id: input.path("id") }, ({ id }) => id),
				},
			}),
			/a dependency needs the path parameter :id, which the path does not have/,
		],
		"a dependency's form beside a body": [
			route.post("/users", {
				upstream,
				body: anything,
				dependencies: {
					login: dependency({ name: input.form("name") }, ({ name }) => name),
				},
			}),
			/a dependency needs the form field "name", but the route declares a body/,
		],
		"a form field that two ask for unlike": [
			route.post("/users", {
				upstream,
				dependencies: {
					text: dependency({ n: input.form("n") }, ({ n }) => n),
					count: dependency(
						{ n: input.form("n", Type.Integer()) },
						({ n }) => n,
					),
				},
			}),
			/the form field "n" is asked for with two schemas/,
		],
		"a form field that a dependency and the route ask for unlike": [
			route.post("/users", {
				upstream,
				form: { n: Type.Integer() },
				dependencies: {
					text: dependency({ n: input.form("n") }, ({ n }) => n),
				},
			}),
			/the form field "n" is asked for with two schemas/,
		],
		"a dependency's input that is no schema": [
			route.get("/users", {
				upstream,
				dependencies: {
					page: dependency(
						{ page: input.query("page", 3 as never) },
						({ page }) => page,
					),
				},
			}),
			/the query input "page": a schema must be an object/,
		],
	};
	for (const [what, [one, expected]] of Object.entries(refused)) {
		test(what, () => {
			const lines = problemsOf([one]);
			assert.match(lines.join("\n"), expected);
			assert.equal(lines.length, 1, lines.join("\n"));
		});
	}
});
