/**
 * What a policy reads off a failure.
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

// A body that breaks off. What is no JSON came whole, and was answered.
const isCutOff = (reason: HttpClientError.HttpClientErrorReason): boolean =>
  reason._tag === "DecodeError" && !(reason.cause instanceof SyntaxError)

/**
 * The kind of a failure, or nothing for one that no policy repeats.
 *
 * **Details**
 *
 * `Transport` is a request that got no response: refused, reset, cut off, or timed out on our side. A stream that has
 * delivered something is never begun again, whatever it failed with, and neither is what the answer said not to repeat.
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

// Failures of a connection that was never made: the request did not leave, so nothing can have been done.
const unsent = new Set([
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
  return typeof code === "string" ? unsent.has(code) : isUnsent(inner, depth + 1)
}

/** How the call ended, as far as a repeat is concerned. */
export const outcomeOf = (error: unknown, kind: Kind): Operation.Outcome => {
  if (isVeniceError(error)) {
    const { status } = error.response
    if (status === 429 || status === 503) return "refused"
    // In a stream the status is that of the success it began with, and the error says what is refused.
    if (status < 300) return kind === "RateLimit" || kind === "Capacity" ? "refused" : "failed"
    // A proxy gave up on an answer that may have come.
    return status === 520 || status === 524 ? "lost" : "failed"
  }
  return HttpClientError.isHttpClientError(error) && isUnsent(error.reason.cause) ? "refused" : "lost"
}

/** The operation of the request that failed, as far as the failure tells. */
export const operationOf = (error: unknown): string | undefined => {
  if (isVeniceError(error)) return error.response.operation
  return HttpClientError.isHttpClientError(error)
    ? Operation.nameOf(error.request.method, error.request.url)
    : undefined
}

/**
 * Whether a policy may repeat what failed, as far as the failure itself tells: it may pass, and a repeat is not charged or
 * done twice.
 *
 * **Gotchas**
 *
 * `Operation.allowReplay` and an idempotency key are known to the call alone.
 *
 * @category reading
 * @since 0.1.0
 */
export const isRepeatable = (error: unknown): boolean => {
  const kind = kindOf(error)
  return kind !== undefined && Operation.mayRepeat(operationOf(error), outcomeOf(error, kind))
}

/** What the server asked for. */
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
