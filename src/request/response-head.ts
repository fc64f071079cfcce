import { gatewayName } from "../connection/forwarding.ts";
import { isBodiless } from "../http/bodiless.ts";
import { HeaderEdits, toFieldText } from "../http/header-edits.ts";
import {
	type CookieAttributes,
	type ResponseOptions,
	toResponseOptions,
} from "../model/response-options.ts";
import type { Route } from "../model/route-options.ts";
import type { Fields } from "../model/types.ts";
import type { Upstream } from "../model/upstream.ts";
import type { AnswerHead } from "../proxy/response-writer.ts";
import type { RequestContext } from "./request.ts";
import { compileLocation } from "./response-location.ts";

/** Changes the head of a service's response as the route says. May throw what a function of the route throws. */
export type ShapeHead = (ctx: RequestContext, head: AnswerHead) => void;

type Options = ResponseOptions<RequestContext>;
type Rewrite = (headers: string[]) => string[];

/** Compiles the options of `response` that are about the head, in the order of docs/routes.md. */
export function compileHead(route: Route, upstream: Upstream): ShapeHead {
	const options = toResponseOptions(route.options.response) as Options;
	const { cookies, keepHeaders = "upstream", headers, status } = options;
	const relocate =
		options.location === "keep" ? null : compileLocation(route, upstream);
	const bake = cookies === undefined ? null : compileCookies(cookies);
	const keep = keepHeaders === "upstream" ? null : compileKeep(keepHeaders);
	const via = upstream.options.via !== "none";
	const edit =
		headers === undefined && status === undefined
			? null
			: compileEdits(headers, status);
	return (ctx, head) => {
		const received = head.headers;
		if (relocate !== null && head.namesUrl) {
			head.headers = relocate(ctx, received);
		}
		if (bake !== null) head.headers = bake(head.headers);
		if (keep !== null) {
			head.headers = keep(head.headers);
			head.keepsTrailers = false;
		}
		if (via) head.headers.push("via", `1.1 ${gatewayName}`);
		if (edit !== null) edit(ctx, head, received);
	};
}

/** Headers without which a response cannot be understood: they pass whatever `keepHeaders` says. */
const needed = [
	"content-type",
	"content-length",
	"content-encoding",
	"content-range",
	"content-language",
	"content-disposition",
	"content-location",
	"location",
	"www-authenticate",
	"allow",
	"retry-after",
];

function compileKeep(choice: "gateway" | readonly string[]): Rewrite {
	const names = new Set(needed);
	if (choice !== "gateway") {
		for (const name of choice) names.add(name.toLowerCase());
	}
	return (headers) => {
		const kept: string[] = [];
		for (let i = 0; i < headers.length; i += 2) {
			const name = headers[i] as string;
			if (!names.has(name.toLowerCase())) continue;
			kept.push(name, headers[i + 1] as string);
		}
		return kept;
	};
}

function compileCookies(attributes: CookieAttributes): Rewrite {
	const { domain, path, secure, sameSite } = attributes;
	const set = Object.entries({ domain, path, secure, samesite: sameSite });
	const names = new Set(
		set.flatMap(([name, value]) => (value === undefined ? [] : [name])),
	);
	let added = "";
	if (domain) added += `; Domain=${domain}`;
	if (path) added += `; Path=${path}`;
	if (secure) added += "; Secure";
	if (sameSite) {
		added += `; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`;
	}
	const bake = (line: string): string => {
		const [pair, ...rest] = line.split(";");
		const kept = rest.filter((one) => !names.has(nameOf(one)));
		return [pair, ...kept].join(";") + added;
	};
	return (headers) =>
		headers.map((part, i) =>
			i % 2 === 1 && isSetCookie(headers[i - 1] as string) ? bake(part) : part,
		);
}

function nameOf(attribute: string): string {
	const [name = ""] = attribute.split("=", 1);
	return name.trim().toLowerCase();
}

function isSetCookie(name: string): boolean {
	return name.length === 10 && name.toLowerCase() === "set-cookie";
}

function compileEdits(
	headers: Options["headers"],
	status: Options["status"],
): (ctx: RequestContext, head: AnswerHead, received: string[]) => void {
	return (ctx, head, received) => {
		if (headers !== undefined) {
			const shown = { status: head.status, headers: head.headers, received };
			const edits = toEdits(headers(ctx, shown));
			head.headers = edits.apply(head.headers);
			head.setNames = edits.names;
		}
		if (status !== undefined) {
			const shown = { status: head.status, headers: head.headers, received };
			const given = status(ctx, shown);
			checkStatus(head.status, given);
			head.status = given;
		}
	};
}

function checkStatus(from: number, to: number): void {
	const isStatus = Number.isInteger(to) && to >= 200 && to <= 599;
	if (!isStatus || hasBody(from) !== hasBody(to)) {
		throw new TypeError(`response.status cannot turn ${from} into ${to}`);
	}
}

function hasBody(status: number): boolean {
	return !isBodiless(status) && status !== 205;
}

/** @throws TypeError for a name that cannot be set and a value that no header can carry. */
function toEdits(fields: Fields): HeaderEdits {
	const edits = new HeaderEdits();
	for (const [name, value] of Object.entries(fields)) {
		edits.set(name, null);
		for (const line of Array.isArray(value) ? value : [value]) {
			if (line === undefined || line === null) continue;
			const text = toFieldText(String(line));
			if (text === null) {
				throw new TypeError(`a value for ${name} that no header can carry`);
			}
			edits.append(name, text);
		}
	}
	return edits;
}
