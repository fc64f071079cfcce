import { DeadlineWatch } from "./http/deadlines.ts";
import { closest, toHostName } from "./http/hosts.ts";
import { matching, throwProblems } from "./http/options.ts";
import type {
	CloseOptions,
	GatewayOptions,
	ListenOptions,
} from "./model/gateway-options.ts";
import type { StepInfo } from "./model/outcome.ts";
import { route } from "./model/route.ts";
import type { Route } from "./model/route-options.ts";
import type { Policy, RouteInfo } from "./model/types.ts";
import type { Upstream } from "./model/upstream.ts";
import { createDocument, type OpenApiDocument } from "./openapi/document.ts";
import { docsRoutes, type MakeRoute } from "./openapi/page.ts";
import { compileErrors } from "./request/error-reply.ts";
import { createHandler, type RequestHandler } from "./request/handler.ts";
import { defaultLogger, toSafeLogger } from "./request/logger.ts";
import { OpenRequests } from "./request/open-requests.ts";
import { sendFailure } from "./request/reply.ts";
import type { Plan, Runtime } from "./request/request.ts";
import {
	createUpgradeCheck,
	createUpgradeHandler,
	type UpgradeHandler,
} from "./request/upgrade.ts";
import { UpstreamWarnings } from "./request/upstream-warnings.ts";
import {
	type InjectRequest,
	type InjectResponse,
	inject,
} from "./server/inject.ts";
import { Listener, type Listening } from "./server/listener.ts";
import { createServer } from "./server/server.ts";
import {
	checkCloseOptions,
	checkGateway,
	toListenOptions,
	toRoutes,
} from "./startup/check-gateway.ts";
import { compileRoutes, type RouteTable } from "./startup/route-table.ts";
import {
	toHosts,
	toLimits,
	toOverrides,
	toTrustedProxies,
} from "./startup/settings.ts";
import { UpstreamPool } from "./upstream/pool.ts";

/** The host that is asked about. */
export interface HostOptions {
	/** With a port or without. Default: none, for the routes that are for any host. */
	readonly host?: string;
}

/** A gateway that has been compiled. Made by {@link createGateway}. */
export interface Gateway {
	/** For `http.createServer(gateway.handler)`. */
	readonly handler: RequestHandler;
	/** For `server.on('upgrade', gateway.upgrade)`. */
	readonly upgrade: UpgradeHandler;
	/**
	 * The same for a gateway that is mounted under a path: `app.use('/api', gateway.handler)` and
	 * `server.on('upgrade', gateway.upgradeAt('/api'))`. Upgrades of other paths are left to other listeners, or are a
	 * 404 where there is none.
	 *
	 * @throws TypeError for what is no path, such as `/api`.
	 */
	upgradeAt(path: string): UpgradeHandler;
	/** Starts a server of its own, set up by the wire rules; a number is the port. */
	listen(options?: ListenOptions | number): Promise<Listening>;
	/** Drains and closes everything; a second call gives the same promise. */
	close(options?: CloseOptions): Promise<void>;
	/** Answers a request in process, without a socket. */
	inject(request: InjectRequest | string): Promise<InjectResponse>;
	/** The route for that method and path; null where none matches. */
	find(method: string, path: string, options?: HostOptions): RouteInfo | null;
	/** The compiled steps of that route, in order. Empty where none matches. */
	explain(
		method: string,
		path: string,
		options?: HostOptions,
	): readonly StepInfo[];
	readonly routes: readonly RouteInfo[];
	/** The OpenAPI 3.1 document: of the routes for one host, or of all. Of two for one method and path the first one is in it. */
	openapi(options?: HostOptions): OpenApiDocument;
}

/**
 * Compiles routes to a gateway. Everything that can be decided is decided here.
 *
 * @throws TypeError that lists every problem of every route, each by its route.
 */
export function createGateway(options: GatewayOptions): Gateway {
	checkGateway(options);
	return new CompiledGateway(options);
}

