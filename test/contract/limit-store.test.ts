import { memoryStore } from "../../src/policies/rate-limit/memory-store.ts";
import { limitStoreContract } from "./limit-store.ts";

limitStoreContract("the memory store", async () => {
	let nowMs = 0;
	return {
		store: memoryStore({ now: () => nowMs }),
		setTime: (ms) => {
			nowMs = ms;
		},
	};
});
