// A form with a file: fields are checked first, then the file streams through, however large it is.
//
//   npx node examples/forms.ts
//   curl -F album=moon -F photo=@README.md http://127.0.0.1:8000/photos              422: no image
//   curl -F album=moon -F 'photo=@LICENSE;type=image/png' http://127.0.0.1:8000/photos
//
// Fields come before the file: what comes behind it is checked too, but the service has been asked by then.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import busboy from "busboy";
import { createGateway, file, route, Type } from "../src/index.ts";

/** Tells what it got, without keeping it. */
const service = createServer((req, res) => {
	const lines: string[] = [];
	const parser = busboy({ headers: req.headers });
	parser.on("field", (name, value) => lines.push(`${name}: ${value}`));
	parser.on("file", (name, bytes, { filename, mimeType }) => {
		const hash = createHash("sha256");
		bytes.on("data", (chunk) => hash.update(chunk));
		bytes.on("end", () =>
			lines.push(`${name}: ${filename} (${mimeType}) ${hash.digest("hex")}`),
		);
	});
	parser.on("close", () => res.end(`${lines.join("\n")}\n`));
	parser.on("error", () => res.destroy());
	req.on("error", () => parser.destroy());
	req.pipe(parser);
});
service.listen(0, "127.0.0.1");
await once(service, "listening");
const { port } = service.address() as AddressInfo;

const gateway = createGateway({
	routes: [
		route.post("/photos", {
			upstream: `http://127.0.0.1:${port}`,
			form: {
				album: Type.String({ minLength: 1, maxLength: 100 }),
				stars: Type.Integer({ minimum: 0, maximum: 5, default: 0 }),
				photo: file({
					contentTypes: ["image/*"],
					maxBytes: 2 * 1024 * 1024 * 1024,
				}),
			},
			forward: { form: () => ({ source: "gateway" }) },
		}),
	],
});

const { url } = await gateway.listen({
	port: Number(process.env.PORT ?? 8000),
});

async function stop(): Promise<void> {
	await gateway.close();
	service.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);
console.log(`headgate answers on ${url}`);
