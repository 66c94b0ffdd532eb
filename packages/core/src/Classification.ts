/**
 * The protocol by which errors that are not Venice's take part in retry policies, fallbacks and telemetry.
 *
 * An error of your own, or of another provider, says its category and, if it knows them, the hint of the server and how
 * the request ended. Policies then treat it like an error of Venice: the category selects the rule, a hint is a lower
 * bound, and a request that may be executed twice is not retried.
 *
 * **Example** (Retrying an error of another provider)
 *
 * ```ts
 * import { Classification, Retry } from "@effect-venice/core"
 * import { Data, Duration } from "effect"
 *
 * class Overloaded extends Data.TaggedError("Overloaded")<{ readonly seconds: number }>
 *   implements Classification.Classified
 * {
 *   get [Classification.key]() {
 *     return { category: "Capacity", hint: Duration.seconds(this.seconds) } as const
 *   }
 * }
 *
 * const { outcome, retries } = Retry.simulate(Retry.standard, [new Overloaded({ seconds: 7 })])
 *
 * outcome // => "succeeded"
 * String(retries[0]?.floor) // => "7000 millis"
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Category from "./Category.ts"
import { attempt, property } from "./internal/redaction/foreignError.ts"
import type { Outcome } from "./Operation.ts"

/**
 * The property under which an error has its classification.
 *
 * @category symbols
 * @since 0.1.0
 */
export const key = "~@effect-venice/core/Classification"

/**
 * What policies need to know of an error.
 *
 * @category models
 * @since 0.1.0
 */
export interface Classification {
  /**
   * What the caller can do about the error. Policies retry the categories of `Category.retryable`, and `Transport`: a
   * request without a response.
   */
  readonly category: Category.Category | "Transport"
  /** How long the server asks to wait. `Duration.infinity` means that a retry never helps: policies give up. */
  readonly hint?: Duration.Duration | undefined
  /**
   * How the request ended for the server. `refused` by default for `RateLimit` and `Capacity`, `lost` for `Timeout` and
   * `Transport`, and `failed` for the rest.
   */
  readonly outcome?: Outcome | undefined
  /**
   * The operation, such as `POST /chat/completions`, if what a second request costs is that of an operation of Venice.
   * Without it, policies retry what was refused or failed, and not what was lost.
   */
  readonly operation?: string | undefined
}

/**
 * An error with a classification. Implement it in the class of your error: an error without a category does not compile.
 *
 * @category models
 * @since 0.1.0
 */
export interface Classified {
  readonly [key]: Classification
}

const isCategory = (value: unknown): value is Classification["category"] =>
  value === "Transport" || Category.all.some((category) => category === value)

const outcomes: Readonly<Partial<Record<Classification["category"], Outcome>>> = {
  RateLimit: "refused",
  Capacity: "refused",
  Timeout: "lost",
  Transport: "lost"
}

const isHint = (value: unknown): value is Duration.Duration =>
  attempt(() => Duration.isDuration(value) && !Duration.isNegative(value), false)

const isOutcome = (value: unknown): value is Outcome => value === "refused" || value === "failed" || value === "lost"

/**
 * The classification of an error with its defaults filled in, or nothing if the error has none. Use it to treat foreign
 * errors by category in code of your own. Total, also for errors whose getters throw.
 *
 * @category reading
 * @since 0.1.0
 */
export const of = (error: unknown): Classification & { readonly outcome: Outcome } | undefined => {
  const classification = property(error, key)
  const category = property(classification, "category")
  if (!isCategory(category)) return undefined
  const hint = property(classification, "hint")
  const outcome = property(classification, "outcome")
  const operation = property(classification, "operation")
  return {
    category,
    hint: isHint(hint) ? hint : undefined,
    outcome: isOutcome(outcome) ? outcome : outcomes[category] ?? "failed",
    operation: typeof operation === "string" ? operation : undefined
  }
}
