import {
	createGateway,
	dependency,
	file,
	type Gateway,
	HttpError,
	input,
	route,
	Type,
	upstream,
} from "../../src/index.ts";
import { passwordForm } from "../../src/policies/auth/password-form.ts";

const pair = { query_int: Type.Integer(), query_str: Type.String() };
const Example = Type.Object({
	example_int: Type.Integer(),
	example_str: Type.String(),
});
const credentials = { username: Type.String(), password: Type.String() };

const apiKey = dependency(
	{ key: input.header("x-api-key", Type.Optional(Type.String())) },
	({ key }) => {
		if (!key) throw new HttpError(401, "The X-API-Key header is missing.");
		return key;
	},
	{
		docs: {
			security: {
				APIKeyHeader: { type: "apiKey", in: "header", name: "x-api-key" },
			},
		},
	},
);
const login = passwordForm();

/** The gateway in front of the service at that URL, such as `http://127.0.0.1:8001`. */
export function createQuickstart(serviceUrl: string): Gateway {
	const service = upstream(serviceUrl);
	const api = route.with({ prefix: "/gateway_endpoint", upstream: service });
	return createGateway({
		title: "API Gateway",
		errorFormat: "fastapi",
		routes: [
			api.get("/path_param/:random_int", {
				upstreamPath: "/v1/path_param/:random_int",
				path: { random_int: Type.Integer() },
				forward: { query: (ctx) => ({ random_int: ctx.path.random_int }) },
				response: {
					schema: Type.Object({
						foo: Type.String(),
						custom_int: Type.String(),
					}),
					mode: "select",
					keepHeaders: "gateway",
				},
				tags: ["Parameters"],
			}),
			api.post("/path_and_body/:path_int", {
				upstreamPath: "/v1/path_and_body/:path_int",
				path: { path_int: Type.Integer() },
				body: Example,
				forward: { query: (ctx) => ({ path_int: ctx.path.path_int }) },
				tags: ["Parameters"],
			}),
			api.get("/list_model", {
				upstreamPath: "/v1/list_model",
				response: Type.Array(Type.Object({ foo_key: Type.String() })),
				tags: ["Parameters"],
			}),
			api.get("/query", {
				upstreamPath: "/v1/query",
				query: pair,
				tags: ["Parameters"],
			}),
			api.post("/query_and_body", {
				upstreamPath: "/v1/query_and_body",
				query: pair,
				body: Example,
				tags: ["Parameters"],
			}),
			api.post("/query_and_body_path/:path", {
				upstreamPath: "/v1/query_and_body_path/:path",
				path: { path: Type.Integer() },
				query: pair,
				body: Example,
				tags: ["Parameters"],
			}),
			api.get("/check_depends_header", {
				upstreamPath: "/v1/check_dependency_header",
				dependencies: { apiKey },
				forward: { headers: (ctx) => ({ "x-api-key": ctx.deps.apiKey }) },
				tags: ["Dependencies"],
			}),
			api.post("/form_data", {
				upstreamPath: "/v1/form_data",
				form: credentials,
				tags: ["Forms"],
			}),
			api.post("/upload_file", {
				upstreamPath: "/v1/upload_file",
				form: { file: file() },
				tags: ["Forms"],
			}),
			api.post("/form_and_upload_file", {
				upstreamPath: "/v1/form_and_upload_file",
				form: { ...credentials, file: file() },
				tags: ["Forms"],
			}),
			api.post("/check_depends_form_1", {
				upstreamPath: "/v1/check_dependency_header",
				dependencies: { login },
				forward: {
					form: ({ deps: { login } }) => ({
						username: login.username,
						password: login.password,
					}),
				},
				tags: ["Dependencies"],
			}),
			api.post("/check_depends_form_2", {
				upstreamPath: "/v1/check_dependency_header",
				dependencies: { login },
				tags: ["Dependencies"],
			}),
		],
	});
}
