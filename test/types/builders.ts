// Compiled, never run: what `route.with` shares.
import { dependency, route, Type, upstream } from "../../src/index.ts";
import { assertType, type Same } from "./same.ts";

const tenants = route.with({
	prefix: "/tenants/:tenant",
	upstream: upstream("http://users:8002"),
	tags: ["Tenants"],
});

// A prefix's parameters are parameters of each route.
tenants.get("/users/:id", {
	upstreamPath: "/v1/:tenant/:id",
	path: { tenant: Type.Integer() },
	forward: {
		query(ctx) {
			assertType<
				Same<typeof ctx.path, { readonly tenant: number; readonly id: string }>
			>();
			return { tenant: ctx.path.tenant };
		},
	},
});
tenants.with({ prefix: "/rooms/:room" }).all("/*", {
	upstreamPath: "/:tenant/:room/*",
	handler: undefined as never,
	path: { room: Type.Integer() },
});
const rooms = tenants.with({ prefix: "/rooms/:room" });
rooms.all("/*", {
	path: { room: Type.Integer() },
	forward: {
		headers(ctx) {
			assertType<
				Same<
					typeof ctx.path,
					{
						readonly tenant: string;
						readonly room: number;
						readonly "*": string;
					}
				>
			>();
			return { "x-room": ctx.path.room };
		},
	},
});
rooms("PURGE", "/", {});
rooms(["GET", "POST"], "/cache", {
	upstreamPath: "/:tenant/:room",
	dependencies: { one: dependency(() => 1) },
});
for (const declare of [
	rooms.get,
	rooms.post,
	rooms.put,
	rooms.patch,
	rooms.delete,
	rooms.head,
	rooms.options,
	rooms.all,
]) {
	declare("/", {});
}

// @ts-expect-error the prefix has no such parameter either
tenants.get("/users/:id", { path: { room: Type.Integer() } });
// @ts-expect-error nothing declares :room
tenants.get("/users/:id", { upstreamPath: "/v1/:room" });
// @ts-expect-error misspelt
route.with({ dependancies: {} });
// @ts-expect-error what a route takes is said by the route
route.with({ query: { a: Type.String() } });
// @ts-expect-error a prefix is text
route.with({ prefix: 3 });
// @ts-expect-error a path is text
route.get(/users/, {});
// @ts-expect-error options are no list
tenants.get("/users", []);
// @ts-expect-error there is no builder for that
route.purge("/", {});
