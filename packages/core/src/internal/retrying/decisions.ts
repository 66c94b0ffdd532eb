/**
 * The decisions of a policy as values, for a call whose waits are made by something else than a `Schedule`.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schema from "effect/Schema"
import * as Attempts from "../../Attempts.ts"
import * as Category from "../../Category.ts"
import { Delay } from "../delay.ts"
import * as Decider from "./decider.ts"
import { attemptOf } from "./failure.ts"
import { refuse } from "./rules.ts"
import { history, Run } from "./run.ts"
import { begin } from "./simulation.ts"

interface HasNode {
  readonly [Decider.NodeId]: Decider.Node
}

/**
 * The schema of a {@link Decision}: store it where the process may end during the delay.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Decision = Schema.Union([
  Schema.Struct({
    _tag: Schema.tag("Retry"),
    kind: Schema.Literals([...Category.retryable, "Transport"]),
    /** The number of the retry, over all kinds, from 1. */
    retry: Schema.Finite,
    /** When the attempt failed, in epoch milliseconds. The next one begins after the delay from then. */
    at: Schema.Finite,
    /** The failed attempt. */
    attempt: Attempts.Attempt,
    delay: Delay
  }),
  Schema.Struct({
    _tag: Schema.tag("GiveUp"),
    reason: Attempts.Reason,
    /** The history of the call, as far as a policy kept one. */
    attempts: Schema.optionalKey(Attempts.Attempts)
  })
])

/**
 * What a policy decides after a failed attempt: to retry after a delay, or to give up for a reason.
 *
 * @category models
 * @since 0.1.0
 */
export type Decision = typeof Decision.Type

/**
 * The decisions about one call, made by {@link decisions}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Decisions {
  /** Decides about the failure of the latest attempt, and counts the retry. */
  readonly decide: (failure: unknown) => Effect.Effect<Decision>
  /**
   * Counts a decision that was made before, maybe in another process, and gives the failure its history: a policy around
   * the call gives up as well. It draws nothing, and takes nothing from a shared budget.
   */
  readonly restore: (decision: Decision, failure: unknown) => Effect.Effect<void>
}

/**
 * Begins a call whose delays your own code waits for, and whose decisions it may store.
 *
 * **When to use**
 *
 * For a queue or a workflow, where the process may end between two attempts. In all other cases pass the policy to
 * `Effect.retry`.
 *
 * **Details**
 *
 * The decisions are those of `Effect.retry`: with the jitter, the deadline, the shared budget, and the rules of
 * `Operation.mayRepeat` for the call that is in the context. Begin them before the first attempt.
 *
 * **Example** (Going on in another process)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Effect } from "effect"
 *
 * const failure = new Errors.ModelOffline()
 * const policy = Retry.limit(Retry.standard, { attempts: 2 })
 *
 * const program = Effect.gen(function*() {
 *   const first = yield* Retry.decisions(policy)
 *   const stored = yield* first.decide(failure)
 *
 *   const second = yield* Retry.decisions(policy)
 *   yield* second.restore(stored, failure)
 *   return [stored._tag, yield* second.decide(failure)] as const
 * })
 *
 * const [stored, last] = await Effect.runPromise(program)
 * stored // => "Retry"
 * last._tag === "GiveUp" && last.reason // => "attempts"
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const decisions = (policy: HasNode): Effect.Effect<Decisions> =>
  Effect.sync(() => {
    const run = new Run(policy[Decider.NodeId])
    return {
      decide: (failure) =>
        Effect.withFiber((fiber) => {
          const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
          const attempt = attemptOf(failure)
          return Pull.matchEffect(run.step(now, failure, fiber), {
            onSuccess: ([{ delay, kind, retry }]) =>
              Effect.succeed<Decision>({ _tag: "Retry", kind, retry, at: now, attempt, delay }),
            onFailure: Effect.failCause,
            onDone: () => {
              const attempts = history(failure)
              const reason = attempts?.reason ?? "final"
              return Effect.succeed<Decision>({ _tag: "GiveUp", reason, ...(attempts !== undefined && { attempts }) })
            }
          })
        }),
      restore: (decision, failure) =>
        Effect.sync(() => {
          if (decision._tag === "Retry") return run.recount(decision)
          if (decision.attempts !== undefined) run.endWith(failure, decision.attempts)
        })
    }
  })

/**
 * Decides about one failure of which only the number of the attempt is known: the delay before the next attempt, or the
 * reason to give up.
 *
 * **When to use**
 *
 * Where an engine keeps the count of the attempts and waits for itself, such as a workflow engine or the consumer of a
 * queue.
 *
 * **Details**
 *
 * It decides as if all attempts before had failed in the same way. `attempt` is the number of the failed one, from 1;
 * `elapsed` the time since the first failure, 0 by default; `random` the position of the delay in its interval, from 0 to
 * 1. It respects replay safety as {@link begin} does, and has no deadline and no shared budget. An attempt that makes no
 * sense is refused with a `RangeError`.
 *
 * **Example** (Deciding for an engine)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 *
 * const failure = new Errors.ModelOffline()
 *
 * String(Retry.decide(Retry.standard, failure, { attempt: 2, random: 0 })) // => "2000 millis"
 * Retry.decide(Retry.standard, failure, { attempt: 5, random: 0 }) // => "attempts"
 * Retry.decide(Retry.standard, new Errors.InvalidRequest(), { attempt: 1, random: 0 }) // => "final"
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const decide = (
  policy: HasNode,
  failure: unknown,
  options: {
    readonly attempt: number
    readonly random: number
    readonly elapsed?: Duration.Input | undefined
    readonly allowReplay?: boolean | undefined
  }
): Duration.Duration | Attempts.Reason => {
  const { attempt, elapsed = Duration.zero, random } = options
  if (!(Number.isInteger(attempt) && attempt >= 1)) refuse("the attempt", "a whole number of at least 1", attempt)
  const call = begin(policy, options)
  for (let before = 1; before < attempt; before++) {
    const decision = call.next(failure, { at: Duration.zero, random })
    if (typeof decision === "string") return decision
  }
  return call.next(failure, { at: Duration.fromInputUnsafe(elapsed), random })
}
