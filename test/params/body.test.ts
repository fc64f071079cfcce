import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { route, Type } from "../../src/index.ts";
import { chunked } from "../helpers/raw-http.ts";
import { startRecordingFront } from "../helpers/recording-front.ts";

const Pet = Type.Object({
	name: Type.String(),
	age: Type.Optional(Type.Integer()),
	tags: Type.Array(Type.String(), { default: ["none"] }),
});
const front = await startRecordingFront(
	{ after },
	(upstream) => {
		const api = route.with({ upstream });
		return [
			api.post("/pets", { body: Pet }),
			api.post("/small", { body: Pet, maxBodyBytes: 32 }),
			api.post("/maybe", { body: Type.Optional(Pet) }),
			api.post("/default", { body: Type.Object({}, { default: { a: 1 } }) }),
			api.post("/original", { body: Pet, bodyMode: "original" }),
			api.post("/shadow", { body: Pet, validation: "shadow" }),
			api.post("/off", { body: Pet, validation: "off" }),
			api.post("/any", { body: Type.Unknown() }),
		];
	},
	{
		logger: {
			error: (details) => assert.fail(JSON.stringify(details)),
			warn: () => {},
			info: () => {},
		},
	},
);

const json = "Content-Type: application/json";
const tom = '{"name":"tom","tags":[]}';

suite("the media type of a declared body", () => {
	const plain = "application/json";
	const taken: readonly (readonly [string, string])[] = [
		["application/json", plain],
		["application/json ; charset=utf-8", plain],
		["Application/JSON;Charset=UTF-8", plain],
		['application/json; charset="utf-8"', plain],
		['application/json;charset="UT\\F-8";x=Y', `${plain}; x=Y`],
		["application/json;", plain],
		["application/json; charset=utf8", plain],
		["application/problem+json", "application/problem+json"],
		[
			'application/vnd.api+JSON; ext="https://x/a b"; charset=utf-8',
			'application/vnd.api+json; ext="https://x/a b"',
		],
		["application/merge-patch+json", "application/merge-patch+json"],
		[
			'application/json-patch+json;a="\\"\\\\";b=""',
			'application/json-patch+json; a="\\"\\\\"; b=""',
		],
		["image/x+json", "image/x+json"],
	];
	for (const [type, sent] of taken) {
		test(`${type} is JSON, and goes on as ${sent}`, async () => {
			const asked = await front.ask(
				"POST /pets",
				[`Content-Type: ${type}`],
				tom,
			);
			assert.equal(asked.status, 200);
			assert.equal(asked.sent, tom);
			assert.equal(asked.request?.header("content-type"), sent);
		});
	}

	const refused = [
		"text/plain",
		"text/json",
		"application/jsonp",
		"application/json2",
		"application/x-www-form-urlencoded",
		"multipart/form-data; boundary=B",
		"application/json, text/plain",
		"application/json text/plain",
		"application/json; charset=utf-8; charset=utf-16",
		"application/json; charset",
		"application",
		"application/",
		"/json",
		"application/json/x",
		"*/*",
		"application/json; charset=utf-16",
		"application/json; charset=iso-8859-1",
		"application/json; charset=",
		'application/json; charset="utf-8',
		"",
	];
	for (const type of refused) {
		test(`"${type}" is a 415`, async () => {
			const asked = await front.ask(
				"POST /pets",
				[`Content-Type: ${type}`],
				tom,
			);
			assert.equal(asked.status, 415);
			assert.equal(asked.code, "ERR_MEDIA_TYPE");
			assert.equal(asked.request, null);
		});
	}

	test("none at all is a 415", async () => {
		const asked = await front.ask("POST /pets", [], tom);
		assert.equal(asked.status, 415);
		assert.equal(asked.request, null);
	});

	test("two of them are a 400: the service may believe the other one", async () => {
		const other = "content-type: text/plain";
		for (const lines of [
			[json, other],
			[other, json],
			[json, json.toUpperCase()],
		]) {
			for (const path of ["/pets", "/original"]) {
				const asked = await front.ask(`POST ${path}`, lines, tom);
				assert.equal(asked.status, 400);
				assert.equal(asked.request, null);
			}
		}
	});
});

suite("the text of a declared body", () => {
	const broken: [string, string | Uint8Array][] = [
		["invalid UTF-8", Buffer.from('{"name":"\xff","tags":[]}', "latin1")],
		["UTF-8 cut short", Buffer.from('{"name":"\xc3"}', "latin1")],
		["an overlong form", Buffer.from('{"name":"\xc0\xaf"}', "latin1")],
		["an encoded surrogate", Buffer.from('{"name":"\xed\xa0\x80"}', "latin1")],
		["two byte order marks", `\ufeff\ufeff${tom}`],
		["a byte order mark alone", "\ufeff"],
		["UTF-16", Buffer.from(tom, "utf16le")],
		["trailing garbage", `${tom}x`],
		["two values", `${tom}${tom}`],
		["a trailing NUL", `${tom}\0`],
		["a value cut short", tom.slice(0, -1)],
		["blanks alone", " \n"],
		["single quotes", "{'name':'tom'}"],
		["a comment", `/**/${tom}`],
		["a trailing comma", '{"name":"tom",}'],
		["a raw tab in a string", '{"name":"\t"}'],
		["no JSON number", '{"name":"tom","age":01}'],
		["a number in another script", '{"age":١٢}'],
		["NaN", '{"age":NaN}'],
	];
	for (const [what, body] of broken) {
		test(`${what} is a 400`, async () => {
			for (const target of ["/pets", "/original", "/off"]) {
				const asked = await front.ask(`POST ${target}`, [json], body);
				assert.equal(asked.status, 400, target);
				assert.equal(asked.code, "ERR_BAD_BODY");
				assert.equal(asked.request, null);
			}
		});
	}

	test("blanks around the value are no garbage", async () => {
		const asked = await front.ask("POST /pets", [json], `\r\n\t ${tom} \n`);
		assert.equal(asked.sent, tom);
	});
});

