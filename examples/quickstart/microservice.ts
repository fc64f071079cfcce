import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import {
	Refusal,
	readInputs,
	type Takes,
	type UploadedFile,
	type Values,
} from "./microservice-inputs.ts";

/** What an endpoint takes, and what it makes of it. */
interface Endpoint {
	readonly takes: Takes;
	readonly answer: (values: Values, query: Values) => unknown;
}

const queryPair = {
	query_int: ["query", "integer"],
	query_str: ["query", "string"],
} as const;
const bodyPair = {
	example_int: ["json", "integer"],
	example_str: ["json", "string"],
} as const;
const login = {
	username: ["form", "string"],
	password: ["form", "string"],
} as const;
const upload = { file: ["form", "file"] } as const;

const echo = (values: Values): Values => values;
const greet = (values: Values): Values => ({ foo: "bar", ...values });

/** By method and path. */
const endpoints: Readonly<Record<string, Endpoint>> = {
	"GET /v1/path_param/:random_int": {
		takes: { random_int: ["path", "integer"] },
		answer: (values, query) => ({ ...greet(values), custom_int: 1337, query }),
	},
	"POST /v1/path_and_body/:path_int": {
		takes: { path_int: ["path", "integer"], ...bodyPair },
		answer: greet,
	},
	"GET /v1/list_model": {
		takes: {},
		answer: () => [{ foo_key: "foo" }, { foo_key: "bar" }],
	},
	"GET /v1/query": { takes: queryPair, answer: echo },
	"POST /v1/query_and_body": {
		takes: { ...queryPair, ...bodyPair },
		answer: echo,
	},
	"POST /v1/query_and_body_path/:path": {
		takes: { path: ["path", "integer"], ...queryPair, ...bodyPair },
		answer: echo,
	},
	"GET /v1/check_dependency_header": {
		takes: { "x-api-key": ["header", "string"] },
		answer: (values) => greet({ header: values["x-api-key"] }),
	},
	"POST /v1/check_dependency_header": { takes: login, answer: echo },
	"POST /v1/form_data": { takes: login, answer: greet },
	"POST /v1/upload_file": {
		takes: upload,
		answer: (values) => {
			const { filename, type } = values.file as UploadedFile;
			return { filename, file_content_type: type };
		},
	},
	"POST /v1/form_and_upload_file": {
		takes: { ...login, ...upload },
		answer: ({ username, password, file }) => {
			const { filename, type } = file as UploadedFile;
			return { username, pwd: password, filename, content_type: type };
		},
	},
	"POST /v1/upload_digest": {
		takes: upload,
		answer: (values) => {
			const { bytes, sha256 } = values.file as UploadedFile;
			return { bytes, sha256 };
		},
	},
};

/** `GET /v1/path_param/:random_int` as a pattern with a named group. */
const patterns = Object.entries(endpoints).map(([key, endpoint]) => ({
	pattern: new RegExp(`^${key.replace(/:(\w+)/, "(?<$1>[^/]+)")}$`),
	endpoint,
}));

async function answer(req: IncomingMessage): Promise<unknown> {
	const url = new URL(`http://service${req.url}`);
	const query = Object.fromEntries(url.searchParams);
	for (const { pattern, endpoint } of patterns) {
		const match = pattern.exec(`${req.method} ${url.pathname}`);
		if (match === null) continue;
		const path = match.groups ?? {};
		const values = await readInputs(req, endpoint.takes, path, query);
		return endpoint.answer(values, query);
	}
	throw new Refusal(404, "Not Found");
}

async function respond(
	req: IncomingMessage,
	res: ServerResponse,
): Promise<void> {
	let status = 200;
	const body = await answer(req).catch((error: unknown) => {
		status = error instanceof Refusal ? error.status : 500;
		return { detail: error instanceof Refusal ? error.detail : "Failed" };
	});
	res.writeHead(status, { "content-type": "application/json" });
	res.end(JSON.stringify(body));
}

/**
 * Starts the service that the quickstart's gateway stands in front of.
 * Port 0, the default, takes any free one.
 */
export async function startMicroservice(
	port = 0,
): Promise<{ url: string; close(): Promise<void> }> {
	const server = createServer(respond).listen(port, "127.0.0.1");
	await once(server, "listening");
	const address = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${address.port}`,
		async close() {
			const closed = new Promise<unknown>((done) => server.close(done));
			server.closeAllConnections();
			await closed;
		},
	};
}
