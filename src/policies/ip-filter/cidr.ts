import { isIP } from "node:net";

/** A network: the addresses that share its first bits. */
export interface Cidr {
	readonly address: string;
	readonly bits: number;
	readonly family: "ipv4" | "ipv6";
}

/**
 * The network of an address with a prefix (RFC 4632 section 3.1, RFC 4291 section
 * 2.3), or of an address alone. One of mapped IPv4 addresses is told as IPv4.
 * `place` names the option in errors.
 *
 * @throws TypeError when it is none, or has bits behind its prefix.
 */
export function toCidr(text: string, place: string): Cidr {
	const [address = "", length, ...rest] = String(text).split("/");
	const family = isIP(address);
	if (family === 0 || address.includes("%") || rest.length > 0) {
		throw new TypeError(`${place}: "${text}" is no address and no network`);
	}
	const size = family === 4 ? 32 : 128;
	const bits = length === undefined ? size : Number(length);
	if (length !== undefined && (!/^\d{1,3}$/.test(length) || bits > size)) {
		throw new TypeError(`${place}: "${text}" needs a prefix in 0..${size}`);
	}
	const bytes = family === 4 ? parse4(address) : parse6(address);
	if (!endsWithin(bytes, bits)) {
		throw new TypeError(`${place}: "${text}" has bits behind its prefix`);
	}
	if (family === 6 && bits >= mappedBits && isMapped(bytes)) {
		const plain = bytes.slice(mappedBits / 8).join(".");
		return { address: plain, bits: bits - mappedBits, family: "ipv4" };
	}
	return { address, bits, family: family === 4 ? "ipv4" : "ipv6" };
}

/** The prefix `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
const mappedBits = 96;

function isMapped(bytes: readonly number[]): boolean {
	return bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
}

/** The bytes of a valid IPv4 address. */
function parse4(address: string): number[] {
	return address.split(".").map(Number);
}

/** The bytes of a valid IPv6 address. */
function parse6(address: string): number[] {
	const dotted = /[\d.]+\.\d+$/.exec(address)?.[0];
	const hex =
		dotted === undefined
			? address
			: address.slice(0, -dotted.length) + toGroups(parse4(dotted));
	const [head = "", tail] = hex.split("::");
	const first = groupsOf(head);
	const last = groupsOf(tail ?? "");
	const zeros = new Array<number>(8 - first.length - last.length).fill(0);
	return [...first, ...zeros, ...last].flatMap((group) => [
		group >> 8,
		group & 0xff,
	]);
}

function toGroups([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string {
	return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function groupsOf(text: string): number[] {
	return text === ""
		? []
		: text.split(":").map((group) => Number.parseInt(group, 16));
}

function endsWithin(bytes: readonly number[], bits: number): boolean {
	return bytes.every((byte, i) => {
		const left = Math.min(8, Math.max(0, bits - i * 8));
		return (byte & (0xff >> left)) === 0;
	});
}
