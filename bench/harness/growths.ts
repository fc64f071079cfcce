import type { RowPlan } from "./measure.ts";
import { clientHeaders } from "./work.ts";

/** One thing that grows, and who is measured while it does. */
export interface Growth {
	readonly id: string;
	readonly title: string;
	readonly xLabel: string;
	readonly isLog: boolean;
	readonly xText: (x: number) => string;
	readonly series: readonly GrowthSeries[];
}

export interface GrowthSeries {
	readonly name: string;
	readonly rows: readonly { readonly x: number; readonly plan: RowPlan }[];
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const sizes = [
	0,
	kibibyte,
	16 * kibibyte,
	64 * kibibyte,
	mebibyte,
	8 * mebibyte,
	64 * mebibyte,
];

const plain: Omit<RowPlan, "name" | "file"> = {
	request: { path: "/users/7", headers: clientHeaders },
	answerBytes: 82,
};

/** Every plot of `npm run bench:scale`. */
export const growths: readonly Growth[] = [
	{
		id: "routes",
		title: "CPU of a typed GET by number of routes",
		xLabel: "routes",
		isLog: false,
		xText: number,
		series: [grow("gateway-routes", [10, 1_000, 10_000], withRoutes)],
	},
	{
		id: "dependencies",
		title: "CPU of a GET by number of synchronous dependencies",
		xLabel: "dependencies",
		isLog: false,
		xText: number,
		series: [grow("gateway-dependencies", [0, 10, 50], withDependencies)],
	},
	{
		id: "headers",
		title: "CPU of a GET by number of request headers",
		xLabel: "request headers",
		isLog: false,
		xText: number,
		series: ["gateway", "ceiling"].map((file) =>
			grow(file, [5, 20, 50], withHeaders),
		),
	},
	{
		id: "connections",
		title: "CPU of a GET by number of client connections, all busy",
		xLabel: "connections",
		isLog: false,
		xText: number,
		series: ["gateway", "ceiling"].map((file) =>
			grow(file, [10, 100, 1_000, 5_000], (connections) => ({
				...plain,
				connections,
			})),
		),
	},
	{
		id: "download",
		title: "CPU of a GET by size of the answer",
		xLabel: "answer",
		isLog: true,
		xText: bytes,
		series: ["gateway", "ceiling", "splice"].map((file) =>
			grow(file, sizes, withAnswer),
		),
	},
];

function grow(
	file: string,
	xs: readonly number[],
	planOf: (x: number) => Omit<RowPlan, "name" | "file">,
): GrowthSeries {
	const rows = xs.map((x) => ({
		x,
		plan: { name: `${file} ${number(x)}`, file: `${file}.ts`, ...planOf(x) },
	}));
	return { name: file, rows };
}

function withRoutes(count: number): Omit<RowPlan, "name" | "file"> {
	const request = {
		path: `/service-${count - 1}/users/7`,
		headers: clientHeaders,
	};
	return { ...plain, env: { ROUTES: String(count) }, request };
}

function withDependencies(count: number): Omit<RowPlan, "name" | "file"> {
	return { ...plain, env: { DEPENDENCIES: String(count) } };
}

/** Host is one of them. */
function withHeaders(count: number): Omit<RowPlan, "name" | "file"> {
	const headers: Record<string, string> = { ...clientHeaders };
	while (Object.keys(headers).length < count - 1) {
		headers[`x-header-${Object.keys(headers).length}`] =
			"a value of usual length";
	}
	return { ...plain, request: { path: "/users/7", headers } };
}

function withAnswer(size: number): Omit<RowPlan, "name" | "file"> {
	const request = { path: `/bytes/${size}`, headers: clientHeaders };
	return { request, answerBytes: size, connections: size > mebibyte ? 2 : 40 };
}

function number(value: number): string {
	return value.toLocaleString("en");
}

function bytes(size: number): string {
	if (size >= mebibyte) return `${size / mebibyte} MiB`;
	return size >= kibibyte ? `${size / kibibyte} KiB` : `${size} B`;
}
