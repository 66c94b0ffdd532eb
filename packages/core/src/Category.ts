/**
 * The categories of errors: what the caller can do about an error.
 *
 * A category is a remedy, not a status: Venice responds with 429 both for "slow down" and for "this model is busy", and
 * the two need different delays. Every `VeniceError` has exactly one category, and retry policies decide by category.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The remedy for each category, as an instruction to the caller. Use it in log lines and messages.
 *
 * @category constants
 * @since 0.1.0
 */
export const remedies = {
  Authentication: "fix the credentials",
  Permission: "change the plan, the key's settings or the model",
  Billing: "add credit or raise the key's limit",
  InvalidRequest: "fix the request",
  InvalidMedia: "fix the file",
  ContextLength: "shorten the input, or use a model with a larger context",
  NotFound: "name something that exists",
  ContentPolicy: "change the prompt or the model",
  RateLimit: "slow down",
  Capacity: "wait, or use another model",
  Server: "try again",
  Upstream: "try again",
  Timeout: "stream, or ask for less"
} as const

/**
 * The name of a category: the type of `category` on every error.
 *
 * @category models
 * @since 0.1.0
 */
export type Category = keyof typeof remedies

/**
 * A category in which the same request may succeed when it is sent again. Retry policies have a delay rule for each.
 *
 * @category models
 * @since 0.1.0
 */
export type Retryable = "RateLimit" | "Capacity" | "Server" | "Upstream" | "Timeout"

/**
 * All thirteen categories, in the order of the documentation. Use it to build a table or a metric per category.
 *
 * @category constants
 * @since 0.1.0
 */
export const all = Object.keys(remedies) as ReadonlyArray<Category> as readonly [Category, ...Array<Category>]

/**
 * The schema of a category's name. Use it to read a category from configuration or JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Category: Schema.Literals<typeof all> = Schema.Literals(all)

/**
 * The categories of {@link Retryable} as a list. Use it to configure the same rule for all of them.
 *
 * @category constants
 * @since 0.1.0
 */
export const retryable: ReadonlyArray<Retryable> = ["RateLimit", "Capacity", "Server", "Upstream", "Timeout"]

/**
 * Returns whether the same request may succeed when it is sent again. For retry loops of your own; the policies of
 * `Retry` check it themselves.
 *
 * **Gotchas**
 *
 * The category does not tell whether a repeat is charged twice. `Retry.isRepeatable` checks both.
 *
 * **Example** (Asking about two categories)
 *
 * ```ts
 * import { Category } from "@effect-venice/core"
 *
 * Category.isRetryable("Capacity") // => true
 * Category.isRetryable("Billing") // => false
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const isRetryable = (category: Category): category is Retryable =>
  (retryable as ReadonlyArray<Category>).includes(category)

/**
 * Returns the category that an HTTP status implies when nothing better identifies the error.
 *
 * **When to use**
 *
 * For a failing response that you do not decode. `UnrecognizedResponse` has its category from here.
 *
 * **Details**
 *
 * Venice documents only statuses from 400 to 599. A status of 600 or more counts as a server error, as RFC 9110 section
 * 15 asks of clients. Below 400, something other than Venice responded (a redirect, a login page): the request is
 * wrong.
 *
 * **Example** (Reading a status)
 *
 * ```ts
 * import { Category } from "@effect-venice/core"
 *
 * Category.fromStatus(503) // => "Capacity"
 * Category.fromStatus(418) // => "InvalidRequest"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromStatus = (status: number): Category => {
  switch (status) {
    case 401:
    case 407:
      return "Authentication"
    case 402:
      return "Billing"
    case 403:
    case 451:
      return "Permission"
    case 404:
    case 410:
      return "NotFound"
    case 408:
    case 425:
    case 504:
    case 524:
      return "Timeout"
    case 429:
      return "RateLimit"
    case 502:
      return "Upstream"
    case 503:
    case 529:
      return "Capacity"
    default:
      return status >= 500 ? "Server" : "InvalidRequest"
  }
}
