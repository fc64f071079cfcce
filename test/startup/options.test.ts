import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
	createGateway,
	dependency,
	file,
	input,
	route,
	upstream,
} from "../../src/index.ts";
import { loose, problemsOf } from "../helpers/start-up-problems.ts";

const handler = (): null => null;
const url = "http://127.0.0.1:1";
// As someone without a compiler may call them.
const anyUpstream = upstream as (origin?: unknown, options?: unknown) => object;
const anyFile = file as (options?: unknown) => object;
const anyDependency = dependency as unknown as (
	...all: readonly unknown[]
) => object;
const anyBuilder = route.with as (options?: unknown) => object;

const wrong: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
	"an upstream without an address": [
		() => anyUpstream(undefined),
		/^upstream: the first argument must be a URL or an array of URLs, got undefined$/,
	],
	"an upstream of null": [() => anyUpstream(null), /^upstream: .*got null$/],
	"an upstream of no addresses": [
		() => anyUpstream([]),
		/^upstream: the first argument must not be empty$/,
	],
	"an upstream of a number among its addresses": [
		() => anyUpstream([url, 8002]),
		/^upstream: the first argument\[1\] must be a string .*got 8002$/,
	],
	"an upstream whose address is no URL": [
		() => anyUpstream("users:8002:x"),
		/^upstream: "users:8002:x"/,
	],
	"timeouts of an upstream": [
		() => anyUpstream(url, { timeouts: { headersMs: 5 } }),
		/^upstream: there is no option "timeouts"; did you mean "timeout"\?$/,
	],
	"a timeout of an upstream by a near name": [
		() => anyUpstream(url, { timeout: { headerMs: 5 } }),
		/"timeout\.headerMs"; did you mean "timeout\.headersMs"\?$/,
	],
	"a timeout of an upstream that is a number": [
		() => anyUpstream(url, { timeout: 5000 }),
		/^upstream: timeout must be an object, got 5000$/,
	],
	"a pool's size by another name": [
		() => anyUpstream(url, { pool: { maxConnections: 1 } }),
		/"pool\.maxConnections"; did you mean "pool\.connections"\?$/,
	],
	"a pool of no connections": [
		() => anyUpstream(url, { pool: { connections: 0 } }),
		/pool\.connections must be a whole number of at least 1, got 0$/,
	],
	"another case": [
		() => anyUpstream(url, { preservehost: true }),
		/did you mean "preserveHost"\?$/,
	],
	"forwarding headers of another name": [
		() => anyUpstream(url, { forwarded: "rfc7239" }),
		/forwarded must be 'both', 'x-forwarded', 'forwarded' or 'none', got "rfc7239"/,
	],
	"an option of TLS by a near name": [
		() => anyUpstream(url, { tls: { rejectUnauthorised: false } }),
		/"tls\.rejectUnauthorised"; did you mean "tls\.rejectUnauthorized"\?$/,
	],
	"an interceptor that is no function": [
		() => anyUpstream(url, { interceptors: [{}] }),
		/interceptors\[0\] must be a function/,
	],
	"options of an upstream that are text": [
		() => anyUpstream(url, "users"),
		/^upstream: the options must be an object, got "users"$/,
	],
	"a file's size by another name": [
		() => anyFile({ maxByte: 5 }),
		/^file: .*did you mean "maxBytes"\?$/,
	],
	"a file's size below one": [
		() => anyFile({ maxBytes: 0 }),
		/^file: maxBytes must be a whole number of at least 1, got 0$/,
	],
	"a file's types as one text": [
		() => anyFile({ contentTypes: "image/png" }),
		/^file: contentTypes must be an array, got "image\/png"$/,
	],
	"a dependency's name by another name": [
		() => anyDependency(() => 1, { nane: "caller" }),
		/^dependency: .*did you mean "name"\?$/,
	],
	"a dependency of nothing": [() => anyDependency(), /^dependency: needs must/],
	"a dependency of null": [
		() => anyDependency(null),
		/^dependency: needs must/,
	],
	"a dependency without a function": [
		() => anyDependency({ a: input.query("a") }),
		/^dependency: the second argument must be a function, got undefined$/,
	],
	"a need that is none": [
		() => anyDependency({ a: "b" }, () => 1),
		/^dependency: needs\.a must be a dependency or an input, got "b"$/,
	],
	"a builder's policies by a near name": [
		() => anyBuilder({ policys: [] }),
		/^route\.with: .*did you mean "policies"\?$/,
	],
	"a builder of nothing": [
		() => anyBuilder(),
		/^route\.with: the options must be an object, got undefined$/,
	],
	"a gateway of nothing": [
		() => createGateway(undefined as never),
		/^the gateway has 1 problem:\n {2}- the options must be an object, got undefined$/,
	],
};

suite("wrong options are an error that names them:", () => {
	for (const [name, [attempt, message]] of Object.entries(wrong)) {
		test(name, () => {
			assert.throws(attempt, { name: "TypeError", message });
		});
	}
});

