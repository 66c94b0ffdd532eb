/**
 * @since 0.1.0
 */
export * as AiFailure from "./AiFailure.ts"
export * as Failure from "./Failure.ts"
export * as Gateway from "./Gateway.ts"
export * as HttpFailure from "./HttpFailure.ts"
export * as Job from "./Job.ts"
export * as JsonRpc from "./JsonRpc.ts"
export * as RequestBody from "./RequestBody.ts"
export * as ResponseMetadata from "./ResponseMetadata.ts"
export * as Success from "./Success.ts"
export * as Telemetry from "./Telemetry.ts"
export {
  type AnyOperation,
  type ClientOptions,
  defaultBaseUrl,
  type ExecuteFailure,
  type RequestFailure,
  type RequestOptions,
  type Service,
  VeniceClient
} from "./VeniceClient.ts"
export * as VeniceFetch from "./VeniceFetch.ts"
