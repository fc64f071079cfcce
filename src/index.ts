import "./http/node-version.ts";

export { Type } from "typebox";
export { createGateway, type Gateway } from "./gateway.ts";
export {
	type ErrorCode,
	HttpError,
	type HttpErrorOptions,
	type Problem,
} from "./http/errors.ts";
export type { HeaderValue } from "./http/header-edits.ts";
export type { ReplyValue } from "./http/payload.ts";
export {
	type ErrorFormat,
	type HeaderList,
	isReply,
	type Reply,
	type ReplyBody,
	type ReplyHeaders,
	reply,
} from "./http/reply.ts";
export { type Decision, decisionsOf, noteDecision } from "./model/decisions.ts";
export {
	type DependencyOptions,
	dependency,
	type InputBuilder,
	input,
} from "./model/dependency.ts";
export type {
	CloseOptions,
	DocsOptions,
	ErrorResponse,
	FormatError,
	GatewayLimits,
	GatewayOptions,
	ListenOptions,
	RouteList,
	Routes,
} from "./model/gateway-options.ts";
export type { MaybePromise } from "./model/maybe-promise.ts";
export type {
	AttemptEnd,
	BodyObserver,
	Outcome,
	RewriteHeaders,
	StepInfo,
	StepTiming,
	TransformBody,
	UpstreamAttempt,
	UpstreamHead,
	UpstreamReader,
	WatchedAttempt,
} from "./model/outcome.ts";
export type {
	CookieAttributes,
	ResponseMode,
	ResponseOptions,
	ResponseSchema,
} from "./model/response-options.ts";
export { type RouteBuilder, type RouteContext, route } from "./model/route.ts";
export type {
	Forward,
	Handler,
	Route,
	RouteDocs,
	RouteOptions,
	SharedOptions,
} from "./model/route-options.ts";
export type {
	Context,
	ContextValues,
	Dependencies,
	Dependency,
	DependencyValues,
	DocsContribution,
	Fields,
	FieldValue,
	Input,
	InputSource,
	Logger,
	Needs,
	NeedValues,
	Policy,
	PolicyHooks,
	RouteInfo,
	SecurityScheme,
	SecuritySchemes,
	UpstreamRequest,
	UpstreamResponse,
	WithheldSource,
} from "./model/types.ts";
export {
	type Upstream,
	type UpstreamOptions,
	type UpstreamPoolOptions,
	type UpstreamTimeouts,
	upstream,
} from "./model/upstream.ts";
export type { OpenApiDocument } from "./openapi/document.ts";
export {
	type FileOptions,
	type FilePart,
	type FileSchema,
	type FormLimits,
	type FormShape,
	file,
	type InferForm,
} from "./params/form/form.ts";
export type {
	Infer,
	InferInput,
	InferShape,
	JsonSchema,
	Schema,
	Shape,
	StandardSchema,
} from "./params/schema.ts";
export type { InjectRequest, InjectResponse } from "./server/inject.ts";
export type { Listening } from "./server/listener.ts";
