import {
	createGateway,
	type dependency,
	type GatewayOptions,
	type InjectResponse,
	route,
} from "../../src/index.ts";
import { KeptLog } from "./kept-log.ts";

type Shape = Record<string, ReturnType<typeof dependency>>;

/** What a handler that gives all dependency values answers. */
export function ask(
	dependencies: Shape,
	request: {
		url?: string;
		method?: string;
		headers?: Record<string, string>;
		body?: unknown;
	} = {},
	options: Partial<GatewayOptions> = {},
): Promise<InjectResponse> {
	const gateway = createGateway({
		docs: false,
		logger: new KeptLog(),
		...options,
		routes: [
			route.all("/x/:id?", {
				dependencies,
				handler: (ctx) => ({ ...ctx.deps }),
			}),
		],
	});
	return gateway.inject({ url: "/x", ...request });
}
