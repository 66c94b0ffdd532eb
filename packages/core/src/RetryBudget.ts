/**
 * A budget for retries that calls share.
 *
 * A policy limits the retries of one call. When a server is failing, every caller retries, and together they multiply
 * its load. A shared budget limits their sum: a successful call adds tokens, a retry takes tokens, and when too few are
 * left, policies give up with the reason `budget`. A small allowance per second lets rare calls retry too.
 *
 * **Details**
 *
 * Policies take from the budget if the service is in their context. `VeniceClient` adds tokens for every successful
 * `execute`, `request` and `stream`; wrap other calls in {@link recordSuccess}. The state is in memory.
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
import * as Record from "effect/Record"
import type { Kind } from "./internal/retrying/decider.ts"
import { refuse } from "./internal/retrying/rules.ts"

/**
 * The settings of a budget in tokens; an argument of {@link layer} and {@link make}, which refuse a negative number and
 * `NaN` with a `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** What a successful call adds: the share of retries to calls. 0.2 by default, as in Finagle, tower and Envoy. */
  readonly share?: number | undefined
  /** What each second adds, independent of successes. 10 by default, as in Finagle and tower. */
  readonly allowance?: number | undefined
  /** The most tokens that the budget holds. 100 by default: ten seconds of the allowance. */
  readonly capacity?: number | undefined
  /** The tokens at the start. The capacity by default. */
  readonly initial?: number | undefined
  /** What a retry of each kind takes; 1 by default. */
  readonly costs?: Readonly<Partial<Record<Kind, number>>> | undefined
}

/**
 * The service of a shared budget. Provide it with {@link layer}; implement it yourself to share a budget between
 * processes.
 *
 * @category services
 * @since 0.1.0
 */
export class RetryBudget extends Context.Service<RetryBudget, {
  /** Takes the cost of a retry of the kind, or returns false if too few tokens are left. */
  readonly withdraw: (kind: Kind) => Effect.Effect<boolean>
  /** Adds the share of a successful call. */
  readonly deposit: Effect.Effect<void>
  /** The tokens that are left, for a metric. */
  readonly tokens: Effect.Effect<number>
}>()("@effect-venice/core/RetryBudget") {}

const tokensOf = (name: string, value: number | undefined, fallback: number): number => {
  const tokens = value ?? fallback
  return typeof tokens === "number" && tokens >= 0 ? tokens : refuse(name, "a number of at least 0", value)
}

/**
 * Makes a budget in memory, for a program that provides the service itself, such as one budget for each upstream.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (settings: Settings = {}): Effect.Effect<RetryBudget["Service"]> => {
  const allowance = tokensOf("the allowance", settings.allowance, 10)
  const capacity = tokensOf("the capacity", settings.capacity, 100)
  const share = tokensOf("the share", settings.share, 0.2)
  const initial = tokensOf("the initial tokens", settings.initial, capacity)
  const costs = Record.map(
    (settings.costs ?? {}) as Readonly<Record<string, number | undefined>>,
    (cost, kind) => tokensOf(`the cost of ${kind}`, cost, 1)
  )
  return Effect.map(Clock.currentTimeMillis, (start) => {
    let tokens = Math.min(initial, capacity)
    let filledAt = start
    const fill = (now: number) => {
      tokens = Math.min(capacity, tokens + (allowance * Math.max(0, now - filledAt)) / 1000)
      filledAt = now
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
      deposit: Effect.sync(() => {
        tokens = Math.min(capacity, tokens + share)
      }),
      tokens: Effect.map(Clock.currentTimeMillis, (now) => {
        fill(now)
        return tokens
      })
    })
  })
}

/**
 * Provides a budget in memory. Provide it once, outside of all calls that share the budget.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings?: Settings): Layer.Layer<RetryBudget> => Layer.effect(RetryBudget, make(settings))

/** Whether the budget has counted a success inside of the call that is being recorded. */
const Recording = Context.Reference<{ counted: boolean } | undefined>("@effect-venice/core/RetryBudget/Recording", {
  defaultValue: () => undefined
})

/**
 * Adds tokens to the budget when the call succeeds. Wrap calls in it that you make without `VeniceClient`. Without a
 * budget in the context it does nothing.
 *
 * **Details**
 *
 * A success counts once: around calls that are recorded already, such as those of `VeniceClient`, it adds nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordSuccess = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const budget = Context.getOrUndefined(fiber.context, RetryBudget)
    if (budget === undefined) return self
    const outer = fiber.getRef(Recording)
    const recording = { counted: false }
    return Effect.tap(Effect.provideService(self, Recording, recording), () => {
      if (outer !== undefined) outer.counted = true
      return recording.counted ? Effect.void : budget.deposit
    })
  })
