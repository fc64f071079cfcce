import type { Random } from "./random.ts";

/** Changes a message (latin1, one character a byte) at one place. */
export type Mutation = (random: Random, text: string) => string;

const oddBytes = "\r\n\0 \t\v\f:;,%/\\#?\"'\x7f\x80\xff\x85\xa0-+0x_";

function splice(text: string, at: number, cut: number, put: string): string {
	return text.slice(0, at) + put + text.slice(at + cut);
}

const byteMutations: readonly Mutation[] = [
	(random, text) => {
		const at = random.below(text.length);
		const flipped = text.charCodeAt(at) ^ (1 << random.below(8));
		return splice(text, at, 1, String.fromCharCode(flipped));
	},
	(random, text) =>
		splice(text, random.below(text.length), 1, random.pick([...oddBytes])),
	(random, text) =>
		splice(text, random.below(text.length), 0, random.pick([...oddBytes])),
	(random, text) =>
		splice(text, random.below(text.length), 1 + random.below(4), ""),
	(random, text) => text.slice(0, random.below(text.length)),
	(random, text) => {
		const from = random.below(text.length);
		const piece = text.slice(from, from + 1 + random.below(60));
		return splice(text, random.below(text.length), 0, piece);
	},
];

const lineEnds = ["\n", "\r", "\r\r\n", "\n\r", "\r\n\r\n", "\r\n ", "\r\n\t"];

/** Changes the lines of a text; what stands between CRLFs counts as one. */
function onLines(
	change: (random: Random, lines: string[], at: number) => void,
): Mutation {
	return (random, text) => {
		const lines = text.split("\r\n");
		change(random, lines, random.below(lines.length));
		return lines.join("\r\n");
	};
}

const lineMutations: readonly Mutation[] = [
	onLines((_random, lines, at) => lines.splice(at, 1)),
	onLines((_random, lines, at) => lines.splice(at, 0, lines[at] ?? "")),
	onLines((random, lines, at) => {
		const other = random.below(lines.length);
		[lines[at], lines[other]] = [lines[other] ?? "", lines[at] ?? ""];
	}),
	onLines((random, lines, at) => {
		lines[at] = `${random.pick([" ", "\t", "\0", "\v"])}${lines[at]}`;
	}),
	onLines((random, lines, at) => {
		lines[at] = `${lines[at]}${random.pick([" ", "\t", "\0", "\r", "\v"])}`;
	}),
	onLines((_random, lines, at) => lines.splice(at, 0, "")),
	(random, text) => {
		const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
		if (ends.length === 0) return text;
		return splice(text, random.pick(ends), 2, random.pick(lineEnds));
	},
];

/** Lines on which parsers are known to disagree. */
const trickyLines = [
	"Content-Length: 5",
	"Content-Length: 0",
	"Content-Length: +5",
	"Content-Length: -1",
	"Content-Length: 5, 5",
	"Content-Length: 5 5",
	"Content-Length: 0x5",
	"Content-Length: 5;a",
	"Content-Length:",
	"Content-Length : 5",
	"Content-Length\0: 5",
	"Content-Length: 18446744073709551621",
	"Content-Length: 5\r\n Content-Length: 6",
	"Content_Length: 5",
	"Transfer-Encoding: chunked",
	"Transfer-Encoding: identity",
	"Transfer-Encoding: gzip, chunked",
	"Transfer-Encoding: chunked, gzip",
	"Transfer-Encoding: chunked, chunked",
	"Transfer-Encoding: xchunked",
	"Transfer-Encoding: chunked;q=1",
	'Transfer-Encoding: "chunked"',
	"Transfer-Encoding:\tchunked",
	"Transfer-Encoding: \vchunked",
	"Transfer-Encoding: chunked\r\n\t, identity",
	"Transfer-Encoding : chunked",
	"Transfer-Encoding:",
	"Transfer_Encoding: chunked",
	"\tTransfer-Encoding: chunked",
	"X: y\rTransfer-Encoding: chunked",
	"X: y\nTransfer-Encoding: chunked",
	"Connection: content-length",
	"Connection: transfer-encoding, host",
	"Connection: upgrade\r\nUpgrade: websocket",
	"Upgrade: websocket",
	"Host: evil.test",
	"Host: gateway.test, evil.test",
	"Host:",
	"Expect: 100-continue",
	"Expect: 200-ok",
	"Trailer: Content-Length",
	"TE: trailers, deflate",
	": no-name",
	"no colon",
	"X-Odd\x80Name: 1",
	`X-Big: ${"b".repeat(5_000)}`,
] as const;

