/**
 * Venice's budget of failed requests: how many it allows, and which failures it counts.
 *
 * Venice counts the failed requests of an API key, a model and a `user` together. When the budget of 30 seconds is used
 * up, it refuses every request of the three for 30 seconds. The budget that is left is in `response.rateLimit.failures`
 * of an error, and in the headers of most successes.
 *
 * **When to use**
 *
 * In a guard of your own. `LockoutGuard` of `@effect-venice/http/resilience` is one.
 *
 * **Gotchas**
 *
 * Venice has 200 instead of 50 for unsupported features of a model, which no response tells apart. So {@link isCounted}
 * and {@link limit} treat them as all others.
 *
 * **Example** (Counting a failure)
 *
 * ```ts
 * import { Errors, FailureBudget } from "@effect-venice/core"
 *
 * FailureBudget.isCounted(new Errors.ModelNotFound()) // => true
 * FailureBudget.isCounted(new Errors.ModelOverloaded()) // => false
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Internal from "./internal/decoding/failureBudget.ts"
import type { VeniceError } from "./VeniceError.ts"

/**
 * How many counted failures Venice allows in {@link window} for a key, a model and a `user`, for a guard of your own.
 *
 * @category constants
 * @since 0.1.0
 */
export const limit = 50

/**
 * The time in which Venice counts failures, which is also how long it refuses requests afterwards; for a guard of your
 * own.
 *
 * @category constants
 * @since 0.1.0
 */
export const window: Duration.Duration = Duration.seconds(30)

/**
 * Whether Venice counts the failure against the key: every 4xx but 429, and but the 402 for missing credentials, the 400
 * for a wrong content type or for invalid JSON, and the 413 of the body parser. A 5xx never counts. Call it for every
 * failure in a guard of your own.
 *
 * @category reading
 * @since 0.1.0
 */
export const isCounted = (error: VeniceError): boolean =>
  Internal.isCounted(
    // The code of an error that its operation does not document is a field.
    error._tag === "UNRECOGNIZED_RESPONSE" ? error.code ?? error._tag : error._tag,
    error.response.status,
    error.message,
    error._tag === "PAYMENT_REQUIRED" ? error.reason : undefined
  )

/**
 * Whether the error says that Venice refuses every request of the key: it has used up its budget of failures. Close a
 * guard of your own for as long as `response.retryAfter` says.
 *
 * @category reading
 * @since 0.1.0
 */
export const isLockout = (error: VeniceError): boolean =>
  error._tag === "RATE_LIMIT_EXCEEDED" && error.limit === "failures"
