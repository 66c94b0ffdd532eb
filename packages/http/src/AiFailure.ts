/**
 * Venice's errors as `AiError` of `effect/ai`, and back.
 *
 * The methods of a `LanguageModel` fail with `AiError`. {@link wrap} turns any failure of a call into one, for a model
 * that you build on `VeniceClient`, and keeps Venice's error in the metadata of the reason. {@link unwrap} restores
 * Venice's error, so that you can catch it by code and retry it by category. It also decodes the responses in the
 * `AiError`s of other OpenAI-compatible models that send their requests to Venice.
 *
 * **Details**
 *
 * | category                                              | reason                                                    |
 * | ----------------------------------------------------- | --------------------------------------------------------- |
 * | Authentication, Permission                            | `AuthenticationError`                                     |
 * | Billing                                               | `QuotaExhaustedError`; without credentials `AuthenticationError` |
 * | InvalidRequest, InvalidMedia, ContextLength, NotFound | `InvalidRequestError`                                     |
 * | ContentPolicy                                         | `ContentPolicyError`                                      |
 * | RateLimit, Capacity                                   | `RateLimitError`, the only reason with a `retryAfter`     |
 * | Server, Upstream, Timeout                             | `InternalProviderError`                                   |
 *
 * A request without a response becomes a `NetworkError`, a response that cannot be read an `InvalidResponseError`, and a
 * call that a part of `resilience` did not send a `RateLimitError`.
 *
 * **Gotchas**
 *
 * `AiError.isRetryable` ignores that a retry may be billed twice. The policies of `Retry` do not: `unwrap` first.
 *
 * **Example** (Retrying a model by category)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { AiFailure } from "@effect-venice/http"
 * import { Effect } from "effect"
 * import { AiError } from "effect/ai"
 *
 * // Stands for `LanguageModel.generateText({ prompt })`.
 * const generated: Effect.Effect<string, AiError.AiError> = Effect.fail(new Errors.ModelNotFound({ model: "lama" })).pipe(
 *   AiFailure.wrap("generateText")
 * )
 *
 * const program = generated.pipe(
 *   AiFailure.unwrap,
 *   Effect.retry(Retry.standard),
 *   Effect.catchTag("MODEL_NOT_FOUND", (error) => Effect.succeed(`not ${error.model}`))
 * )
 *
 * await Effect.runPromise(program) // => "not lama"
 * ```
 *
 * @since 0.1.0
 */
import { response as decodeResponse } from "@effect-venice/core/Decode"
import { headers as encodeHeaders } from "@effect-venice/core/Encode"
import * as Errors from "@effect-venice/core/Errors"
import { isVeniceError, VeniceError } from "@effect-venice/core/VeniceError"
import * as AiError from "effect/ai/AiError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { HttpClientError, RequestError } from "effect/http/HttpClientError"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Failure } from "./Failure.ts"
import { redactFailure } from "./internal/credentials.ts"
import { asCapacity, asRateLimit } from "./internal/unsent.ts"
import { defaultBaseUrl } from "./VeniceClient.ts"

/**
 * The value under `venice` in the metadata of a reason: the code and the category of Venice's error, and the error as
 * its schema encodes it.
 *
 * **When to use**
 *
 * To type that value where you read the code or the category from an `AiError`, for example in a log.
 *
 * @category models
 * @since 0.1.0
 */
export type Metadata = {
  readonly code: string
  readonly category: string
  readonly error: Schema.MutableJson
}

// Built when it is needed: a codec of forty classes takes longer than loading the rest of the module.
const codec = () => Schema.toCodecJson(VeniceError)

const encode = (error: VeniceError) => Schema.encodeSync(codec())(error)

const decode = (json: unknown) => Schema.decodeUnknownExit(codec())(json)

const commonFields = (error: VeniceError) => {
  const { body, status } = error.response
  return {
    metadata: {
      venice: { code: error._tag, category: error.category, error: encode(error) as Schema.MutableJson }
    },
    http: {
      ...(Number.isSafeInteger(status) && { response: { status, headers: encodeHeaders(error) } }),
      ...(body !== undefined && { body })
    }
  }
}

// An error that is decoded from the metadata has the stack of the decoder, and says nothing of where it came from.
const originals = new WeakMap<AiError.AiErrorReason, VeniceError>()

// What an `AiError` has of a failure that a client of your own made has no secrets, and `unwrap` gives the failure back.
const originalsOfClient = new WeakMap<object, HttpClientError>()

const asksForCredentials = (error: VeniceError): boolean =>
  error._tag === "PAYMENT_REQUIRED" && error.reason === "authentication"

