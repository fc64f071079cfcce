import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { type Checks, checkOptions, whole } from "../kit/kit.ts";

/** What a hash costs (RFC 7914): 128 * r * 2 ** ln bytes of memory, p times one after the other. */
export interface ScryptCost {
	/** The logarithm of N. Default 15; 10 to 20. */
	readonly ln?: number;
	/** Default 8; 1 to 32. */
	readonly r?: number;
	/** Default 3; 1 to 16. */
	readonly p?: number;
}

/** A hash as it is stored, taken apart. */
export interface PasswordHash {
	readonly cost: Required<ScryptCost>;
	readonly salt: Buffer;
	readonly key: Buffer;
}

const saltBytes = 16;
const keyBytes = 32;
const maxMemoryBytes = 256 * 1024 * 1024;

const costChecks: Checks<ScryptCost> = {
	ln: whole(10, 20),
	r: whole(1, 32),
	p: whole(1, 16),
};

/**
 * The scrypt hash of a password, as it is stored: `$scrypt$ln=15,r=8,p=3$salt$hash`,
 * the PHC string format. By default it takes 32 MiB and a fraction of a second,
 * off the main thread.
 *
 * @throws TypeError for a cost that is out of bounds, RangeError for one of more than 256 MiB.
 */
export async function hashPassword(
	password: string,
	cost: ScryptCost = {},
): Promise<string> {
	checkOptions("hashPassword", cost, costChecks);
	const full = { ln: 15, r: 8, p: 3, ...cost };
	checkCost(full);
	const salt = randomBytes(saltBytes);
	const key = await derive(password, { cost: full, salt }, keyBytes);
	const { ln, r, p } = full;
	return `$scrypt$ln=${ln},r=${r},p=${p}$${toText(salt)}$${toText(key)}`;
}

/** Whether a password is the one of that hash; the comparison takes the same time either way. */
export async function isPasswordOf(
	hash: PasswordHash,
	password: string,
): Promise<boolean> {
	const key = await derive(password, hash, hash.key.length);
	return timingSafeEqual(key, hash.key);
}

/** A hash that no password is known of, as dear as another one. */
export function toDecoy({ cost, salt, key }: PasswordHash): PasswordHash {
	return {
		cost,
		salt: randomBytes(salt.length),
		key: randomBytes(key.length),
	};
}

const phc =
	/^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]{11,88})\$([\w+/-]{22,88})$/;

/** @throws TypeError or RangeError when a text is no hash that can be used. */
export function parseHash(text: string): PasswordHash {
	const match = phc.exec(text);
	if (match === null) {
		throw new TypeError("it is no $scrypt$ hash as hashPassword makes it");
	}
	const [, ln, r, p, salt = "", key = ""] = match;
	const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
	checkCost(cost);
	return {
		cost,
		salt: Buffer.from(salt, "base64"),
		key: Buffer.from(key, "base64"),
	};
}

function checkCost({ ln, r, p }: Required<ScryptCost>): void {
	const isWithin = (value: number, least: number, most: number): boolean =>
		Number.isInteger(value) && value >= least && value <= most;
	if (!isWithin(ln, 10, 20) || !isWithin(r, 1, 32) || !isWithin(p, 1, 16)) {
		throw new RangeError("ln must be in 10..20, r in 1..32 and p in 1..16");
	}
	if (memoryOf({ ln, r, p }) > maxMemoryBytes) {
		throw new RangeError("a hash must not take more than 256 MiB");
	}
}

function memoryOf({ ln, r }: Required<ScryptCost>): number {
	return 128 * r * 2 ** ln;
}

/** Without padding, as PHC strings have it. */
function toText(bytes: Buffer): string {
	return bytes.toString("base64").replaceAll("=", "");
}

function derive(
	password: string,
	{ cost, salt }: Pick<PasswordHash, "cost" | "salt">,
	length: number,
): Promise<Buffer> {
	const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
	const { ln, r, p } = cost;
	// Some bytes more than the formula: OpenSSL counts its own blocks too.
	const maxmem = memoryOf(cost) + 128 * r * (p + 2) + 1024;
	const options = { N: 2 ** ln, r, p, maxmem };
	scrypt(normalize(password), salt, length, options, (error, key) => {
		if (error === null) resolve(key);
		else reject(error);
	});
	return promise;
}

/** The same letters are the same password, however a keyboard composes them (RFC 8265 section 4.2.2). */
function normalize(password: string): string {
	return password.normalize("NFC");
}
