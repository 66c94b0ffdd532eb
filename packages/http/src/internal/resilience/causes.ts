/**
 * The failures for which a fallback may send another request: which ones a cause names, and whether a second request is
 * safe.
 *
 * @internal
 */
import * as Category from "@effect-venice/core/Category"
import * as Classification from "@effect-venice/core/Classification"
import * as Operation from "@effect-venice/core/Operation"
import * as Retry from "@effect-venice/core/Retry"
import { type CategoryOf, isVeniceError } from "@effect-venice/core/VeniceError"
import type * as Cause from "effect/Cause"
import type * as Fiber from "effect/Fiber"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"

/** The category in the type of a failure: of an error of Venice, or of one with a classification. */
type CategoryIn<E> = E extends Classification.Classified ? E[typeof Classification.key]["category"] : CategoryOf<E>

type TagIn<E> = E extends { readonly _tag: infer Tag extends string } ? Tag : never

/**
 * What a route can be for: a category or a tag in the failure channel.
 *
 * @category models
 * @since 0.1.0
 */
export type CauseIn<E> = CategoryIn<E> | TagIn<E>

/**
 * The failures of a channel that causes name.
 *
 * @category models
 * @since 0.1.0
 */
export type Matching<E, C> = E extends unknown
  ? C extends unknown ? C extends CategoryIn<E> | TagIn<E> ? E : never : never
  : never

/** The categories in which a first request may have been executed, so that a second one is not always sent. */
type Uncertain = "Server" | "Upstream" | "Timeout" | "Transport"

type Always<E, C> = E extends HttpClientError | Cause.TimeoutError ? never
  // The category of an `UnrecognizedResponse` is known at run time only, and may be one of them.
  : Extract<CategoryIn<E>, Uncertain> extends never ? AlwaysNamed<E, C>
  : never

type AlwaysNamed<E, C> = [TagIn<E>] extends [C] ? E
  : [CategoryIn<E>] extends [never] ? never
  : [CategoryIn<E>] extends [C] ? E
  : never

/**
 * A channel without the failures for which a route is taken in any case.
 *
 * @category models
 * @since 0.1.0
 */
export type Remaining<E, C> = E extends Always<E, C> ? never : E

type CategoryOfFailure = Classification.Classification["category"] | undefined

const categoryOf = (failure: unknown): CategoryOfFailure =>
  isVeniceError(failure) ? failure.category : Classification.of(failure)?.category

/** Whether a failure is what one of the causes names. */
export const isNamed = (failure: unknown, causes: ReadonlyArray<string>): boolean => {
  const category = categoryOf(failure)
  const tag = Predicate.hasProperty(failure, "_tag") ? failure._tag : undefined
  return causes.some((cause) => cause === category || cause === tag)
}

const isUncertain = (category: CategoryOfFailure): boolean =>
  category === "Transport"
  || (category !== undefined && Category.isRetryable(category) && category !== "Capacity" && category !== "RateLimit")

/** Whether another request is safe: nobody is charged twice, and nobody reads the beginning of two responses. */
export const allowsAnother = (failure: unknown, fiber: Fiber.Fiber<unknown, unknown>): boolean => {
  if (isVeniceError(failure) && (failure.response.delivered ?? 0) > 0) return false
  if (fiber.getRef(Operation.ReplayAllowed)) return true
  const outcome = Retry.outcomeOf(failure)
  const isLost = isVeniceError(failure)
    ? failure._tag === "UNRECOGNIZED_RESPONSE" && outcome === "lost"
    : Classification.of(failure)?.outcome === "lost"
  // At capacity, or over a limit: Venice did not execute the request.
  if (!isLost && !isUncertain(categoryOf(failure)) && !isTransport(failure)) return true
  return outcome !== undefined
    && Operation.mayRepeat(Retry.operationOf(failure) ?? fiber.getRef(Operation.Current), outcome)
}

const isTransport = (failure: unknown): boolean => Retry.kindOf(failure) === "Transport"
