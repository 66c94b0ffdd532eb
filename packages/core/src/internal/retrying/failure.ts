/**
 * What a policy reads from a failure.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import type { Attempt } from "../../Attempts.ts"
import * as Category from "../../Category.ts"
import * as Operation from "../../Operation.ts"
import { isVeniceError } from "../../VeniceError.ts"
import type { Kind } from "./decider.ts"

// The body broke off. A `SyntaxError` is no such case: the whole response arrived, and its body is not JSON.
const isCutOff = (reason: HttpClientError.HttpClientErrorReason): boolean =>
  reason._tag === "DecodeError" && !(reason.cause instanceof SyntaxError)

/**
 * The kind of a failure, or nothing if no policy retries it. Use it to tell failures that a policy retries from final
 * ones, in a log, a test or a circuit breaker.
 *
 * **Details**
 *
 * `Transport` is a request without a response: the connection was refused, reset or cut off, or it timed out on our
 * side. A stream that has delivered an event is never retried, and neither is a response that says so (`shouldRetry`).
 *
 * @category reading
 * @since 0.1.0
 */
export const kindOf = (error: unknown): Kind | undefined => {
  if (isVeniceError(error)) {
    const { delivered = 0, shouldRetry } = error.response
    return Category.isRetryable(error.category) && delivered === 0 && shouldRetry !== false ? error.category : undefined
  }
  const isTransport = HttpClientError.isHttpClientError(error)
    ? error.reason._tag === "TransportError" || isCutOff(error.reason)
    : Cause.isTimeoutError(error)
  return isTransport ? "Transport" : undefined
}

// The connection was never made, so the request was not sent and Venice executed nothing.
const unsentCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT"
])

const isUnsent = (cause: unknown, depth = 0): boolean => {
  if (typeof cause !== "object" || cause === null || depth > 4) return false
  const { cause: inner, code } = cause as { readonly cause?: unknown; readonly code?: unknown }
  return typeof code === "string" ? unsentCodes.has(code) : isUnsent(inner, depth + 1)
}

/** How the failed request ended for the server. */
export const outcomeOf = (error: unknown, kind: Kind): Operation.Outcome => {
  if (isVeniceError(error)) {
    const { status } = error.response
    if (status === 429 || status === 503) return "refused"
    // In a stream the status is 200, so only the kind of the error says whether Venice refused the request.
    if (status < 300) return kind === "RateLimit" || kind === "Capacity" ? "refused" : "failed"
    // Cloudflare got no usable response in time, but Venice may have executed the request.
    return status === 520 || status === 524 ? "lost" : "failed"
  }
  return HttpClientError.isHttpClientError(error) && isUnsent(error.reason.cause) ? "refused" : "lost"
}

/** The operation of the failed request, or nothing if the failure does not name it. */
export const operationOf = (error: unknown): string | undefined => {
  if (isVeniceError(error)) return error.response.operation
  return HttpClientError.isHttpClientError(error)
    ? Operation.nameOf(error.request.method, error.request.url)
    : undefined
}

/**
 * Whether a policy may retry a failure: the failure is transient, and a second request is not charged or executed
 * twice. Use it to tell your own caller whether a retry can help, as `Gateway` does.
 *
 * **Gotchas**
 *
 * It sees only the failure. `Operation.allowReplay` and an idempotency key belong to the call, and may allow more.
 *
 * @category reading
 * @since 0.1.0
 */
export const isRepeatable = (error: unknown): boolean => {
  const kind = kindOf(error)
  return kind !== undefined && Operation.mayRepeat(operationOf(error), outcomeOf(error, kind))
}

/** How long the server asks to wait. */
export const hintOf = (error: unknown): Duration.Duration | undefined =>
  isVeniceError(error) ? error.response.retryAfter : undefined

/** The failure as an entry of the history. */
export const attemptOf = (error: unknown): Attempt => {
  const tag = (error as { readonly _tag?: unknown } | undefined)?._tag
  const out: { -readonly [K in keyof Attempt]: Attempt[K] } = { code: typeof tag === "string" ? tag : "Error" }
  if (!isVeniceError(error)) return out
  const { requestId, retryAfter, status } = error.response
  out.status = status
  if (requestId !== undefined) out.requestId = requestId.slice(0, 200)
  if (retryAfter !== undefined) out.hint = retryAfter
  return out
}
