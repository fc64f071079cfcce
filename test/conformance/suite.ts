import { answerCases } from "./cases/answers.ts";
import { badAnswerCases } from "./cases/bad-answers.ts";
import { bodilessCases } from "./cases/bodiless.ts";
import { chunkCases } from "./cases/chunks.ts";
import { clientCases } from "./cases/clients.ts";
import { cutAnswerCases } from "./cases/cut-answers.ts";
import { earlyCases } from "./cases/early.ts";
import { failureCases } from "./cases/failures.ts";
import { framingCases } from "./cases/framing.ts";
import { headCases } from "./cases/heads.ts";
import { hostCases } from "./cases/hosts.ts";
import { interimCases } from "./cases/interim.ts";
import { keptHeaderCases } from "./cases/kept-headers.ts";
import { orderCases } from "./cases/order.ts";
import { requestBodyCases } from "./cases/request-bodies.ts";
import { requestHeaderCases } from "./cases/request-headers.ts";
import { responseHeaderCases } from "./cases/response-headers.ts";
import { statusCases } from "./cases/statuses.ts";
import { streamingCases } from "./cases/streaming.ts";
import { targetCases } from "./cases/targets.ts";
import { upgradeEndingCases } from "./cases/upgrade-endings.ts";
import { upgradeCases } from "./cases/upgrades.ts";
import type { Case } from "./stage.ts";

/** Every case, by topic. */
export const suite: readonly Case[] = [
	...framingCases,
	...chunkCases,
	...headCases,
	...hostCases,
	...targetCases,
	...requestBodyCases,
	...orderCases,
	...earlyCases,
	...requestHeaderCases,
	...keptHeaderCases,
	...responseHeaderCases,
	...statusCases,
	...answerCases,
	...bodilessCases,
	...interimCases,
	...streamingCases,
	...badAnswerCases,
	...cutAnswerCases,
	...failureCases,
	...upgradeCases,
	...upgradeEndingCases,
	...clientCases,
];
