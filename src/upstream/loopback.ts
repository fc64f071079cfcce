import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

const loopback = [
	{ address: "127.0.0.1", family: 4 },
	{ address: "::1", family: 6 },
];

/**
 * Finds addresses as the system does, but for `localhost`, which is both
 * loopback addresses whatever the system's files say (RFC 6761 section 6.3): a
 * service may listen on either alone.
 */
export const lookupAddress: LookupFunction = (name, options, callback) => {
	if (!/(?:^|\.)localhost\.?$/i.test(name)) {
		lookup(name, options, callback);
		return;
	}
	if (options.all === true) callback(null, loopback);
	else callback(null, "127.0.0.1", 4);
};
