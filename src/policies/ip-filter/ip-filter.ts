import { BlockList, isIP } from "node:net";
import {
	type Context,
	HttpError,
	noteDecision,
	type Policy,
} from "../../index.ts";
import { checkOptions, list, text } from "../kit/kit.ts";
import { toCidr } from "./cidr.ts";

/** Who may ask, by address. */
export interface IpFilterOptions {
	/** Addresses and networks (`203.0.113.0/24`, `2001:db8::/32`) that may. Default all. */
	readonly allow?: readonly string[];
	/** Those that may not, though `allow` has them. Default none. */
	readonly deny?: readonly string[];
}

/**
 * Lets in by client address (`ctx.address`: behind `trustedProxies` the one they
 * tell), in step 2; all others are a 403. `deny` wins. An IPv4 address is the same
 * one when it is written in IPv6 (RFC 4291 section 2.5.5.2). Who has no address,
 * as over a Unix socket, is not let in.
 *
 * @throws TypeError without any list, for an empty `allow`, and for what is no address or network.
 */
export function ipFilter(options: IpFilterOptions): Policy {
	checkOptions("ipFilter", options, { allow: list(text), deny: list(text) });
	const { allow, deny } = options;
	if (allow === undefined && deny === undefined) {
		throw new TypeError("ipFilter: give it allow, deny or both");
	}
	if (allow?.length === 0) {
		throw new TypeError("ipFilter: allow is empty, which lets nobody in");
	}
	const allowed = allow === undefined ? null : toNetworks(allow, "allow");
	const denied = toNetworks(deny ?? [], "deny");
	const check = (ctx: Context): void => {
		const reason = judge(ctx.address, allowed, denied);
		if (reason === null) return;
		noteDecision(ctx, {
			kind: "ip-filter",
			name: "ip-filter",
			outcome: "refused",
			reason,
			subject: null,
		});
		throw new HttpError(403);
	};
	return {
		name: "ip-filter",
		docs: {
			responses: { 403: { description: "Not open to this address." } },
		},
		forRoute: () => ({ onRequest: check }),
	};
}

/** Networks of each family: `::/0` is every IPv6 address, and no IPv4 one that is written so. */
interface Networks {
	readonly ipv4: BlockList;
	readonly ipv6: BlockList;
}

const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");

/** Why an address is not let in; null where it is. */
function judge(
	address: string,
	allowed: Networks | null,
	denied: Networks,
): "denied" | "not-allowed" | "unknown" | null {
	// A zone (`fe80::1%eth0`) is a name of this machine's own: the address is what stands before it.
	const zone = address.indexOf("%");
	const plain = zone < 0 ? address : address.slice(0, zone);
	const version = isIP(plain);
	if (version === 0) return "unknown";
	const type = version === 4 ? "ipv4" : "ipv6";
	const family = mapped.check(plain, type) ? "ipv4" : type;
	if (denied[family].check(plain, type)) return "denied";
	if (allowed === null || allowed[family].check(plain, type)) return null;
	return "not-allowed";
}

function toNetworks(texts: readonly string[], option: string): Networks {
	const networks = { ipv4: new BlockList(), ipv6: new BlockList() };
	for (const text of texts) {
		const { address, bits, family } = toCidr(text, `ipFilter: ${option}`);
		networks[family].addSubnet(address, bits, family);
	}
	return networks;
}
