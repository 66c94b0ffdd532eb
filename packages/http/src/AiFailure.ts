/**
 * Venice's errors as `AiError` of `effect/ai`, and back.
 *
 * A `LanguageModel` fails with `AiError`, whose reasons are those of all providers together. {@link wrap} makes one of any
 * failure of a call, for a model of your own over `VeniceClient`; the error itself goes along in the reason's metadata,
 * under `venice`. {@link unwrap} gives it back, for whoever wants Venice's codes, categories, hints and policies of
 * `Retry` around a model, and reads the responses in the `AiError`s of other OpenAI-compatible models that are pointed at
 * Venice.
 *
 * **Details**
 *
 * | category                                              | reason                                                    |
 * | ----------------------------------------------------- | --------------------------------------------------------- |
 * | Authentication, Permission                            | `AuthenticationError`                                     |
 * | Billing                                               | `QuotaExhaustedError`; without credentials `AuthenticationError` |
 * | InvalidRequest, InvalidMedia, ContextLength, NotFound | `InvalidRequestError`                                     |
 * | ContentPolicy                                         | `ContentPolicyError`                                      |
 * | RateLimit, Capacity                                   | `RateLimitError`, which is the one that has a `retryAfter` |
 * | Server, Upstream, Timeout                             | `InternalProviderError`                                   |
 *
 * A request without an answer is a `NetworkError`, an answer that cannot be read an `InvalidResponseError`.
 *
 * **Gotchas**
 *
 * `AiError.isRetryable` knows nothing of what a repeat costs. A policy of `Retry` does: `unwrap` first.
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
import { defaultBaseUrl } from "./VeniceClient.ts"

/**
 * What an `AiError` keeps of the error of Venice, under `venice` in the metadata of its reason: the code, the category,
 * and the error as its schema encodes it.
 *
 * @category models
 * @since 0.1.0
 */
export type Metadata = {
  readonly code: string
  readonly category: string
  readonly error: Schema.MutableJson
}

// Not made when the module is loaded: a codec of forty classes takes longer than the rest of it.
const codec = () => Schema.toCodecJson(VeniceError)

const encode = (error: VeniceError) => Schema.encodeSync(codec())(error)

const decode = (json: unknown) => Schema.decodeUnknownExit(codec())(json)

