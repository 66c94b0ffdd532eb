/**
 * The balance of the account, as the headers of responses tell it: a gauge, and an event when it falls below a threshold.
 *
 * **When to use**
 *
 * Set `balance` in the settings of `Resilience.layer`, or put {@link watch} around the calls of `VeniceClient`. Read
 * {@link Balance} for the events.
 *
 * **Details**
 *
 * - Successes and errors of Venice both tell the balance, before the request. It is recorded in the gauge {@link balance}.
 * - The event comes once. It comes again after the balance was above the threshold by a tenth, so that a balance that
 *   moves around the threshold is one event. It is logged as a warning, too.
 * - A balance that is absent beside the other one is zero, if it was named before: Venice leaves out zero.
 *
 * **Gotchas**
 *
 * - A low balance is no proof of an empty account: Venice's headers exclude bundled and earned credits, which are spent
 *   between DIEM and USD. Warn with it, and do not refuse calls.
 * - If both balances are zero, no header tells. The error `INSUFFICIENT_BALANCE` does.
 * - Use one for each account.
 *
 * **Example** (Warning once)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Balance } from "@effect-venice/http/resilience"
 * import { BigDecimal, Effect, Stream } from "effect"
 *
 * // Stands for a call of `VeniceClient`.
 * const call = (usd: string) =>
 *   Effect.ignore(Effect.fail(
 *     new Errors.ModelOffline({ response: { status: 503, balance: { usd: BigDecimal.fromStringUnsafe(usd) } } })
 *   ).pipe(Balance.watch))
 *
 * const program = Effect.gen(function*() {
 *   const { low } = yield* Balance.Balance
 *   for (const usd of ["6.00", "4.90", "5.10", "4.80"]) yield* call(usd)
 *   return yield* Stream.runCollect(Stream.take(low, 1))
 * }).pipe(Effect.provide(Balance.layer({ usd: 5 })))
 *
 * await Effect.runPromise(program) // => [{ unit: "USD", balance: 4.9, threshold: 5 }]
 * ```
 *
 * @since 0.1.0
 */
import type * as ResponseContext from "@effect-venice/core/ResponseContext"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { makeSeries } from "../internal/metrics.ts"
import { makeCollected } from "../internal/resilience/collected.ts"
import { Collector, type Metadata } from "../internal/responseMetadata.ts"

/**
 * The units of a balance.
 *
 * @category models
 * @since 0.1.0
 */
export type Unit = "USD" | "DIEM"

/**
 * A balance that fell below its threshold: an event of {@link Balance}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Low {
  readonly unit: Unit
  readonly balance: number
  readonly threshold: number
}

/**
 * The settings of {@link layer}: the thresholds of the event. Without one the balance is only recorded in the gauge.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** In US dollars. */
  readonly usd?: number | undefined
  /** In DIEM. */
  readonly diem?: number | undefined
}

/**
 * The gauge `venice.client.balance`: the balance before the latest request. Its attribute `venice.balance.unit` is `USD`
 * or `DIEM`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const balance: Metric.Gauge<number> = Metric.gauge("venice.client.balance", {
  description: "The balance of the account by unit, without bundled and earned credits",
  // Without a unit, OTLP says `1`, and Prometheus then takes the balance for a ratio.
  attributes: { unit: "{credit}" }
})

const series = makeSeries(balance, "venice.balance.unit")

/**
 * The service of the balance. Provide it with {@link layer}.
 *
 * @category services
 * @since 0.1.0
 */
export class Balance extends Context.Service<Balance, {
  /** Records what a response says, for a client of your own: `ResponseHeaders.balance`, or `error.response.balance`. */
  readonly record: (balance: ResponseContext.Balance | undefined) => Effect.Effect<void>
  /** The latest 16 events, and those that follow. */
  readonly low: Stream.Stream<Low>
}>()("@effect-venice/http/resilience/Balance") {}

const thresholdOf = (name: string, value: number | undefined): number => {
  if (value === undefined) return -Infinity
  if (Number.isFinite(value) && value >= 0) return value
  throw new RangeError(`${name} must be a number of at least 0`)
}

const kept = 16

/** How far above its threshold a balance must rise until it can fall below it again. */
const margin = 0.1

/** The balance of one unit. */
class Watched {
  readonly unit: Unit
  readonly threshold: number
  private isKnown = false
  private isLow = false

  constructor(unit: Unit, threshold: number) {
    this.unit = unit
    this.threshold = threshold
  }

  record(said: BigDecimal.BigDecimal | undefined): { readonly balance: number; readonly low?: Low } | undefined {
    if (said === undefined && !this.isKnown) return undefined
    this.isKnown = true
    const { threshold, unit } = this
    const balance = said === undefined ? 0 : BigDecimal.toNumberUnsafe(said)
    if (balance >= threshold * (1 + margin)) this.isLow = false
    if (this.isLow || balance >= threshold) return { balance }
    this.isLow = true
    return { balance, low: { unit, balance, threshold } }
  }
}

const make = Effect.fnUntraced(function*(usd: number, diem: number) {
  const events = yield* Effect.acquireRelease(
    PubSub.sliding<Low>({ capacity: kept, replay: kept }),
    PubSub.shutdown
  )
  const units = { usd: new Watched("USD", usd), diem: new Watched("DIEM", diem) }

  const record = Effect.fnUntraced(function*(watched: Watched, said: BigDecimal.BigDecimal | undefined) {
    const recorded = watched.record(said)
    if (recorded === undefined) return
    yield* Metric.update(series(watched.unit), recorded.balance)
    const { low } = recorded
    if (low === undefined) return
    yield* PubSub.publish(events, low)
    yield* Effect.logWarning(`The balance is below ${low.threshold} ${low.unit}`).pipe(
      Effect.annotateLogs({ balance: low.balance, unit: low.unit })
    )
  })

  return Balance.of({
    record: (said) =>
      said === undefined
        ? Effect.void
        : Effect.andThen(record(units.usd, said.usd), record(units.diem, said.diem)),
    low: Stream.fromPubSub(events)
  })
})

/**
 * Provides the balance of an account. Refuses a threshold that is no number of at least 0 with a `RangeError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings: Settings = {}): Layer.Layer<Balance> => {
  const usd = thresholdOf("usd", settings.usd)
  const diem = thresholdOf("diem", settings.diem)
  return Layer.effect(Balance, make(usd, diem))
}

/**
 * What the exit of a call says of the balance, with the metadata of its success.
 *
 * @category reading
 * @since 0.1.0
 */
export const ofExit = (exit: Exit.Exit<unknown, unknown>, metadata: Metadata): ResponseContext.Balance | undefined => {
  if (Exit.isSuccess(exit)) return metadata.balance
  const failure = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return isVeniceError(failure) ? failure.response.balance : undefined
}

/**
 * Records the balance that the responses of a call of `VeniceClient` tell. Put it inside of `Effect.retry`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const watch = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Balance> =>
  Effect.flatMap(Balance, ({ record }) =>
    Effect.withFiber((fiber) => {
      const collected = makeCollected(fiber, true)
      return Effect.onExit(
        Effect.provideService(self, Collector, collected),
        (exit) => record(ofExit(exit, collected.latest))
      )
    }))
