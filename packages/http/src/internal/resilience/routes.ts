/**
 * The routes that calls took after a failure: on the result, in the span, in a metric, and beside the last failure.
 *
 * @internal
 */
import type { Attempts } from "@effect-venice/core/Attempts"
import * as Retry from "@effect-venice/core/Retry"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Predicate from "effect/Predicate"
import { makeBounded, makeSeries } from "../metrics.ts"
import * as Conventions from "../openTelemetry.ts"

/**
 * A route that a call took, and the failure for which it was taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface Taken {
  /** The name of the route. */
  readonly route: string
  /** Venice's code, or the tag of another failure. */
  readonly code: string
  /** The attempts before, if a policy retried them. */
  readonly attempts?: Attempts | undefined
}

/**
 * The counter `venice.client.fallbacks`, of the routes that calls took, to read in a test or on a health page.
 *
 * **Details**
 *
 * Attributes: `venice.route`, and `error.type`, the failure for which it was taken.
 *
 * @category metrics
 * @since 0.1.0
 */
export const fallbacks: Metric.Counter<number> = Metric.counter("venice.client.fallbacks", {
  description: "Calls to Venice that took another route, by route and failure",
  incremental: true,
  attributes: { unit: "{call}" }
})

const series = makeSeries(fallbacks, "venice.route", "error.type")
const boundedRoute = makeBounded()

/** Receives the routes of a call. Provided by `Fallback.collect`. */
export const Collector = Context.Reference<Array<Taken> | undefined>("@effect-venice/http/Fallback/Collector", {
  defaultValue: () => undefined
})

const histories = new WeakMap<object, ReadonlyArray<Taken>>()

/** The routes that were taken before a failure, the first one first. */
export const historyOf = (failure: unknown): ReadonlyArray<Taken> =>
  (Predicate.isObjectKeyword(failure) ? histories.get(failure) : undefined) ?? []

/** Records that the call of this fiber takes a route. */
export const record = (
  route: string,
  failure: unknown,
  fiber: Fiber.Fiber<unknown, unknown>
): { readonly taken: Taken; readonly recorded: Effect.Effect<void> } => {
  const code = Conventions.errorType(failure)
  const taken: Taken = { route, code, attempts: Retry.history(failure) }
  fiber.getRef(Collector)?.push(taken)
  const { span } = fiber.cache
  if (span?._tag === "Span") {
    const attributes = { "venice.route": route, "error.type": code }
    span.event("venice.fallback", fiber.getRef(Clock.Clock).currentTimeNanosUnsafe(), attributes)
    span.attribute("venice.route", route)
  }
  return { taken, recorded: Metric.update(series(boundedRoute(route), code), 1) }
}

/** Keeps the routes beside the failure of the last one. */
export const keep = (failure: unknown, before: unknown, taken: Taken): void => {
  if (!Predicate.isObjectKeyword(failure)) return
  const within = failure === before ? [] : historyOf(failure)
  histories.set(failure, [...historyOf(before), taken, ...within])
}