const common = (error: VeniceError) => {
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
 * The reason an error of Venice is to an AI model.
 *
 * @category converting
 * @since 0.1.0
 */
export const toReason = (error: VeniceError): AiError.AiErrorReason => {
  const { category, message, response: { retryAfter } } = error
  const known = common(error)
  switch (category) {
    case "Authentication":
      return new AiError.AuthenticationError({ kind: "InvalidKey", description: message, ...known })
    case "Permission":
      return new AiError.AuthenticationError({ kind: "InsufficientPermissions", description: message, ...known })
    case "Billing":
      return asksForCredentials(error)
        ? new AiError.AuthenticationError({ kind: "MissingKey", description: message, ...known })
        : new AiError.QuotaExhaustedError(known)
    case "InvalidRequest":
    case "InvalidMedia":
    case "ContextLength":
    case "NotFound":
      return new AiError.InvalidRequestError({ description: message, ...invalidRequest(error), ...known })
    case "ContentPolicy":
      return new AiError.ContentPolicyError({ description: message, ...known })
    case "RateLimit":
    case "Capacity":
      return new AiError.RateLimitError({ ...(retryAfter !== undefined && { retryAfter }), ...known })
    case "Server":
    case "Upstream":
    case "Timeout":
      return new AiError.InternalProviderError({ description: message, ...known })
  }
}

const isUnanswered = (error: HttpClientError): error is HttpClientError & { readonly reason: RequestError } =>
  error.reason._tag === "TransportError" || error.reason._tag === "EncodeError"
  || error.reason._tag === "InvalidUrlError"

const reasonOf = (error: Failure): AiError.AiErrorReason => {
  if (isVeniceError(error)) return toReason(error)
  if (isHttpClientError(error)) {
    return isUnanswered(error)
      ? AiError.NetworkError.fromHttpClientError(error)
      : new AiError.InvalidResponseError({ description: error.reason.description ?? error.reason._tag })
  }
  switch (error._tag) {
    case "JobFailure":
      return reasonOf(error.reason)
    case "JsonRpcError":
    case "UnexpectedBody":
    case "UnfinishedStream":
      return new AiError.InvalidResponseError({ description: error.message })
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
 * The `AiError` of a failure. `method` is what was asked of the model, such as `generateText`.
 *
 * @category converting
 * @since 0.1.0
 */
export const toAiError = (error: Failure, method: string): AiError.AiError =>
  AiError.make({ module: "Venice", method, reason: reasonOf(error) })

/**
 * Fails with `AiError`, as the methods of a model have to.
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

// What a response says itself. By its status alone a reason knows better, which may have seen more than it kept.
const isTold = ({ matchedBy, response }: VeniceError): boolean =>
  (matchedBy === "code" || matchedBy === "message" || matchedBy === "shape") && response.status >= 300

const fromHttp = (reason: AiError.AiErrorReason, now: number): Option.Option<VeniceError> => {
  const http = "http" in reason ? reason.http : undefined
  if (http?.response === undefined) return Option.none()
  const { headers, status } = http.response
  // A header that was redacted is a secret, and none that says anything of the failure.
  const told = Object.entries(headers).filter((header): header is [string, string] => typeof header[1] === "string")
  return Option.some(decodeResponse({ status, headers: told, body: http.body ?? "", now }))
}

const withHint = (error: VeniceError, reason: AiError.AiErrorReason): VeniceError =>
  reason._tag === "RateLimitError" && reason.retryAfter !== undefined && error.response.retryAfter === undefined
    ? Object.assign(error, { response: { ...error.response, retryAfter: reason.retryAfter } })
    : error

/** For the reasons of a model that kept nothing of the response. */
const fromReason = (reason: AiError.AiErrorReason): Option.Option<VeniceError> => {
  switch (reason._tag) {
    case "RateLimitError": {
      const { retryAfter } = reason
      return Option.some(
        new Errors.RateLimitExceeded({ response: { status: 429, ...(retryAfter !== undefined && { retryAfter }) } })
      )
    }
    case "QuotaExhaustedError":
      return Option.some(new Errors.InsufficientBalance())
    case "AuthenticationError":
      return Option.some(
        reason.kind === "MissingKey"
          ? new Errors.PaymentRequired({ message: "Authentication required", reason: "authentication" })
          : reason.kind === "InsufficientPermissions"
          ? new Errors.Unauthorized()
          : new Errors.AuthenticationFailed()
      )
    case "ContentPolicyError":
      return Option.some(new Errors.ContentPolicyViolation({ message: reason.description }))
    case "InvalidRequestError":
      return Option.some(
        new Errors.InvalidRequest(reason.description === undefined ? {} : { message: reason.description })
      )
    case "InternalProviderError":
      return Option.some(new Errors.UnknownError({ message: reason.description }))
    default:
      return Option.none()
  }
}

/**
 * The error of Venice behind an `AiError`: the one that {@link toAiError} was given, else what the response in it says of
 * itself, else what its reason means, else what the status of the response implies. None for what never came from the
 * provider: tools, schemas, a request without an answer.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromAiError = ({ reason }: AiError.AiError): Effect.Effect<Option.Option<VeniceError>> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const answered = fromHttp(reason, now)
    return fromMetadata(reason).pipe(
      Option.orElse(() => Option.filter(answered, isTold)),
      Option.orElse(() => fromReason(reason)),
      Option.orElse(() => Option.filter(answered, ({ response }) => response.status >= 300)),
      Option.map((error) => withHint(error, reason))
    )
  })

const behind = <E>(error: E): Effect.Effect<never, E | VeniceError | HttpClientError> => {
  if (!AiError.isAiError(error)) return Effect.fail(error)
  const { reason } = error
  if (reason._tag === "NetworkError" && isHttpClientError(reason.cause)) return Effect.fail(reason.cause)
  return Effect.flatMap(fromAiError(error), (found) => Effect.fail(Option.getOrElse(found, () => error)))
}

/**
 * Fails with what is behind an `AiError`: the error of Venice, or the `HttpClientError` of a request without an answer.
 * An `AiError` that has neither stays as it is.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unwrap = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | VeniceError | HttpClientError, R> =>
  Effect.catch(self, behind)

/**
 * {@link wrap} for a stream, such as a model's `streamText`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wrapStream = (method: string) => <A, E extends Failure, R>(self: Stream.Stream<A, E, R>) =>
  Stream.mapError(self, (error) => toAiError(error, method))

/**
 * {@link unwrap} for a stream, such as that of `LanguageModel.streamText`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unwrapStream = <A, E, R>(
  self: Stream.Stream<A, E, R>
): Stream.Stream<A, E | VeniceError | HttpClientError, R> =>
  Stream.catch(self, (error) => Stream.fromEffect(behind(error)))
