/**
 * A second request of a slow read, so that one slow answer does not hold a caller up.
 *
 * If a read has no answer after a while, it is sent again, and the first success of the two is the result. The other one is
 * interrupted.
 *
 * **When to use**
 *
 * For reads that cost nothing: the operations of {@link FreeRead}, such as `GET /models` or a quote. The type refuses all
 * others, because Venice may bill both requests.
 *
 * **Details**
 *
 * - The second request takes a token of the `RetryBudget`, if there is one, so that hedges do not overload a slow server.
 *   Without a token the first request goes on alone.
 * - A read that fails before the delay is over is not sent again: that is the part of a policy. If both fail, the failure is
 *   that of the first.
 * - The delay is a duration, or the latency that a share of the reads had so far: {@link percentile}.
 * - The span of the call has an event `venice.hedge`, and `venice.client.hedges` counts second requests by which one won.
 *
 * **Example** (A second request for a read without an answer)
 *
 * ```ts
 * import { Hedge } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * let sent = 0
 * // Stands for `venice.execute("GET /models", { success: Success.Models })`.
 * const read = Effect.suspend(() => ++sent === 1 ? Effect.never : Effect.succeed("models"))
 *
 * await Effect.runPromise(Hedge.hedge("GET /models", { after: "20 millis" })(read)) // => "models"
 * sent // => 2
 * ```
 *
 * @since 0.1.0
 */
import type * as Operation from "@effect-venice/core/Operation"
import { RetryBudget } from "@effect-venice/core/RetryBudget"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { durationOf } from "../internal/duration.ts"
import { makeSeries } from "../internal/metrics.ts"
import { countOf } from "../internal/resilience/settings.ts"

type Free = {
  [Name in Operation.Operation]: (typeof Operation.operations)[Name]["onReplay"] extends "free" ? Name : never
}[Operation.Operation]

/**
 * The operations that may be hedged: those that bill nothing, create nothing and change nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type FreeRead = Extract<Free, `GET ${string}` | `POST ${string}/quote`>

/**
 * When the second request is sent: made by {@link percentile}, or a duration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latency {
  /** The delay for the next read. */
  readonly delay: () => Duration.Duration
  /** Takes how long a read took until one of its requests succeeded. */
  readonly observe: (duration: Duration.Duration) => void
}

/**
 * The settings of {@link percentile}.
 *
 * @category models
 * @since 0.1.0
 */
export interface PercentileSettings {
  /** The share of the reads that are faster than the delay: 0.95 by default. */
  readonly share?: number | undefined
  /** How many of the latest reads count: 100 by default. */
  readonly size?: number | undefined
  /** The delay until a tenth of that is known: one second by default. */
  readonly initial?: Duration.Input | undefined
  /** The shortest delay: 10 milliseconds by default. */
  readonly least?: Duration.Input | undefined
}

/**
 * A delay that follows the latency of the latest reads. Make one for the reads of an operation, outside of them. Refuses
 * settings that make no sense with a `RangeError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const percentile = (settings: PercentileSettings = {}): Latency => {
  const { share = 0.95 } = settings
  if (!(share > 0 && share < 1)) throw new RangeError(`share must be a number between 0 and 1, and is ${share}`)
  const size = countOf("size", settings.size ?? 100, 1)
  const initial = durationOf("initial", settings.initial ?? "1 second")
  const least = durationOf("least", settings.least ?? "10 millis")
  const latest: Array<number> = []
  let next = 0
  return {
    delay: () => {
      if (latest.length < size / 10) return initial
      const sorted = latest.toSorted((a, b) => a - b)
      return Duration.max(least, Duration.millis(sorted[Math.ceil(share * sorted.length) - 1]!))
    },
    observe: (duration) => {
      latest[next] = Duration.toMillis(duration)
      next = (next + 1) % size
    }
  }
}

/**
 * The counter `venice.client.hedges`, of second requests, to read in a test or on a health page.
 *
 * **Details**
 *
 * Attributes: `venice.operation`, and `venice.hedge`: `first` or `second` succeeded before the other, `none` did,
 * `unfunded` without a token, so that no second request was sent.
 *
 * @category metrics
 * @since 0.1.0
 */
