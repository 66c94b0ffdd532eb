/**
 * The headers of a Venice response, read into values with units.
 *
 * Every header is optional, and a value that cannot be read counts as absent: nothing here fails. An error has all of
 * this in its `response`; these functions are for successes, received by a client of your own.
 *
 * **Gotchas**
 *
 * Venice sends moments in three units under similar names. At least 1e12 is read as epoch milliseconds, 1e9 to 1e12 as
 * epoch seconds, and a smaller number as a duration in seconds from `now`, which is in epoch milliseconds.
 *
 * **Example** (Reading what is left)
 *
 * ```ts
 * import { ResponseHeaders } from "@effect-venice/core"
 * import { Headers } from "effect/http"
 *
 * const headers = Headers.fromInput({ "x-ratelimit-remaining-requests": "19", "x-venice-balance-usd": "24.5" })
 *
 * ResponseHeaders.rateLimit(headers, Date.UTC(2026, 0, 1))?.requests?.remaining // => 19
 * String(ResponseHeaders.balance(headers)?.usd) // => "BigDecimal(24.5)"
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Headers from "effect/http/Headers"
import * as Internal from "./internal/decoding/headers.ts"
import type { Balance, Deprecation, RateLimit } from "./ResponseContext.ts"

/**
 * The budgets of the rate limiter, or nothing if the response has no such header.
 *
 * @category reading
 * @since 0.1.0
 */
export const rateLimit: (headers: Headers.Headers, now: number) => RateLimit | undefined = Internal.rateLimit

/**
 * The delay a response asks for in its headers.
 *
 * **Details**
 *
 * `retry-after-ms`, which OpenAI-compatible gateways send, then `Retry-After` (seconds, fractions of seconds, or an
 * HTTP-date). Else, under status 429 only, the latest reset among the budgets of `snapshot` with nothing remaining:
 * most responses have reset headers, so they mean a delay only where a budget is exhausted. A moment in the past is a
 * delay of zero.
 *
 * @category reading
 * @since 0.1.0
 */
export const retryAfter: (
  headers: Headers.Headers,
  status: number,
  snapshot: RateLimit | undefined,
  now: number
) => Duration.Duration | undefined = Internal.retryAfter

/**
 * The balance of the account before the request, or nothing if the response does not say it.
 *
 * @category reading
 * @since 0.1.0
 */
export const balance: (headers: Headers.Headers) => Balance | undefined = Internal.balance

/**
 * Venice's notice that the model of the request is deprecated, or nothing.
 *
 * @category reading
 * @since 0.1.0
 */
export const deprecation: (headers: Headers.Headers) => Deprecation | undefined = Internal.deprecation
