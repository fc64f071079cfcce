// No upstream: node:http answers the same 82 bytes itself. What a cache hit is measured against.
import { createServer } from "node:http";
import { smallBody } from "../harness/work.ts";
import { listen } from "./contender.ts";

const headers = [
	"content-type",
	"application/json",
	"content-length",
	String(smallBody.length),
];

const server = createServer((_req, res) => {
	res.writeHead(200, headers);
	res.end(smallBody, "latin1");
});

listen(server);
