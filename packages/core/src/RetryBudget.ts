/**
 * A budget for retries across calls.
 *
 * A policy bounds the retries of one call. When an upstream is dying, every caller retries, and together they multiply
 * the load that is killing it. A budget is shared: successful calls pay in, every retry takes out, and when it is empty
 * policies give up with the reason `budget`. A small allowance per second keeps calls that are rare alive.
 *
 * **Details**
 *
 * A policy takes from the budget whenever the service is in its context, and works without it. `VeniceClient` pays in
 * for every successful `execute`, `request` and `stream`; around other calls put {@link recordSuccess}. The state is in memory.
 *
 * **Example** (Sharing a budget)
 *
 * ```ts
 * import { Errors, Retry, RetryBudget } from "@effect-venice/core"
 * import { Effect } from "effect"
 *
 * const call = Effect.fail(new Errors.UnknownError()).pipe(Effect.retry(Retry.standard), Effect.flip)
 *
 * const program = Effect.map(call, (error) => error.attempts?.reason).pipe(
 *   Effect.provide(RetryBudget.layer({ allowance: 0, initial: 0 }))
 * )
 *
 * await Effect.runPromise(program) // => "budget"
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Kind } from "./internal/retrying/decider.ts"

/**
 * How a budget fills and what a retry costs, in tokens.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** What a successful call pays in: the share of retries to calls. 0.2 by default, as in Finagle, tower and Envoy. */
  readonly share?: number | undefined
  /** What flows in per second, whatever succeeds. 10 by default, as in Finagle and tower. */
  readonly allowance?: number | undefined
  /** The most it holds. 100 by default: ten seconds of the allowance. */
  readonly capacity?: number | undefined
  /** What it holds at first. The capacity by default. */
  readonly initial?: number | undefined
  /** What a retry of each kind takes out; 1 unless given. */
  readonly costs?: Readonly<Partial<Record<Kind, number>>> | undefined
}

/**
 * The service of a shared budget.
 *
 * @category services
 * @since 0.1.0
 */
export class RetryBudget extends Context.Service<RetryBudget, {
  /** Takes out what a retry of the kind costs, and says whether there was enough. */
  readonly withdraw: (kind: Kind) => Effect.Effect<boolean>
  /** Pays in for a successful call. */
  readonly deposit: Effect.Effect<void>
  /** What it holds. */
  readonly tokens: Effect.Effect<number>
}>()("@effect-venice/core/RetryBudget") {}

/**
 * Makes a budget that is kept in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<RetryBudget["Service"]> =>
  Effect.map(Clock.currentTimeMillis, (start) => {
    const { allowance = 10, capacity = 100, costs = {}, share = 0.2 } = options
    let tokens = Math.min(options.initial ?? capacity, capacity)
    let at = start
    const fill = (now: number) => {
      tokens = Math.min(capacity, tokens + (allowance * Math.max(0, now - at)) / 1000)
      at = now
    }
    return RetryBudget.of({
      withdraw: (kind) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          fill(now)
          const cost = costs[kind] ?? 1
          if (tokens < cost) return false
          tokens -= cost
          return true
        }),
      deposit: Effect.map(Clock.currentTimeMillis, (now) => {
        fill(now)
        tokens = Math.min(capacity, tokens + share)
      }),
      tokens: Effect.map(Clock.currentTimeMillis, (now) => {
        fill(now)
        return tokens
      })
    })
  })

/**
 * A budget that is kept in memory, for all calls of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<RetryBudget> => Layer.effect(RetryBudget, make(options))

/**
 * Pays into the budget of the context, if there is one, when the call succeeds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordSuccess = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tap(self, () =>
    Effect.flatMap(
      Effect.serviceOption(RetryBudget),
      Option.match({ onNone: () => Effect.void, onSome: ({ deposit }) => deposit })
    ))
