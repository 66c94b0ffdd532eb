/**
 * Readers of the headers of a Venice response, which return values with units.
 *
 * Every header is optional, and an unreadable value counts as absent, so no function fails.
 *
 * **When to use**
 *
 * For successes, with an HTTP client of your own. Errors have the same values in `response`.
 *
 * **Gotchas**
 *
 * Venice sends reset times in three units under similar names. A number of 1e12 or more is read as epoch milliseconds,
 * one from 1e9 to 1e12 as epoch seconds, and a smaller one as seconds after `now`, which is in epoch milliseconds.
 *
 * **Example** (Reading the budget that remains)
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
 * Returns the budgets of the rate limiter, or nothing if the response has no such header. Read them to slow down before
 * Venice responds with 429.
 *
 * @category reading
 * @since 0.1.0
 */
export const rateLimit: (headers: Headers.Headers, now: number) => RateLimit | undefined = Internal.rateLimit

/**
 * Returns the hint in the headers of a response: how long the server asks to wait. For retry loops without `Decode`.
 *
 * **Details**
 *
 * The first of these that is not zero, or else zero if one of them is:
 *
 * - `retry-after-ms`, which OpenAI-compatible gateways send
 * - `Retry-After`: seconds, fractions of seconds, or an HTTP-date
 * - under status 429, the latest reset time of the exhausted `budgets`. Most responses have reset headers, so they are
 *   a hint only if nothing remains of the budget.
 *
 * A moment in the past is a hint of zero.
 *
 * @category reading
 * @since 0.1.0
 */
export const retryAfter: (
  headers: Headers.Headers,
  status: number,
  budgets: RateLimit | undefined,
  now: number
) => Duration.Duration | undefined = Internal.retryAfter

/**
 * Returns the balance of the account before the request, or nothing if the response has none. Read it to warn before
 * the credit runs out.
 *
 * @category reading
 * @since 0.1.0
 */
export const balance: (headers: Headers.Headers) => Balance | undefined = Internal.balance

/**
 * Returns Venice's notice that the model of the request is deprecated, or nothing. Log it, so that you can replace the
 * model in time.
 *
 * @category reading
 * @since 0.1.0
 */
export const deprecation: (headers: Headers.Headers) => Deprecation | undefined = Internal.deprecation