suite("what goes on of a declared body", () => {
	test("undeclared properties are left out and defaults filled", async () => {
		const text =
			'{"x":{"y":1},"name":"J\u00f6rg","__proto__":{"age":1},"age":3}';
		const { sent, request } = await front.ask("POST /pets", [json], text);
		const expected = '{"name":"Jörg","age":3,"tags":["none"]}';
		assert.equal(Buffer.from(sent as string, "latin1").toString(), expected);
		assert.equal(
			request?.header("content-length"),
			String(Buffer.byteLength(expected)),
		);
		assert.equal(request?.header("transfer-encoding"), undefined);
	});

	test("the last of repeated keys is the one, and goes on alone", async () => {
		const text = '{"name":"a","tags":[],"name":"b","n\\u0061me":"c"}';
		const { sent } = await front.ask("POST /pets", [json], text);
		assert.equal(sent, '{"name":"c","tags":[]}');
	});

	test("the original bytes, where the route asks for them", async () => {
		const text = '{ "name": "tom",\n "age": 1.0, "x": 9007199254740993 }';
		const type = "Content-Type: application/vnd.pet+json; v=1";
		const { sent, request } = await front.ask("POST /original", [type], text);
		assert.equal(sent, text);
		assert.equal(
			request?.header("content-type"),
			"application/vnd.pet+json; v=1",
		);
	});

	test("but not with a repeated key: the service could take the other one", async () => {
		for (const text of [
			'{"name":1,"name":"tom"}',
			'{"name":"tom","x":[{"y":1,"\\u0079":2}]}',
			'{"name":"tom","__proto__":1,"__proto__":2}',
		]) {
			const asked = await front.ask("POST /original", [json], text);
			assert.equal(asked.status, 422, text);
			assert.ok(asked.problems.some(({ type }) => type === "repeated"));
			assert.equal(asked.request, null);
		}
		const fine =
			'{"name":"tom","x":[{"name":1},{"name":"\\"name\\":"}],"y":{"name":2}}';
		const asked = await front.ask("POST /original", [json], fine);
		assert.equal(asked.sent, fine);
	});

	test("a byte order mark before JSON does not count, and goes on with the original bytes alone", async () => {
		for (const target of ["/pets", "/original"]) {
			const asked = await front.ask(`POST ${target}`, [json], `\ufeff${tom}`);
			assert.equal(asked.status, 200);
			const sent =
				target === "/pets"
					? tom
					: Buffer.from(`\ufeff${tom}`).toString("latin1");
			assert.equal(asked.sent, sent);
		}
	});

	test("nothing is converted in JSON", async () => {
		const { status, problems } = await front.ask(
			"POST /pets",
			[json],
			'{"name":7,"age":"3","tags":"x"}',
		);
		assert.equal(status, 422);
		assert.deepEqual(
			problems.map(({ loc, type }) => [...loc, type]),
			[
				["body", "name", "type"],
				["body", "age", "type"],
				["body", "tags", "type"],
			],
		);
	});

	test("in shadow and without validation what does not conform goes on all the same", async () => {
		for (const target of ["/shadow", "/off"]) {
			const text = '{"age":"x","name":7,"z":1}';
			const { sent, status } = await front.ask(`POST ${target}`, [json], text);
			assert.equal(status, 200);
			assert.deepEqual(JSON.parse(sent as string), {
				name: 7,
				age: "x",
				tags: ["none"],
			});
		}
	});
});

suite("an empty declared body", () => {
	const empty: [string, readonly string[]][] = [
		["no body at all", []],
		["a length of 0", ["Content-Length: 0"]],
		["a length of 0 with its type", [json, "Content-Length: 0"]],
		["chunks that hold nothing", [json, "Transfer-Encoding: chunked"]],
	];
	for (const [what, headers] of empty) {
		const end = headers.length === 2 && headers[1]?.includes("chunked");
		const message = (target: string): string =>
			`POST ${target} HTTP/1.1\r\nHost: g\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n${end ? chunked() : ""}`;

		test(`${what} is a 422 where one is required`, async () => {
			const asked = await front.askRaw(message("/pets"));
			assert.equal(asked.status, 422);
			assert.deepEqual(asked.problems, [
				{ loc: ["body"], msg: "Field required", type: "missing" },
			]);
		});

		test(`${what} goes on as nothing where one is optional`, async () => {
			const asked = await front.askRaw(message("/maybe"));
			assert.equal(asked.status, 200);
			assert.equal(asked.sent, "");
		});

		test(`${what} goes on as the default where there is one`, async () => {
			const asked = await front.askRaw(message("/default"));
			assert.equal(asked.sent, '{"a":1}');
			assert.equal(asked.request?.header("content-type"), "application/json");
		});
	}
});