export const hedges: Metric.Counter<number> = Metric.counter("venice.client.hedges", {
  description: "Slow reads of Venice, by operation and the request that succeeded",
  incremental: true,
  attributes: { unit: "{call}" }
})

const series = makeSeries(hedges, "venice.operation", "venice.hedge")

type Outcome = "first" | "second" | "none" | "unfunded"

const record = (operation: string, outcome: Outcome): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const { span } = fiber.cache
    if (span?._tag === "Span") {
      const attributes = { "venice.operation": operation, "venice.hedge": outcome }
      span.event("venice.hedge", fiber.getRef(Clock.Clock).currentTimeNanosUnsafe(), attributes)
    }
    return Metric.update(series(operation, outcome), 1)
  })

const isLatency = (after: Duration.Input | Latency): after is Latency => typeof after === "object" && "observe" in after

/**
 * Sends a read again if it has no answer after a while. The operation names the read, and must be free. Put it inside of
 * `Effect.retry`, around the read and its timeout.
 *
 * @category combinators
 * @since 0.1.0
 */
export const hedge = <Name extends FreeRead>(
  operation: Name,
  options: { readonly after: Duration.Input | Latency }
): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> => {
  const { after } = options
  const latency: Latency = isLatency(after) ? after : fixed(durationOf("after", after))
  return (self) =>
    Effect.clockWith((clock) => {
      const begin = clock.currentTimeMillisUnsafe()
      return Effect.tap(hedged(operation, self, latency.delay()), () =>
        Effect.sync(() => latency.observe(Duration.millis(clock.currentTimeMillisUnsafe() - begin))))
    })
}

const fixed = (delay: Duration.Duration): Latency => ({ delay: () => delay, observe: () => {} })

/** Forks a read, and interrupts it when the use of it ends. */
const during = <A, E, R, B, E2, R2>(
  read: Effect.Effect<A, E, R>,
  use: (fiber: Fiber.Fiber<A, E>) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2, R | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkChild(restore(read), { startImmediately: true }),
      (fiber) => Effect.onExit(restore(use(fiber)), () => Fiber.interrupt(fiber))
    )
  )

const hedged = <A, E, R>(operation: string, read: Effect.Effect<A, E, R>, delay: Duration.Duration) =>
  during(
    read,
    Effect.fnUntraced(function*(first) {
      const early = yield* Effect.raceFirst(Fiber.await(first), Effect.as(Effect.sleep(delay), undefined))
      if (early !== undefined) return yield* early
      const budget = Context.getOrUndefined(yield* Effect.context<never>(), RetryBudget)
      if (budget !== undefined && !(yield* budget.withdraw("Transport"))) {
        yield* record(operation, "unfunded")
        return yield* Fiber.join(first)
      }
      return yield* during(read, (second) => firstSuccess(operation, first, second))
    })
  )

const firstSuccess = Effect.fnUntraced(function*<A, E>(
  operation: string,
  first: Fiber.Fiber<A, E>,
  second: Fiber.Fiber<A, E>
) {
  const exits = { first: Fiber.await(first), second: Fiber.await(second) }
  const soonest = yield* Effect.raceFirst(
    Effect.as(exits.first, "first" as const),
    Effect.as(exits.second, "second" as const)
  )
  const latest = soonest === "first" ? "second" : "first"
  for (const name of [soonest, latest] as const) {
    const exit = yield* exits[name]
    if (Exit.isFailure(exit)) continue
    yield* record(operation, name)
    return exit.value
  }
  yield* record(operation, "none")
  return yield* Fiber.join(first)
})