/** The places behind which a header line may stand. */
function headPlaces(text: string): number[] {
	const head = text.slice(0, Math.max(text.indexOf("\r\n\r\n"), 0) + 2);
	return [...head.matchAll(/\r\n/g)].map(({ index }) => index + 2);
}

const headerMutations: readonly Mutation[] = [
	(random, text) => {
		const places = headPlaces(text);
		if (places.length === 0) return text;
		return splice(
			text,
			random.pick(places),
			0,
			`${random.pick(trickyLines)}\r\n`,
		);
	},
	// Before the colon, behind it, and in the name.
	(random, text) => {
		const colons = [...text.matchAll(/:/g)].map(({ index }) => index);
		if (colons.length === 0) return text;
		const at = random.pick(colons) + random.below(2);
		return splice(text, at, 0, random.pick([" ", "\t", "\0", "\r", "\n", ":"]));
	},
];

const sizes = [
	"",
	"-1",
	"+1",
	"0x1",
	"1 ",
	" 1",
	"1;",
	"1;a=\n",
	"1\t",
	"g",
	"0000000000000001",
	"fffffffffffffff",
	"10000000000000001",
	"ffffffffffffffffff",
	"0",
	"00",
	"1,1",
	"1_0",
] as const;

const framingMutations: readonly Mutation[] = [
	// A stated length that is off.
	(random, text) =>
		text.replace(/(content-length:[ ]*)(\d+)/i, (_all, name, length) => {
			const off = Number(length) + random.pick([-1, 1, 2, 30, -Number(length)]);
			return `${name}${off}`;
		}),
	(random, text) =>
		text.replace(/(content-length:[ ]*)(\d+)/i, `$1${random.pick(sizes)}`),
	// A chunk whose size is off or odd.
	(random, text) => {
		const lines = [...text.matchAll(/\r\n[0-9a-f]{1,4}(?=[;\r])/gi)];
		if (lines.length === 0) return text;
		const line = random.pick(lines);
		return splice(text, line.index + 2, line[0].length - 2, random.pick(sizes));
	},
	(random, text) => {
		const lines = [...text.matchAll(/\r\n[0-9a-f]{1,4}\r\n/gi)];
		if (lines.length === 0) return text;
		const line = random.pick(lines);
		const junk = random.pick([";x", ";x=\r", ";\0", " ;x", "\n", ";x=\n5"]);
		return splice(text, line.index + line[0].length - 2, 0, junk);
	},
	// A trailer section with something that must not act.
	(random, text) =>
		text.replace(/\r\n0\r\n/, `\r\n0\r\n${random.pick(trickyLines)}\r\n`),
	// Both framings at once, either first.
	(random, text) =>
		text.replace(
			/\r\n(content-length|transfer-encoding):/i,
			random.isLucky(0.5)
				? "\r\nTransfer-Encoding: chunked\r\n$1:"
				: "\r\nContent-Length: 4\r\n$1:",
		),
];

const levels = [
	byteMutations,
	lineMutations,
	headerMutations,
	framingMutations,
] as const;

/** Changes a message at one place: a byte, a line, a header or its framing. */
export const mutate: Mutation = (random, text) =>
	text === "" ? text : random.pick(random.pick(levels))(random, text);
