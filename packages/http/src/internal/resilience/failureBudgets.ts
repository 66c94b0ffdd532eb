/**
 * The tickets of the calls that share a failure budget: who is sent, who waits, and who is refused.
 *
 * @internal
 */
import type { Budget } from "@effect-venice/core/ResponseContext"
import { Deadline } from "@effect-venice/core/Retry"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Redacted from "effect/Redacted"
import { LockoutAhead } from "../../Failure.ts"
import { resendCount } from "../resendCount.ts"
import { FailureLog, type Rules, type Verdict } from "./failureLog.ts"
import { recordHeld } from "./held.ts"
import { knownKeyName, withKeyName } from "./keyName.ts"
import { nowOf, States } from "./states.ts"

/** Settings that were checked, in milliseconds and failures. */
export interface Checked extends Rules {
  readonly spare: number
  readonly spareOfRetries: number
  readonly longestWait: number
}

/**
 * What Venice counts the failures of a call by; an argument of {@link protect}, which {@link callOf} makes from a body.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** The API key. Calls without one share a budget: leave it out if the process has a single key. */
  readonly key?: Redacted.Redacted | undefined
  /** The model in the request body. */
  readonly model?: string | undefined
  /** The `user` in the request body. */
  readonly user?: string | undefined
  /** Whether it is a retry. By default, the retries of a policy of `Retry` are. */
  readonly isRetry?: boolean | undefined
  /** The operation, for the attribute of `Telemetry.failures`. */
  readonly operation?: string | undefined
}

/**
 * What a response says about the failure budget, as {@link answerOf} and {@link answerOfHeaders} return it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  /** Whether Venice counts the response as a failed request. */
  readonly counted: boolean
  /** The failure budget after the response. */
  readonly budget?: Budget | undefined
  /** How long Venice refuses every request of the key, if the response says that it does. */
  readonly lockout?: Duration.Duration | undefined
}

/**
 * The right of one call to be sent, for a client that is no effect from its request to its response. {@link run} uses it
 * for all others.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ticket {
  /** Succeeds when the request may be sent. Run it once. */
  readonly acquire: Effect.Effect<void, LockoutAhead>
  /**
   * Says what the response was; without an answer, that there was none. Run it in any case, also if `acquire` failed or
   * was interrupted. Only the first time counts.
   */
  readonly settle: (answer?: Answer) => Effect.Effect<void>
}

export const lockoutAhead = (now: number, until: number, model: string | undefined): LockoutAhead => {
  const at = DateTime.makeUnsafe(Math.ceil(until))
  return new LockoutAhead({
    message: `Not sent, because Venice could lock the key out after more failures: the next request may be sent at ${
      DateTime.formatIso(at)
    }`,
    until: at,
    retryAfter: Duration.millis(Math.max(0, Math.ceil(until) - now)),
    ...(model !== undefined && { model })
  })
}

/** A call that waits until one in flight has ended. */
interface Waiting {
  readonly spare: number
  readonly model: string | undefined
  readonly sent: Deferred.Deferred<void, LockoutAhead>
  isSent: boolean
}

/** The calls of one key, model and user. */
class Shared {
  readonly name: string
  readonly log: FailureLog
  /** The name in Redis, if it was computed. */
  sharedName: string | undefined
  /** The calls in flight that were sent; others wait for the verdict of Redis. */
  sent = 0
  /** The first attempts, and the retries, which must leave more of the budget: each first come, first served. */
  readonly first = new Set<Waiting>()
  readonly retries = new Set<Waiting>()

  constructor(name: string, rules: Rules) {
    this.name = name
    this.log = new FailureLog(rules)
  }

  /** A call waits only while others are in flight, so nobody waits when the log is idle. */
  isIdle(now: number): boolean {
    return this.log.isIdle(now)
  }

  record(now: number, { budget, counted, lockout }: Answer): void {
    const { log } = this
    if (counted) log.count(now)
    if (budget?.remaining !== undefined) {
      log.report(budget.remaining, budget.resetAt && DateTime.toEpochMillis(budget.resetAt), now)
    } else if (counted) log.reduceReported()
    if (lockout !== undefined) log.close(now, now + Duration.toMillis(lockout))
  }

