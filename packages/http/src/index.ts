/**
 * @since 0.1.0
 */
export * as AiFailure from "./AiFailure.ts"
export * as Failure from "./Failure.ts"
export * as Gateway from "./Gateway.ts"
export * as HttpFailure from "./HttpFailure.ts"
export * as Job from "./Job.ts"
export * as JsonRpc from "./JsonRpc.ts"
export * as ResponseMetadata from "./ResponseMetadata.ts"
export * as Telemetry from "./Telemetry.ts"
export {
  type AnyOperation,
  type ClientOptions,
  defaultBaseUrl,
  type ExecuteError,
  type RequestError,
  type RequestOptions,
  type Service,
  VeniceClient
} from "./VeniceClient.ts"