const mountPath = matching("a path such as /api", /^(?:\/[^/?#]+)+$/);

class CompiledGateway implements Gateway {
	readonly handler: RequestHandler;
	readonly upgrade: UpgradeHandler;
	readonly routes: readonly RouteInfo[];
	readonly #options: GatewayOptions;
	/** Those of the options, in one list. */
	readonly #declared: readonly Route[];
	readonly #pools: Pools;
	readonly #listeners: Set<Listener> = new Set();
	readonly #runtime: Runtime & { isClosing: boolean };
	readonly #table: RouteTable;
	#closing: Promise<void> | null = null;

	constructor(options: GatewayOptions) {
		this.#options = options;
		this.#declared = toRoutes(options.routes);
		this.#pools = new Pools();
		this.#runtime = createRuntime(options);
		const docs = docsRoutes(
			options.docs,
			() => this.openapi(),
			route.get as MakeRoute,
		);
		this.#table = compileRoutes(this.#declared, docs, {
			dependencies: options.dependencies ?? {},
			policies: options.policies ?? [],
			overrides: toOverrides(options.overrides),
			isOpaque: options.paths === "opaque",
			upstreams: new Map(),
			limits: this.#runtime.limits,
			poolOf: (upstream) => this.#pools.open(upstream),
		});
		this.routes = this.#table.infos;
		this.handler = createHandler(this.#runtime, this.#table);
		this.upgrade = createUpgradeHandler(this.#runtime, this.#table);
	}

	upgradeAt(path: string): UpgradeHandler {
		throwProblems("upgradeAt", mountPath(path, "the path"));
		return createUpgradeHandler(this.#runtime, this.#table, path);
	}

	openapi({ host }: HostOptions = {}): OpenApiDocument {
		const { title, version, errorFormat } = this.#options;
		return createDocument(
			{
				title: title ?? "API Gateway",
				version: version ?? "1.0.0",
				description: this.#options.description,
				servers: this.#options.servers,
				errorFormat: typeof errorFormat === "function" ? null : errorFormat,
			},
			host === undefined
				? this.#declared
				: closest(this.#declared, toHostName(host)),
			{
				dependencies: this.#options.dependencies ?? {},
				policies: this.#options.policies ?? [],
			},
		);
	}

	async listen(where: ListenOptions | number = {}): Promise<Listening> {
		const options = toListenOptions(where);
		if (this.#closing !== null) throw new Error("the gateway has been closed");
		const server = createServer({
			handler: this.handler,
			upgrade: this.upgrade,
			isTakenOut: createUpgradeCheck(this.#table),
			limits: this.#runtime.limits,
			renderError: this.#runtime.renderError,
			tls: options.tls ?? null,
		});
		const listener = new Listener(server, this.#runtime);
		const listening = await listener.open(options);
		if (this.#closing !== null) {
			await listener.close(0);
			throw new Error("the gateway has been closed");
		}
		this.#listeners.add(listener);
		return listening;
	}

	close(options: CloseOptions = {}): Promise<void> {
		try {
			checkCloseOptions(options);
		} catch (error) {
			return Promise.reject(error);
		}
		this.#closing ??= this.#close(options.timeoutMs ?? 30_000);
		return this.#closing;
	}

	async #close(timeoutMs: number): Promise<void> {
		this.#runtime.isClosing = true;
		this.#runtime.watch.announceClosing();
		await Promise.all([
			this.#runtime.open.settle(timeoutMs),
			...[...this.#listeners].map((listener) => listener.close(timeoutMs)),
		]);
		await this.#pools.close();
		this.#runtime.watch.close();
		for (const policy of this.#table.policies) await this.#closePolicy(policy);
	}

	/** One that fails does not keep the next open. */
	async #closePolicy(policy: Policy): Promise<void> {
		try {
			await policy.close?.();
		} catch (error) {
			const details = { err: error, policy: policy.name };
			this.#runtime.logger.error(details, "a policy failed to close");
		}
	}

	async inject(request: InjectRequest | string): Promise<InjectResponse> {
		if (this.#closing !== null) throw new Error("the gateway has been closed");
		return inject(
			this.handler,
			typeof request === "string" ? { url: request } : request,
		);
	}

	find(
		method: string,
		path: string,
		{ host }: HostOptions = {},
	): RouteInfo | null {
		return this.#find(method, path, host)?.info ?? null;
	}

	explain(
		method: string,
		path: string,
		{ host }: HostOptions = {},
	): readonly StepInfo[] {
		const plan = this.#find(method, path, host);
		if (plan === null) return [];
		const { steps, actInfo } = plan;
		return [...steps, actInfo].map(({ phase, name, mode }) => ({
			phase,
			name,
			mode,
		}));
	}

	#find(method: string, path: string, host: string | undefined): Plan | null {
		const { router } = this.#table;
		const found = router.find(method.toUpperCase(), path, host ?? null);
		return found?.value ?? null;
	}
}

function createRuntime(
	options: GatewayOptions,
): Runtime & { isClosing: boolean } {
	const logger = toSafeLogger(options.logger ?? defaultLogger);
	return {
		watch: new DeadlineWatch(),
		logger,
		warnings: new UpstreamWarnings(logger),
		renderError: compileErrors(options.errorFormat ?? "problem", logger),
		limits: toLimits(options.limits),
		trustedProxies: toTrustedProxies(options),
		hosts: toHosts(options),
		open: new OpenRequests(),
		isClosing: false,
		fail: sendFailure,
	};
}

/** The open connections of every upstream, opened when a route first names it. */
class Pools {
	readonly #byUpstream = new Map<Upstream, UpstreamPool>();

	open(upstream: Upstream): UpstreamPool {
		const known = this.#byUpstream.get(upstream) ?? new UpstreamPool(upstream);
		this.#byUpstream.set(upstream, known);
		return known;
	}

	async close(): Promise<void> {
		const pools = [...this.#byUpstream.values()];
		await Promise.all(pools.map((pool) => pool.destroy()));
	}
}
