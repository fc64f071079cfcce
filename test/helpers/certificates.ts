import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its key, as `node:tls` takes them. */
export interface Certificate {
	readonly key: string;
	readonly cert: string;
}

/** What a certificate says. */
export interface CertificateOptions {
	/** Subject alternative names, as openssl writes them. Default `DNS:localhost,IP:127.0.0.1,IP:::1`. */
	readonly names?: string;
	/** Days until it expires; a negative number for one that has. Default 1. */
	readonly days?: number;
}

/** An authority of its own, made by openssl (on the PATH) in a directory that is gone afterwards. */
export class Authority {
	/** Where its files are until it is closed. */
	readonly directory: string = mkdtempSync(join(tmpdir(), "headgate-ca-"));
	#issued = 0;
	/** Its own certificate. */
	readonly ca: string;

	constructor(name = "test authority") {
		const args = [...newKey("ca"), "-x509", "-days", "2", "-out", "ca.pem"];
		this.#run("req", ...args, "-subj", `/CN=${name}`);
		this.ca = this.#read("ca.pem");
	}

	/** A certificate for a server or a client. */
	issue(commonName: string, options: CertificateOptions = {}): Certificate {
		const { names = "DNS:localhost,IP:127.0.0.1,IP:::1", days = 1 } = options;
		const id = `c${this.#issued++}`;
		this.#run("req", ...newKey(id), "-subj", `/CN=${commonName}`, "-out", id);
		this.#write(`${id}.ext`, `subjectAltName=${names}\n`);
		const from = ["-req", "-in", id, "-CA", "ca.pem", "-CAkey", "ca.key"];
		const to = ["-extfile", `${id}.ext`, "-out", `${id}.pem`];
		this.#run("x509", ...from, "-days", String(days), ...to);
		return { key: this.#read(`${id}.key`), cert: this.#read(`${id}.pem`) };
	}

	/** Removes what openssl left behind. */
	close(): void {
		rmSync(this.directory, { recursive: true, force: true });
	}

	#run(...args: string[]): void {
		execFileSync("openssl", args, { cwd: this.directory, stdio: "pipe" });
	}

	#read(file: string): string {
		return readFileSync(join(this.directory, file), "utf8");
	}

	#write(file: string, text: string): void {
		writeFileSync(join(this.directory, file), text);
	}
}

function newKey(name: string): string[] {
	const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
	return [...curve, "-nodes", "-keyout", `${name}.key`];
}