  wake(now: number): void {
    for (const queue of [this.first, this.retries]) {
      for (const waiting of queue) {
        const verdict = this.log.decide(now, waiting.spare)
        if (verdict === "wait") break
        queue.delete(waiting)
        if (verdict === "send") {
          this.log.inFlight++
          waiting.isSent = true
          Deferred.doneUnsafe(waiting.sent, Exit.void)
        } else Deferred.doneUnsafe(waiting.sent, Exit.fail(lockoutAhead(now, verdict, waiting.model)))
      }
    }
  }
}

type AnyFiber = Fiber.Fiber<unknown, unknown>

const part = "lockout-guard"

/** The ticket of a call in the budgets of this process. */
export class LocalTicket implements Ticket {
  readonly budgets: FailureBudgets
  readonly call: Call
  /** The calls among which this one has a place. */
  held: Shared | undefined
  /** The failures that this call leaves unused. */
  spare = 0

  constructor(budgets: FailureBudgets, call: Call) {
    this.budgets = budgets
    this.call = call
  }

  /** Takes a place, if that needs no waiting. */
  tryEnter(fiber: AnyFiber): boolean {
    const { budgets, call } = this
    const name = knownKeyName(call.key)
    if (name === undefined) return false
    const now = nowOf(fiber)
    const shared = budgets.get(name, call, now)
    return this.queueOf(shared, fiber).size === 0 && this.take(shared, now) === "send"
  }

  /** The queue of its kind, which it must not overtake. */
  private queueOf(shared: Shared, fiber: AnyFiber): Set<Waiting> {
    const { budgets: { settings }, call } = this
    const isRetry = call.isRetry ?? resendCount(fiber) !== undefined
    this.spare = isRetry ? settings.spareOfRetries : settings.spare
    return isRetry ? shared.retries : shared.first
  }

  private take(shared: Shared, now: number): Verdict {
    const verdict = shared.log.decide(now, this.spare)
    if (verdict === "send") {
      shared.log.inFlight++
      this.held = shared
    }
    return verdict
  }

  get acquire(): Effect.Effect<void, LockoutAhead> {
    return withKeyName(
      this.call.key,
      (name, fiber) => this.held === undefined ? this.enter(name, fiber) : Effect.void
    )
  }

  settle(answer?: Answer): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const shared = this.held
      if (shared === undefined) return Effect.void
      this.held = undefined
      const now = nowOf(fiber)
      shared.log.inFlight--
      if (answer !== undefined) shared.record(now, answer)
      shared.wake(now)
      return Effect.void
    })
  }

  private enter(key: string, fiber: AnyFiber): Effect.Effect<void, LockoutAhead> {
    const { budgets: { settings }, call: { model } } = this
    const now = nowOf(fiber)
    const shared = this.budgets.get(key, this.call, now)
    const queue = this.queueOf(shared, fiber)
    const { spare } = this
    // Who comes later does not overtake who waits.
    const verdict = queue.size > 0 ? "wait" : this.take(shared, now)
    if (verdict === "send") return Effect.void
    if (verdict !== "wait") {
      return Effect.andThen(recordHeld(part, "refused", now), Effect.fail(lockoutAhead(now, verdict, model)))
    }
    // Nobody waits beyond the deadline of the call.
    const longestWait = Math.min(settings.longestWait, Math.max(0, (fiber.getRef(Deadline) ?? Infinity) - now))
    const waiting: Waiting = { spare, model, sent: Deferred.makeUnsafe(), isSent: false }
    queue.add(waiting)
    return Deferred.await(waiting.sent).pipe(
      Effect.timeoutOrElse({
        duration: Duration.millis(longestWait),
        orElse: () =>
          Effect.clockWith((clock) => {
            const now = clock.currentTimeMillisUnsafe()
            return Effect.fail(lockoutAhead(now, now, model))
          })
      }),
      Effect.onExit((exit) => {
        queue.delete(waiting)
        // It may have got its place at the moment of its interruption. `settle` gives it back.
        if (waiting.isSent) this.held = shared
        return recordHeld(part, Exit.isSuccess(exit) ? "waited" : "refused", now)
      })
    )
  }
}

/** The name of a budget in this process. */
export const nameOf = (key: string, { model = "", user = "" }: Call): string => `${key}\n${model}\n${user}`

/** The budgets of all keys, models and users. */
export class FailureBudgets {
  readonly settings: Checked
  private readonly states = new States<Shared>()

  constructor(settings: Checked) {
    this.settings = settings
  }

  get(key: string, call: Call, now: number): Shared {
    const name = nameOf(key, call)
    return this.states.get(name, now, () => new Shared(name, this.settings))
  }
}
