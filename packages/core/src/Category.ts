/**
 * What a caller can do about a failure.
 *
 * A category is a remedy, not a status: Venice answers 429 both for "slow down" and for "this model is busy", and those
 * want different waits. Every error of the algebra has exactly one category, and retry policies are keyed on it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The remedy for each category, in the words of an instruction to the caller.
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
 * The name of a category.
 *
 * @category models
 * @since 0.1.0
 */
export type Category = keyof typeof remedies

/**
 * A category whose failures may succeed when the same request is sent again.
 *
 * @category models
 * @since 0.1.0
 */
export type Retryable = "RateLimit" | "Capacity" | "Server" | "Upstream" | "Timeout"

/**
 * All thirteen categories, in the order of the documentation.
 *
 * @category constants
 * @since 0.1.0
 */
export const all = Object.keys(remedies) as ReadonlyArray<Category> as readonly [Category, ...Array<Category>]

/**
 * The schema of a category's name.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Category: Schema.Literals<typeof all> = Schema.Literals(all)

/**
 * The categories whose failures may succeed when the same request is sent again.
 *
 * @category constants
 * @since 0.1.0
 */
export const retryable: ReadonlyArray<Retryable> = ["RateLimit", "Capacity", "Server", "Upstream", "Timeout"]

/**
 * Whether failures of this category may succeed when the same request is sent again.
 *
 * **Gotchas**
 *
 * This speaks of the failure alone. Whether *your* call may be repeated also depends on what a repeat costs.
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
 * The category an HTTP status implies when nothing better identifies the failure.
 *
 * **Details**
 *
 * A status outside 400 to 599 is no documented failure. 600 and above is read as a server error, as RFC 9110 section 15
 * asks of clients; below 400 the answer is not Venice's (a redirect, a login page), so the request went astray.
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
    case 402:
      return "Billing"
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
