/**
 * The failures of a call besides Venice's errors, and the union of everything a call can fail with.
 *
 * None of them is an error of Venice: a success with an unexpected body, a stream that ended early, a queued job that
 * failed, the error of a blockchain's node behind Venice, and a call that a guard of `resilience` did not send. A request
 * without a response fails with Effect's own `HttpClientError`.
 *
 * @since 0.1.0
 */
import * as Classification from "@effect-venice/core/Classification"
import type * as OperationFailure from "@effect-venice/core/OperationFailure"
import * as Redact from "@effect-venice/core/Redact"
import { ResponseContext } from "@effect-venice/core/ResponseContext"
import type { CategoryOf, InCategory, VeniceError } from "@effect-venice/core/VeniceError"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as ErrorReporter from "effect/ErrorReporter"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Job } from "./internal/job.ts"
import { printed } from "./internal/printed.ts"

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
export class UnexpectedBody extends printed(
  Schema.TaggedError<UnexpectedBody>()("UnexpectedBody", {
    message: Schema.String,
    differences: Schema.Array(Difference),
    response: ResponseContext
  })
) {
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
export class UnfinishedStream extends printed(
  Schema.TaggedError<UnfinishedStream>()("UnfinishedStream", {
    message: Schema.String,
    response: ResponseContext,
    cause: Schema.optionalKey(Schema.Defect())
  })
) {
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
export class JsonRpcError extends printed(
  Schema.TaggedError<JsonRpcError>()("JsonRpcError", {
    code: Schema.optionalKey(Schema.Finite),
    message: Schema.String,
    data: Schema.optionalKey(Schema.Json),
    response: ResponseContext
  })
) {
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
  extends printed(Data.TaggedError("JobFailure")<{ readonly job: Job; readonly reason: JobFailureReason }>)
{
  override get message(): string {
    return `The ${this.job.medium} job ${this.job.queueId} failed: ${Redact.printable(this.reason.message)}`
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
 * A call that `LockoutGuard` did not send: one more failed request could make Venice refuse every request of the key.
 *
 * **Details**
 *
 * Policies of `Retry` treat it like a 429 with the hint `retryAfter`. Nothing was sent, so a retry is always safe.
 *
 * @category errors
 * @since 0.1.0
 */
export class LockoutAhead extends printed(
  Schema.TaggedError<LockoutAhead>()("LOCKOUT_AHEAD", {
    message: Schema.String,
    /** When the guard sends requests again. */
    until: Schema.DateTimeUtcFromMillis,
    /** The time until then; zero if it depends on calls that are in flight. */
    retryAfter: Schema.DurationFromMillis,
    /** The model of the call, if it has one. */
    model: Schema.optionalKey(Schema.String)
  })
) implements Classification.Classified {
  /**
   * What policies need to know of it.
   *
   * @since 0.1.0
   */
  get [Classification.key]() {
    return { category: "RateLimit", hint: this.retryAfter, outcome: "refused" } as const
  }

  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Warn" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return { until: DateTime.formatIso(this.until), ...(this.model !== undefined && { model: this.model }) }
  }
}

/**
 * A call that `Breaker` did not send: too many of the latest calls through its circuit failed.
 *
 * **Details**
 *
 * Policies of `Retry` treat it like a model at capacity with the hint `retryAfter`. Nothing was sent, so a retry is
 * always safe.
 *
 * @category errors
 * @since 0.1.0
 */
export class CircuitOpen extends printed(
  Schema.TaggedError<CircuitOpen>()("CIRCUIT_OPEN", {
    message: Schema.String,
    /** The name of the circuit: the model, unless you chose another. */
    circuit: Schema.String,
    /** The time until one call is sent to test whether the trouble is over; zero while that call is in flight. */
    retryAfter: Schema.DurationFromMillis
  })
) implements Classification.Classified {
  /**
   * What policies need to know of it.
   *
   * @since 0.1.0
   */
  get [Classification.key]() {
    return { category: "Capacity", hint: this.retryAfter, outcome: "refused" } as const
  }

  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Warn" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return { circuit: this.circuit }
  }
}

/**
 * A call that `Pacing` did not send: too many calls wait for their turn, or the turn would come too late.
 *
 * **Details**
 *
 * Policies of `Retry` treat it like a 429 with the hint `retryAfter`. Nothing was sent, so a retry is always safe.
 *
 * @category errors
 * @since 0.1.0
 */
export class PaceExceeded extends printed(
  Schema.TaggedError<PaceExceeded>()("PACE_EXCEEDED", {
    message: Schema.String,
    /** The least time until the next call can be sent. */
    retryAfter: Schema.DurationFromMillis,
    /** The model of the call, if it has one. */
    model: Schema.optionalKey(Schema.String)
  })
) implements Classification.Classified {
  /**
   * What policies need to know of it.
   *
   * @since 0.1.0
   */
  get [Classification.key]() {
    return { category: "RateLimit", hint: this.retryAfter, outcome: "refused" } as const
  }

  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Warn" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return this.model === undefined ? {} : { model: this.model }
  }
}

/**
 * Everything that a call of `VeniceClient` or `Job`, or one under a guard of `resilience`, can fail with: the parameter
 * type of a function that handles any failure.
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
  | LockoutAhead
  | CircuitOpen
  | PaceExceeded
  | Cause.TimeoutError

interface Tagged {
  readonly _tag: string
}

// A table that the compiler makes in one pass. To extract each tag from the channel takes as many passes as it has tags.
type ByTag<E extends Tagged> = { readonly [F in E as F["_tag"]]: F }

/**
 * One function for each tag in a failure channel: the codes of Venice's errors, and the tags of the other failures.
 *
 * @category models
 * @since 0.1.0
 */
export type Handlers<E extends Tagged> = {
  readonly [Tag in keyof ByTag<E>]: (failure: ByTag<E>[Tag]) => unknown
}

type Case<E extends Tagged> = CategoryOf<E> | Exclude<E, VeniceError>["_tag"]

/**
 * One function for each category of Venice's errors in a failure channel, and for each tag of the other failures.
 *
 * @category models
 * @since 0.1.0
 */
export type CategoryHandlers<E extends Tagged> = {
  readonly [C in Case<E>]: (
    failure: InCategory<E, C> | Extract<Exclude<E, VeniceError>, { readonly _tag: C }>
  ) => unknown
}

/** A function for a failure that the channel does not have is a mistake. */
type NoOthers<H, Keys> = { readonly [K in Exclude<keyof H, Keys>]: `This channel has no ${K & string}` }

type Returned<H> = H[keyof H] extends (failure: never) => infer A ? A : never

const apply = <H>(handlers: H, key: string, failure: Tagged): Returned<H> => {
  const handle = (handlers as Readonly<Record<string, (failure: Tagged) => Returned<H>>>)[key]!
  return handle(failure)
}

/**
 * Applies the function of a failure's tag, whatever the channel: the codes of Venice's errors, `HttpClientError` for a
 * request without a response, `UnexpectedBody`, … and the tags of your own failures.
 *
 * **Details**
 *
 * A failure without a function, and a function without a failure, are compile errors that name it.
 *
 * **Example** (Answering every failure of a call)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Failure } from "@effect-venice/http"
 * import { Cause } from "effect"
 *
 * type Channel = Errors.ModelOffline | Errors.ModelNotFound | Cause.TimeoutError
 *
 * const describe = (failure: Channel): string =>
 *   Failure.match(failure, {
 *     MODEL_OFFLINE: () => "later",
 *     MODEL_NOT_FOUND: ({ model }) => `there is no ${model}`,
 *     TimeoutError: () => "Venice did not respond"
 *   })
 *
 * describe(new Errors.ModelNotFound({ model: "lama" })) // => "there is no lama"
 * describe(new Cause.TimeoutError()) // => "Venice did not respond"
 * ```
 *
 * @category matching
 * @since 0.1.0
 */
export const match = <E extends Tagged, const H extends Handlers<E>>(
  failure: E,
  handlers: H & NoOthers<H, E["_tag"]>
): Returned<H> => apply<H>(handlers, failure._tag, failure)

/**
 * Applies the function of an error's category, or of the tag of another failure.
 *
 * **Details**
 *
 * A channel with `UNRECOGNIZED_RESPONSE`, which every call has, needs all thirteen categories.
 *
 * **Example** (Saying what to do about any failure)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Failure } from "@effect-venice/http"
 * import { Cause } from "effect"
 *
 * type Channel = Errors.ModelOffline | Errors.ModelOverloaded | Errors.InsufficientBalance | Cause.TimeoutError
 *
 * const advise = (failure: Channel): string =>
 *   Failure.matchCategory(failure, {
 *     Capacity: () => "wait",
 *     Billing: () => "top up",
 *     TimeoutError: () => "try again"
 *   })
 *
 * advise(new Errors.ModelOverloaded()) // => "wait"
 * ```
 *
 * @category matching
 * @since 0.1.0
 */
export const matchCategory = <E extends Tagged, const H extends CategoryHandlers<E>>(
  failure: E,
  handlers: H & NoOthers<H, Case<E>>
): Returned<H> => apply<H>(handlers, isVeniceError(failure) ? failure.category : failure._tag, failure)
