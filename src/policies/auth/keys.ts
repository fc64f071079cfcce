import crypto, { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { checkOptions, matching } from "../kit/kit.ts";

/** A new API key. The key goes to its owner and is not kept; the digest is what is stored. */
export interface NewKey {
	/** `prefix_` with 43 random characters and 6 of checksum. */
	readonly key: string;
	/** SHA-256 of the key in lower-case hexadecimal, as {@link digestKey} gives it. */
	readonly digest: string;
}

const alphabet =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretBytes = 32;
// 62 ** 43 is the first power that holds 256 bits, 62 ** 6 the first that holds 32.
const secretLength = 43;
const checksumLength = 6;
const prefixText = /^(?=.{1,32}$)[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*$/;

const prefixCheck = matching(
	"up to 32 letters, digits and single underscores",
	prefixText,
);

/**
 * A new API key: a prefix by which a leaked one is recognised, 32 random bytes,
 * and a checksum that tells a mistyped key without a look-up. `prefix` is `"key"`
 * by default.
 *
 * @throws TypeError when the prefix is not letters, digits and single underscores, or is longer than 32.
 */
export function createKey(options: { readonly prefix?: string } = {}): NewKey {
	checkOptions("createKey", options, { prefix: prefixCheck });
	const { prefix = "key" } = options;
	const secret = BigInt(`0x${randomBytes(secretBytes).toString("hex")}`);
	const body = `${prefix}_${toBase62(secret, secretLength)}`;
	const key = body + checksumOf(body);
	return { key, digest: digestKey(key) };
}

/** SHA-256 of a key in lower-case hexadecimal: what is stored in its stead. */
export function digestKey(key: string): string {
	return crypto.hash("sha256", key, "hex");
}

/** Whether a text can be a key that {@link createKey} made with that prefix, any by default. It tells typing errors, not forgeries. */
export function isKey(text: string, prefix?: string): boolean {
	const match = /^(.{1,32})_[0-9A-Za-z]{49}$/.exec(text);
	if (match === null) return false;
	if (prefix !== undefined && match[1] !== prefix) return false;
	const body = text.slice(0, -checksumLength);
	return text.slice(-checksumLength) === checksumOf(body);
}

function checksumOf(body: string): string {
	return toBase62(BigInt(zlib.crc32(body)), checksumLength);
}

function toBase62(value: bigint, length: number): string {
	let text = "";
	for (let rest = value; text.length < length; rest /= 62n) {
		text = alphabet.charAt(Number(rest % 62n)) + text;
	}
	return text;
}
