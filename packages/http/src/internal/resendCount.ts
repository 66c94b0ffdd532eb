/**
 * The number of the retry that a fiber makes.
 *
 * @internal
 */
import type * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"

/** The number of the retry by a policy of `Retry`, or nothing in a first attempt. */
export const resendCount = (fiber: Fiber.Fiber<unknown, unknown>): number | undefined => {
  const { output } = fiber.getRef(Schedule.CurrentMetadata)
  return Predicate.hasProperty(output, "retry") && typeof output.retry === "number" ? output.retry : undefined
}