const invalidRequest = (error: VeniceError): { readonly parameter?: string; readonly constraint?: string } => {
  switch (error._tag) {
    case "INVALID_REQUEST": {
      const path = error.issues[0]?.path ?? []
      return path.length === 0 ? {} : { parameter: path.join(".") }
    }
    case "TOO_MANY_TOKENS":
      return {
        parameter: "messages",
        ...(error.maxTokens !== undefined && { constraint: `must be at most ${error.maxTokens} tokens` })
      }
    case "MODEL_NOT_FOUND":
    case "INVALID_MODEL":
      return { parameter: "model" }
    default:
      return {}
  }
}

/**
 * Converts an error of Venice to the reason of an `AiError`.
 *
 * **When to use**
 *
 * To build an `AiError` with a `module` of your own. {@link toAiError} sets `"Venice"`.
 *
 * @category converting
 * @since 0.1.0
 */
export const toReason = (error: VeniceError): AiError.AiErrorReason => {
  const reason = reasonOfError(error)
  originals.set(reason, error)
  return reason
}

const reasonOfError = (error: VeniceError): AiError.AiErrorReason => {
  const { category, message, response: { retryAfter } } = error
  const fields = commonFields(error)
  switch (category) {
    case "Authentication":
      return new AiError.AuthenticationError({ kind: "InvalidKey", description: message, ...fields })
    case "Permission":
      return new AiError.AuthenticationError({ kind: "InsufficientPermissions", description: message, ...fields })
    case "Billing":
      return asksForCredentials(error)
        ? new AiError.AuthenticationError({ kind: "MissingKey", description: message, ...fields })
        : new AiError.QuotaExhaustedError(fields)
    case "InvalidRequest":
    case "InvalidMedia":
    case "ContextLength":
    case "NotFound":
      return new AiError.InvalidRequestError({ description: message, ...invalidRequest(error), ...fields })
    case "ContentPolicy":
      return new AiError.ContentPolicyError({ description: message, ...fields })
    case "RateLimit":
    case "Capacity":
      return new AiError.RateLimitError({ ...(retryAfter !== undefined && { retryAfter }), ...fields })
    case "Server":
    case "Upstream":
    case "Timeout":
      return new AiError.InternalProviderError({ description: message, ...fields })
  }
}

const hasNoResponse = (error: HttpClientError): error is HttpClientError & { readonly reason: RequestError } =>
  error.reason._tag === "TransportError" || error.reason._tag === "EncodeError"
  || error.reason._tag === "InvalidUrlError"

const networkError = (error: HttpClientError & { readonly reason: RequestError }): AiError.NetworkError => {
  const redacted = redactFailure(error)
  originalsOfClient.set(redacted, error)
  return AiError.NetworkError.fromHttpClientError(redacted)
}

const reasonOf = (error: Failure): AiError.AiErrorReason => {
  if (isVeniceError(error)) return toReason(error)
  if (isHttpClientError(error)) {
    return hasNoResponse(error)
      ? networkError(error)
      : new AiError.InvalidResponseError({ description: error.reason.description ?? error.reason._tag })
  }
  switch (error._tag) {
    case "JobFailure":
      return reasonOf(error.reason)
    case "JsonRpcError":
    case "UnexpectedBody":
    case "UnfinishedStream":
      return new AiError.InvalidResponseError({ description: error.message })
    case "LOCKOUT_AHEAD":
    case "PACE_EXCEEDED":
      return toReason(asRateLimit(error))
    case "CIRCUIT_OPEN":
      return toReason(asCapacity(error))
    case "TimeoutError":
      return new AiError.NetworkError({
        reason: "TransportError",
        method: "POST",
        url: defaultBaseUrl,
        description: error.message
      })
  }
}

/**
 * Converts a failure of a call to an `AiError`. `method` is the model's method that was called, such as `generateText`.
 *
 * **When to use**
 *
 * In an error handler of a model that you build on `VeniceClient`. {@link wrap} does it for a whole effect.
 *
 * @category converting
 * @since 0.1.0
 */
export const toAiError = (error: Failure, method: string): AiError.AiError =>
  AiError.make({ module: "Venice", method, reason: reasonOf(error) })

/**
 * Turns the failures of a call into `AiError`, for the method of a model that you build on `VeniceClient`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wrap = (method: string) => <A, E extends Failure, R>(self: Effect.Effect<A, E, R>) =>
  Effect.mapError(self, (error) => toAiError(error, method))

const fromMetadata = (reason: AiError.AiErrorReason): Option.Option<VeniceError> => {
  const metadata: unknown = "metadata" in reason ? reason.metadata.venice : undefined
  return Predicate.hasProperty(metadata, "error") ? Exit.getSuccess(decode(metadata.error)) : Option.none()
}

// A response that was decoded by its status alone is weaker than the reason: the model may have dropped the body.
const isRecognizedByContent = ({ matchedBy }: VeniceError): boolean =>
  matchedBy === "code" || matchedBy === "message" || matchedBy === "shape"

const fromHttp = (reason: AiError.AiErrorReason, now: number): Option.Option<VeniceError> => {
  const http = "http" in reason ? reason.http : undefined
  if (http?.response === undefined) return Option.none()
  const { headers, status } = http.response
  // The value of a redacted header is no string. No such header describes the failure.
  const readable = Object.entries(headers).filter((header): header is [string, string] => typeof header[1] === "string")
  return Option.some(decodeResponse({ status, headers: readable, body: http.body ?? "", now }))
}

const withHint = (error: VeniceError, reason: AiError.AiErrorReason): VeniceError =>
  reason._tag === "RateLimitError" && reason.retryAfter !== undefined && error.response.retryAfter === undefined
    ? Object.assign(error, { response: { ...error.response, retryAfter: reason.retryAfter } })
    : error

/**
 * For models that keep nothing of the response, or only its status. No content identifies the error, so policies take a
 * 5xx for a lost response.
 */