suite("a gateway", () => {
	for (const [options, says] of [
		[{ trustedProxies: true }, "trustedProxies must be an array, got true"],
		[{ trustedProxies: "10.0.0.0/8" }, "trustedProxies must be an array"],
		[{ limits: { headerByte: 1 } }, 'did you mean "limits.headerBytes"?'],
		[{ limits: 5 }, "limits must be an object, got 5"],
		[{ limits: { connections: "9" } }, "limits.connections must be a whole"],
		[{ policies: { a: 1 } }, "policies must be an array, got an object"],
		[{ policies: [null] }, "policies[0] must be a policy"],
		[{ dependencies: [] }, "dependencies must be an object"],
		[{ docs: true }, "docs must be false or an object, got true"],
		[{ docs: { paths: "/x" } }, 'did you mean "docs.path"?'],
		[{ logger: console.log }, "logger must be an object with the functions"],
		[{ overrides: 5 }, "overrides must be a list of pairs"],
		[{ title: 7 }, "title must be a string, got 7"],
		[{ servers: ["https://a"] }, "servers[0] must be an object"],
	] as const) {
		test(`with ${JSON.stringify(options)}: ${says}`, () => {
			const lines = problemsOf(
				[route.get("/", { handler })],
				options as object,
			);
			assert.equal(lines.length, 1, lines.join("\n"));
			assert.ok(String(lines[0]).includes(says), `${lines}`);
		});
	}
});

suite("a route", () => {
	for (const [options, says] of [
		[undefined, "needs an upstream or a handler"],
		[null, "the options must be an object, got null"],
		["http://a", "the options must be an object"],
		[{ handler, policies: {} }, "policies must be an array, got an object"],
		[{ handler, dependencies: "a" }, "dependencies must be an object"],
		[{ handler, tags: "users" }, 'tags must be an array, got "users"'],
		[{ upstream: url, timeout: 5000 }, "timeout must be an object, got 5000"],
		[{ upstream: url, upstreamPath: 5 }, "upstreamPath must be a string"],
		[{ upstream: url, upstreamMethod: 5 }, "upstreamMethod must be a string"],
		[{ upstream: url, forward: () => 1 }, "forward must be an object"],
		[{ upstream: url, formLimits: { file: 1 } }, '"formLimits.files"?'],
		[{ upstream: url, formLimits: { files: 0.5 } }, "formLimits.files must be"],
		[{ upstream: url, deprecated: "yes" }, "deprecated must be true or false"],
		[{ upstream: url, upgrades: "websocket" }, "upgrades must be an array"],
		[{ upstream: url, response: 5 }, "response: a schema must be an object"],
		[{ upstream: 5 }, "upstream must be a URL or made by upstream(), got 5"],
		[{ upstream: "ftp://a" }, 'upstream: upstream: "ftp://a" must begin'],
	] as const) {
		test(`with ${JSON.stringify(options)}: ${says}`, () => {
			const lines = problemsOf([loose("/", options as never)]);
			assert.equal(lines.length, 1, lines.join("\n"));
			assert.match(String(lines[0]), /^GET \/: /);
			assert.ok(String(lines[0]).includes(says), `${lines}`);
		});
	}

	test("of a method that is no text is one of the problems", () => {
		const lines = problemsOf([route(5 as never, "/", { handler })]);
		assert.deepEqual(lines, ["5 /: the method 5 is not known"]);
	});
});

suite("listen and close", () => {
	const gateway = createGateway({ routes: [route.get("/", { handler })] });
	const listen = gateway.listen.bind(gateway) as (
		options?: unknown,
	) => Promise<{ port: number }>;
	for (const [options, message] of [
		[{ prot: 8000 }, /^listen: there is no option "prot"; did you mean "port"/],
		[{ port: "8000" }, /^listen: port must be a whole number from 0 to 65535/],
		[{ port: 70_000 }, /^listen: port must be a whole number/],
		[-1, /^listen: port must be a whole number/],
		["8000", /^listen: the options must be an object, got "8000"$/],
		[{ tls: { certs: "a" } }, /did you mean "tls\.cert"/],
	] as const) {
		test(`listen(${JSON.stringify(options)}) rejects`, async () => {
			await assert.rejects(listen(options), { name: "TypeError", message });
		});
	}

	test("close rejects a misspelt option, and closes nothing", async () => {
		const close = gateway.close.bind(gateway) as (o: object) => Promise<void>;
		await assert.rejects(close({ timeout: 5 }), {
			name: "TypeError",
			message: /^close: .*did you mean "timeoutMs"\?$/,
		});
		assert.equal((await gateway.inject("/")).status, 200);
	});

	test("inject rejects a misspelt option, and what is no request", async () => {
		const inject = gateway.inject.bind(gateway) as (o?: unknown) => unknown;
		for (const [request, message] of [
			[{ url: "/", header: {} }, /^inject: .*did you mean "headers"\?$/],
			[{ method: "GET" }, /^inject: url is required$/],
			[undefined, /^inject: the options must be an object, got undefined$/],
		] as const) {
			await assert.rejects(async () => inject(request), { message });
		}
	});

	test("listen takes the port as a number", async (t) => {
		const { port: free } = await listen(0);
		await gateway.close();
		const again = createGateway({ routes: [route.get("/", { handler })] });
		t.after(() => again.close({ timeoutMs: 0 }));
		assert.equal((await again.listen(free)).port, free);
	});
});
