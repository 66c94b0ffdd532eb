/**
 * What a policy reads from a failure.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import type { Attempt } from "../../Attempts.ts"
import * as Category from "../../Category.ts"
import * as Classification from "../../Classification.ts"
import * as Operation from "../../Operation.ts"
import { isVeniceError, type VeniceError } from "../../VeniceError.ts"
import { read } from "../decoding/errorBody.ts"
import { attempt, property } from "../redaction/foreignError.ts"
import type { Kind } from "./decider.ts"

// The body broke off. A `SyntaxError` is no such case: the whole response arrived, and its body is not JSON.
const isCutOff = (reason: HttpClientError.HttpClientErrorReason): boolean =>
  reason._tag === "DecodeError" && property(reason.cause, "name") !== "SyntaxError"

/**
 * The kind of a failure, or nothing if no policy retries it. Use it to tell failures that a policy retries from final
 * ones, in a log, a test or a circuit breaker.
 *
 * **Details**
 *
 * `Transport` is a request without a response: the connection was refused, reset or cut off, or it timed out on our
 * side. A stream that has delivered an event is never retried, and neither is a response that says so (`shouldRetry`).
 * An error that is not Venice's takes part by its `Classification`.
 *
 * @category reading
 * @since 0.1.0
 */
export const kindOf = (error: unknown): Kind | undefined => {
  if (isVeniceError(error)) return attempt(() => kindOfResponse(error), undefined)
  if (isTransport(error)) return "Transport"
  const category = Classification.of(error)?.category
  if (category === undefined || category === "Transport") return category
  return Category.isRetryable(category) ? category : undefined
}

const kindOfResponse = ({ category, response: { delivered = 0, shouldRetry } }: VeniceError): Kind | undefined =>
  Category.isRetryable(category) && delivered === 0 && shouldRetry !== false ? category : undefined

const isHttpClientError = (error: unknown): error is HttpClientError.HttpClientError =>
  attempt(
    () =>
      HttpClientError.isHttpClientError(error) && typeof error.request.url === "string"
      && typeof error.reason._tag === "string",
    false
  )

const isTransport = (error: unknown): boolean =>
  isHttpClientError(error)
    ? error.reason._tag === "TransportError" || isCutOff(error.reason)
    : attempt(() => Cause.isTimeoutError(error), false)

// The connection was never made, so the request was not sent and Venice executed nothing.
const unsentCodes = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

// A failure to connect did not send the request either. Without the system call, `EHOSTUNREACH` may be the end of a
// connection that had sent it.
const isConnecting = (syscall: unknown): boolean => syscall === "connect" || syscall === "getaddrinfo"

const isUnsent = (cause: unknown, depth = 0): boolean => {
  if (depth > 4) return false
  const errors = property(cause, "errors")
  // One error for each address that was tried.
  if (attempt(() => Array.isArray(errors) && errors.length > 0, false)) {
    return attempt(() => (errors as ReadonlyArray<unknown>).every((error) => isUnsent(error, depth + 1)), false)
  }
  const code = property(cause, "code")
  return typeof code === "string"
    ? unsentCodes.has(code) || isConnecting(property(cause, "syscall"))
    : isUnsent(property(cause, "cause"), depth + 1)
}

const membersOfVenice = new Set([
  "error",
  "code",
  "request_id",
  "details",
  "issues",
  "customMessage",
  "context",
  "retry_after",
  "upstream_code"
])

/** Whether a body has Venice's own shape and nothing else: gateways write failures of their own as JSON, too. */
const isBodyOfVenice = (text: string | undefined): boolean => {
  const { body } = read(text ?? "")
  return typeof body.error === "string" && Object.keys(body).every((name) => membersOfVenice.has(name))
}

/** Whether the content of the response shows that Venice wrote it, and not a proxy or a relay. */
const isFromVenice = ({ matchedBy, response }: VeniceError): boolean => {
  if (matchedBy !== "shape") return matchedBy === "code" || matchedBy === "message"
  return response.relay === undefined && isBodyOfVenice(response.body)
}

const outcomeOfResponse = (error: VeniceError, kind: Kind): Operation.Outcome => {
  const { status } = error.response
  if (status === 429) return "refused"
  // In a stream the status is 200, so only the kind of the error says whether Venice refused the request.
  if (status < 300) return kind === "RateLimit" || kind === "Capacity" ? "refused" : "failed"
  // A proxy had no usable response of Venice, which may have executed the request all the same.
  if (!isFromVenice(error) || status === 520 || status === 524) return "lost"
  return status === 503 ? "refused" : "failed"
}

/** How the failed request ended for the server. */
export const outcomeOf = (error: unknown, kind: Kind): Operation.Outcome => {
  if (isVeniceError(error)) return attempt(() => outcomeOfResponse(error, kind), "lost")
  if (isHttpClientError(error)) return isUnsent(property(error.reason, "cause")) ? "refused" : "lost"
  return Classification.of(error)?.outcome ?? "lost"
}

/**
 * How a failed request ended for the server, or nothing if no policy retries the failure. Use it with
 * `Operation.mayRepeat` in a retry loop of your own, or in a test that nothing is charged twice.
 *
 * @category reading
 * @since 0.1.0
 */
export const outcome = (error: unknown): Operation.Outcome | undefined => {
  const kind = kindOf(error)
  return kind === undefined ? undefined : outcomeOf(error, kind)
}

/**
 * The operation of a failed request, or nothing if the failure does not name it. Use it to group failures of any kind
 * in a log or a test.
 *
 * @category reading
 * @since 0.1.0
 */
export const operationOf = (error: unknown): string | undefined => {
  if (isVeniceError(error)) {
    const operation = property(property(error, "response"), "operation")
    return typeof operation === "string" ? operation : undefined
  }
  return isHttpClientError(error)
    ? Operation.nameOf(error.request.method, error.request.url)
    : Classification.of(error)?.operation
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
  isVeniceError(error) ? attempt(() => hintOfResponse(error), undefined) : Classification.of(error)?.hint

const hintOfResponse = ({ response: { retryAfter } }: VeniceError): Duration.Duration | undefined =>
  Duration.isDuration(retryAfter) && !Duration.isNegative(retryAfter) ? retryAfter : undefined

/**
 * A failure as an entry of a history. Use it with `Attempts.make` in a retry loop of your own.
 *
 * @category reading
 * @since 0.1.0
 */
export const attemptOf = (error: unknown): Attempt => {
  const tag = property(error, "_tag")
  const out: { -readonly [K in keyof Attempt]: Attempt[K] } = { code: typeof tag === "string" ? tag : "Error" }
  const response = isVeniceError(error) ? property(error, "response") : undefined
  const status = property(response, "status")
  const requestId = property(response, "requestId")
  const hint = hintOf(error)
  if (typeof status === "number") out.status = status
  if (typeof requestId === "string") out.requestId = requestId.slice(0, 200)
  // The schema of a history has no infinite duration.
  if (hint !== undefined && Duration.isFinite(hint)) out.hint = hint
  return out
}