const fromReason = (
  reason: AiError.AiErrorReason,
  decoded: Option.Option<VeniceError>
): Option.Option<VeniceError> => {
  const common = {
    matchedBy: "none" as const,
    ...(Option.isSome(decoded) && { response: decoded.value.response })
  }
  switch (reason._tag) {
    case "RateLimitError":
      return Option.some(new Errors.RateLimitExceeded(common))
    case "QuotaExhaustedError":
      return Option.some(new Errors.InsufficientBalance(common))
    case "AuthenticationError":
      return Option.some(
        reason.kind === "MissingKey"
          ? new Errors.PaymentRequired({ ...common, message: "Authentication required", reason: "authentication" })
          : reason.kind === "InsufficientPermissions"
          ? new Errors.Unauthorized(common)
          : new Errors.AuthenticationFailed(common)
      )
    case "ContentPolicyError":
      return Option.some(new Errors.ContentPolicyViolation({ ...common, message: reason.description }))
    case "InvalidRequestError":
      return Option.some(
        new Errors.InvalidRequest({
          ...common,
          ...(reason.description !== undefined && { message: reason.description })
        })
      )
    case "InternalProviderError":
      // The status says more: the reason is the same for a server that failed and for a proxy that lost the response.
      return Option.orElse(
        decoded,
        () => Option.some(new Errors.UnknownError({ ...common, message: reason.description }))
      )
    default:
      return decoded
  }
}

/**
 * Finds the error of Venice behind an `AiError`.
 *
 * **When to use**
 *
 * To look at a single `AiError`. {@link unwrap} does it for the failures of an effect.
 *
 * **Details**
 *
 * The first of these that exists: the error that {@link toAiError} converted, or its copy in the metadata, the error that the content of the response
 * identifies, the error that the reason means, the error that the status implies; for an `InternalProviderError` the
 * status comes before the reason. `None` if the failure is not the provider's: a tool, a schema, or a request without a
 * response. An error that no content identifies has the `matchedBy` `status` or `none`, and policies take a 5xx of it
 * for a lost response.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromAiError = ({ reason }: AiError.AiError): Effect.Effect<Option.Option<VeniceError>> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const decoded = Option.filter(fromHttp(reason, now), ({ response }) => response.status >= 300)
    return Option.fromNullishOr(originals.get(reason)).pipe(
      Option.orElse(() => fromMetadata(reason)),
      Option.orElse(() => Option.filter(decoded, isRecognizedByContent)),
      Option.orElse(() => fromReason(reason, decoded)),
      Option.map((error) => withHint(error, reason))
    )
  })

const failWithCause = <E>(error: E): Effect.Effect<never, E | VeniceError | HttpClientError> => {
  if (!AiError.isAiError(error)) return Effect.fail(error)
  const { reason } = error
  if (reason._tag === "NetworkError" && isHttpClientError(reason.cause)) {
    return Effect.fail(originalsOfClient.get(reason.cause) ?? reason.cause)
  }
  return Effect.flatMap(fromAiError(error), (veniceError) => Effect.fail(Option.getOrElse(veniceError, () => error)))
}

/**
 * Turns an `AiError` back into the error of Venice, or into the `HttpClientError` of a request without a response. An
 * `AiError` that has neither, and every other failure, stays as it is.
 *
 * **When to use**
 *
 * Around the methods of a `LanguageModel`, before you retry with a policy of `Retry` or catch by code.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unwrap = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | VeniceError | HttpClientError, R> =>
  Effect.catch(self, failWithCause)

/**
 * {@link wrap} for the `streamText` of a model that you build on `VeniceClient`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wrapStream = (method: string) => <A, E extends Failure, R>(self: Stream.Stream<A, E, R>) =>
  Stream.mapError(self, (error) => toAiError(error, method))

/**
 * {@link unwrap} for the stream of `LanguageModel.streamText`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unwrapStream = <A, E, R>(
  self: Stream.Stream<A, E, R>
): Stream.Stream<A, E | VeniceError | HttpClientError, R> =>
  Stream.catch(self, (error) => Stream.fromEffect(failWithCause(error)))
