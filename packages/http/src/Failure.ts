/**
 * The failures of a call besides Venice's errors, and the union of everything a call can fail with.
 *
 * None of them is an error of Venice: a success with an unexpected body, a stream that ended early, a queued job that
 * failed, and the error of a blockchain's node behind Venice. A request without a response fails with Effect's own
 * `HttpClientError`.
 *
 * @since 0.1.0
 */
import type * as OperationFailure from "@effect-venice/core/OperationFailure"
import { ResponseContext } from "@effect-venice/core/ResponseContext"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as ErrorReporter from "effect/ErrorReporter"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Job } from "./internal/job.ts"

const reporterAttributes = (response: ResponseContext) => Struct.pick(response, ["status", "operation", "requestId"])

const Difference = Schema.Struct({
  /** The path to the value, such as `["choices", 0, "message"]`; empty for the body as a whole. */
  path: Schema.Array(Schema.Union([Schema.String, Schema.Number])),
  message: Schema.String
})

/**
 * A success whose body does not match the schema that you passed to `execute` or `stream`.
 *
 * **Details**
 *
 * Venice has responded, and may have billed the request, so no policy retries it. `differences` says where the body
 * does not match, and `response` keeps an excerpt of the body.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedBody extends Schema.TaggedError<UnexpectedBody>()("UnexpectedBody", {
  message: Schema.String,
  differences: Schema.Array(Difference),
  response: ResponseContext
}) {
  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Error" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return reporterAttributes(this.response)
  }
}

/**
 * A stream whose connection ended before the end marker arrived. `response.delivered` counts the events before.
 *
 * **Details**
 *
 * The response is incomplete, and may still have been billed, so no policy starts the stream again.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnfinishedStream extends Schema.TaggedError<UnfinishedStream>()("UnfinishedStream", {
  message: Schema.String,
  response: ResponseContext,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Error" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return reporterAttributes(this.response)
  }
}

/**
 * An error of a blockchain's node, in a success of `POST /crypto/rpc/{network}`.
 *
 * **Details**
 *
 * Venice has responded and billed the request, so no policy retries it. `code` is the code of JSON-RPC or of the node,
 * absent if the node sent none. `data` is the node's own detail, such as the reason of a revert: hexadecimal text of up
 * to 8 KB unchanged, anything else within the bounds of `Redact.json`.
 *
 * @category errors
 * @since 0.1.0
 */
export class JsonRpcError extends Schema.TaggedError<JsonRpcError>()("JsonRpcError", {
  code: Schema.optionalKey(Schema.Finite),
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json),
  response: ResponseContext
}) {
  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Info" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return reporterAttributes(this.response)
  }
}

/**
 * Why a job failed: the `reason` of a {@link JobFailure}, to match on.
 *
 * @category models
 * @since 0.1.0
 */
export type JobFailureReason =
  | OperationFailure.Of<"POST /video/retrieve" | "POST /audio/retrieve" | "POST /audio/voice-changer/retrieve">
  | UnexpectedBody
  | HttpClientError
  | Cause.TimeoutError

/**
 * A queued job that failed, took too long, or could not be polled. In the last two cases the job may still be running:
 * `Job.wait(error.job)` follows it again.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobFailure
  extends Data.TaggedError("JobFailure")<{ readonly job: Job; readonly reason: JobFailureReason }>
{
  override get message(): string {
    return `The ${this.job.medium} job ${this.job.queueId} failed: ${this.reason.message}`
  }

  /**
   * The severity for error reporters: that of the reason.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return this.reason[ErrorReporter.severity] ?? "Error"
  }

  /**
   * The attributes for error reporters: the job, and those of the reason.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return { ...this.reason[ErrorReporter.attributes], medium: this.job.medium, queueId: this.job.queueId }
  }
}

/**
 * Everything that a call of `VeniceClient` or `Job` can fail with: the parameter type of a function that handles any
 * failure.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure =
  | VeniceError
  | HttpClientError
  | UnexpectedBody
  | UnfinishedStream
  | JobFailure
  | JsonRpcError
  | Cause.TimeoutError
