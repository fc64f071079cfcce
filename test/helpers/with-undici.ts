// `node --import ./test/helpers/with-undici.ts`: undici makes all calls, as it does for upstreams with `client: "undici"`.
import { defaults } from "../../src/model/upstream.ts";

defaults.client = "undici";
