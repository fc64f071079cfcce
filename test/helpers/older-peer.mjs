// Loaded before a test: every import and require of the package $PEER finds its older version, which is installed as $PEER_AS.
import { registerHooks } from "node:module";

const { PEER, PEER_AS } = process.env;
registerHooks({
	resolve: (specifier, context, next) =>
		next(specifier === PEER ? PEER_AS : specifier, context),
});
