import { type Check, list, matching } from "./options.ts";

const pattern = /^(?:(?:\*\.)?[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/i;

/** Hosts that a route or a gateway is for. */
export const hostsCheck: Check = list(
	matching('a host without a port, or "*." and a host', pattern),
	1,
);

/** The name in a Host field: letters count in any case, the port and the dot of the root not at all. */
export function toHostName(host: string): string {
	return host
		.replace(/:\d*$/, "")
		.replace(/(?<=.)\.$/, "")
		.toLowerCase();
}

/** Whether every host that `other` stands for is one of `entry`. Both in lower case. */
export function covers(entry: string, other: string): boolean {
	if (entry === other) return true;
	return entry.startsWith("*.") && other.endsWith(entry.slice(1));
}

/** Whether some host is one of both entries. */
export function overlap(one: string, other: string): boolean {
	return covers(one, other) || covers(other, one);
}

/** How closely these hosts name that one: 0 for a list that is empty, and so for any; -1 where they do not. */
export function closeness(hosts: readonly string[], name: string): number {
	if (hosts.length === 0) return 0;
	const fitting = hosts.filter((entry) => covers(entry, name));
	return Math.max(-1, ...fitting.map((entry) => entry.length));
}

/** What is for that host, the closest first. */
export function closest<T extends { readonly hosts: readonly string[] }>(
	items: readonly T[],
	name: string,
): readonly T[] {
	return items
		.filter(({ hosts }) => closeness(hosts, name) >= 0)
		.sort((a, b) => closeness(b.hosts, name) - closeness(a.hosts, name));
}

/** A value for each host that is named, and one for every other host. The host itself goes before `*.`, a longer one before a shorter one. */
export class ByHost<T> {
	readonly #exact = new Map<string, T>();
	readonly #wild: { readonly end: string; readonly value: T }[] = [];
	readonly #other: T;

	/** `make` is given each name once, and `""` for every other host. */
	constructor(names: Iterable<string>, make: (name: string) => T) {
		this.#other = make("");
		for (const name of new Set(names)) {
			const value = make(name);
			if (name.startsWith("*.")) {
				this.#wild.push({ end: name.slice(1), value });
			} else this.#exact.set(name, value);
		}
		this.#wild.sort((a, b) => b.end.length - a.end.length);
	}

	/** What is for a Host field; null is none. */
	get(host: string | null): T {
		if (this.#exact.size === 0 && this.#wild.length === 0) return this.#other;
		const name = toHostName(host ?? "");
		const exact = this.#exact.get(name);
		if (exact !== undefined) return exact;
		return (
			this.#wild.find(({ end }) => name.endsWith(end))?.value ?? this.#other
		);
	}
}
