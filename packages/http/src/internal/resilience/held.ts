/**
 * The calls that a part of `resilience` held back: a metric and an event of the span.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { makeSeries } from "../metrics.ts"

/** The parts that hold calls back. */
export type Part = "lockout-guard" | "breaker" | "pacing"

/**
 * The histogram `venice.client.held`, in seconds: how long a part of `resilience` held calls back, to read in a test or
 * on a health page of your own. A call that no part held back is not in it.
 *
 * **Details**
 *
 * Attributes: `venice.part` (`lockout-guard`, `breaker`, `pacing`) and `venice.held` (`waited`: sent after the time;
 * `refused`: failed after the time, unsent).
 *
 * @category metrics
 * @since 0.1.0
 */
export const held: Metric.Histogram<number> = Metric.histogram("venice.client.held", {
  description: "How long calls to Venice were held back, by part and outcome",
  attributes: { unit: "s" },
  boundaries: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
})

const series = makeSeries(held, "venice.part", "venice.held")

/** Records that a part held the call of this fiber back since a time in epoch milliseconds. */
export const recordHeld = (part: Part, outcome: "waited" | "refused", since: number): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const seconds = Math.max(0, clock.currentTimeMillisUnsafe() - since) / 1000
    const { span } = fiber.cache
    if (span?._tag === "Span") {
      const attributes = { "venice.part": part, "venice.held": outcome, "venice.held.duration": seconds }
      span.event("venice.held", clock.currentTimeNanosUnsafe(), attributes)
    }
    return Metric.update(series(part, outcome), seconds)
  })
