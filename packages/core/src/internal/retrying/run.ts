/**
 * One call under a policy: its counts and its history, and what happens after each failure.
 *
 * The decider computes the delay. The run checks whether a second request is safe and whether the deadline and the
 * shared budget allow it, adds the attempt to the history, and adds an event to the span.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import type * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { Reason } from "../../Attempts.ts"
import * as Attempts from "../../Attempts.ts"
import * as Operation from "../../Operation.ts"
import { RetryBudget } from "../../RetryBudget.ts"
import { isVeniceError } from "../../VeniceError.ts"
import { attempt, property } from "../redaction/foreignError.ts"
import type { Kind } from "./decider.ts"
import * as Decider from "./decider.ts"
import { attemptOf, hintOf, kindOf, operationOf, outcomeOf } from "./failure.ts"
import * as SpanEvents from "./spanEvents.ts"

/**
 * One retry that a policy decided on: the output of a policy as a `Schedule`. Use `Schedule.tap` to log or count
 * retries.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retried {
  readonly kind: Kind
  /** The number of the retry, over all kinds, from 1. */
  readonly retry: number
  /** How long the server asked to wait. */
  readonly hint: Duration.Duration | undefined
  readonly delay: Duration.Duration
}

// For failures of other classes, which have no field `attempts`, and for errors that cannot be changed.
const histories = new WeakMap<object, Attempts.Attempts>()

/** Keeps the history of a failure: in its field `attempts`, or beside it. */
export const remember = (error: unknown, attempts: Attempts.Attempts): void => {
  if (isVeniceError(error) && attempt(() => Reflect.set(error, "attempts", attempts), false)) return
  if (Predicate.isObjectKeyword(error)) histories.set(error, attempts)
}

/**
 * The attempts behind a failure on which a policy gave up, or nothing if no policy retried it. Call it where the
 * failure is logged or shown, with `Attempts.render`.
 *
 * **Details**
 *
 * The history of an error of Venice is its field `attempts`, which is encoded with the error. The history of any other
 * failure exists only in this process.
 *
 * @category reading
 * @since 0.1.0
 */
export const history = (error: unknown): Attempts.Attempts | undefined => {
  const stored = Predicate.isObjectKeyword(error) ? histories.get(error) : undefined
  return stored ?? (isVeniceError(error) ? attempt(() => error.attempts, undefined) : undefined)
}

/**
 * The deadline of the current call, in epoch milliseconds. A policy gives up at once if no attempt can begin before it.
 * Set it with `Retry.withDeadline`, or provide the deadline of an incoming request; read it to bound other work of the
 * call.
 *
 * @category references
 * @since 0.1.0
 */
export const Deadline: Context.Reference<number | undefined> = Context.Reference<number | undefined>(
  "@effect-venice/core/Retry/Deadline",
  { defaultValue: () => undefined }
)

type AnyFiber = Fiber.Fiber<unknown, unknown>

const mayRepeat = (error: unknown, kind: Kind, fiber: AnyFiber): boolean =>
  fiber.getRef(Operation.ReplayAllowed)
  || Operation.mayRepeat(operationOf(error) ?? fiber.getRef(Operation.Current), outcomeOf(error, kind), {
    hasIdempotencyKey: keepsIdempotencyKey(error, fiber)
  })

// Whether the next attempt sends the key of the failed one. The key of the failed request alone does not tell: each
// attempt may make another one.
const keepsIdempotencyKey = (error: unknown, fiber: AnyFiber): boolean => {
  const key = fiber.getRef(Operation.IdempotencyKey)
  if (key === undefined) return false
  const headers = property(property(error, "request"), "headers")
  const sent = property(headers, "idempotency-key")
  return sent === undefined || sent === key
}

const decide = (
  decider: Decider.Decider,
  error: unknown,
  signal: Decider.Signal,
  fiber: AnyFiber
): Decider.Decision => {
  if (!mayRepeat(error, signal.kind, fiber)) return { _tag: "GiveUp", reason: "replay" }
  const decision = decider.decide(signal)
  const deadline = fiber.getRef(Deadline)
  return decision._tag === "GiveUp" || deadline === undefined
    ? decision
    : Decider.within(decision, deadline - signal.now, "deadline")
}

const done = Cause.done(undefined as never)

type Made = Omit<Attempts.Attempts, "reason">

/** Adds an attempt to a history, and bounds it as `Attempts.make` does. */
const append = (
  { made, omitted }: Made,
  attempt: Attempts.Attempt,
  reason: Reason
): Attempts.Attempts =>
  made.length < Attempts.maxKept
    ? { made: [...made, attempt], omitted, reason }
    : { made: [made[0]!, ...made.slice(2), attempt], omitted: omitted + 1, reason }

/** When the last run that gave up on a failure began and gave up. */
interface GivenUp {
  readonly began: number
  readonly at: number
  /** When the failure was given up before, if this run began after that: then it is one value of several failures. */
  readonly before: number
}

const givenUp = new WeakMap<object, GivenUp>()

// Orders what all runs do. A clock would not: many things happen in the same millisecond.
let order = 0

type Step = Pull.Pull<[Retried, Duration.Duration], never, never>

const noAttempts: Made = { made: [], omitted: 0 }

/** A retry that was made: what its decision counts as. */
interface Counted {
  readonly kind: Kind
  /** When the attempt failed, in epoch milliseconds. */
  readonly at: number
  readonly attempt: Attempts.Attempt
  readonly delay: Duration.Duration
}

/** One call under a policy. Many calls may be waiting at the same time, so it holds little. */
export class Run {
  readonly began = ++order
  readonly decider: Decider.Decider
  /** The attempts before the last one. */
  before = noAttempts
  /** The attempt before the current one, and the delay after it. They are added to the history at the next failure. */
  last: Attempts.Attempt | undefined
  delay: Duration.Duration | undefined
  /** When the current attempt began. */
  attemptBegan = this.began
  /** The failure of the attempt before. */
  retried: unknown

  constructor(node: Decider.Node) {
    this.decider = Decider.decider(node)
  }

  step(now: number, error: unknown, fiber: AnyFiber): Step {
    if (this.isGivenUpByInner(error)) return done
    const kind = kindOf(error)
    if (kind === undefined) return this.giveUp(error, "final", fiber)
    const hint = hintOf(error)
    const signal = { kind, hint: hint === undefined ? 0 : Duration.toMillis(hint), now }
    const decision = decide(this.decider, error, signal, fiber)
    if (decision._tag === "GiveUp") return this.giveUp(error, decision.reason, fiber)
    const budget = Context.getOrUndefined(fiber.context, RetryBudget)
    if (budget === undefined) return this.retry(error, signal, decision, fiber)
    return Effect.flatMap(
      budget.withdraw(kind),
      (isCovered) => isCovered ? this.retry(error, signal, decision, fiber) : this.giveUp(error, "budget", fiber)
    )
  }

  /** The attempts before the current one. */
  history(): Made {
    const { before, delay, last } = this
    // Copied only now: a waiting call shares the attempt with its failure.
    return last === undefined ? before : append(before, { ...last, delay: delay! }, "outside")
  }

  /**
   * Whether a policy inside of this one gave up on the failure: an attempt ends with the very failure on which a run that
   * began during the attempt gave up.
   *
   * The fiber and the time say nothing, because a call can fork, join and wait. A value that stands for several failures
   * does not count: one that this run has retried already, or that was given up twice, one run after another.
   */
  isGivenUpByInner(error: unknown): boolean {
    const last = Predicate.isObjectKeyword(error) ? givenUp.get(error) : undefined
    return last !== undefined && last.began > this.attemptBegan && last.before < this.attemptBegan
      && error !== this.retried
  }

  giveUp(error: unknown, reason: Reason, fiber: AnyFiber): Step {
    // A failure that no policy retries is passed through unchanged.
    if (this.last === undefined && reason === "final") return done
    const last = attemptOf(error)
    this.endWith(error, append(this.history(), last, reason))
    SpanEvents.giveUp(fiber, last, reason)
    return done
  }

  /** Gives a failure its history, and lets the policies around this one know that it was given up. */
  endWith(error: unknown, attempts: Attempts.Attempts): void {
    remember(error, attempts)
    if (!Predicate.isObjectKeyword(error)) return
    const last = givenUp.get(error)
    const before = last === undefined ? -Infinity : last.at < this.began ? last.at : last.before
    givenUp.set(error, { began: this.began, at: ++order, before })
  }

  retry(error: unknown, signal: Decider.Signal, interval: Decider.Delay, fiber: AnyFiber): Step {
    const millis = Decider.draw(interval, fiber.getRef(Random.Random).nextDoubleUnsafe())
    const delay = Duration.millis(millis)
    const last = attemptOf(error)
    const before = this.history()
    // Something around the policy may end the retries without another step.
    remember(error, append(before, last, "outside"))
    const retry = this.count(signal, before, last, delay)
    SpanEvents.retry(fiber, last, retry, millis)
    this.retried = error
    return Effect.succeed([{ kind: signal.kind, retry, hint: last.hint, delay }, delay])
  }

  /** Counts a retry after the attempts `before` its own, and gives its number. */
  private count(signal: Decider.Signal, before: Made, last: Attempts.Attempt, delay: Duration.Duration): number {
    this.decider.commit(signal, Duration.toMillis(delay))
    this.before = before
    this.last = last
    this.delay = delay
    this.attemptBegan = ++order
    return before.made.length + before.omitted + 1
  }

  /** Counts a retry that was decided on before, maybe in another process. */
  recount({ at, attempt, delay, kind }: Counted): void {
    const hint = attempt.hint === undefined ? 0 : Duration.toMillis(attempt.hint)
    const signal = { kind, hint, now: at }
    // A decider notes in `decide` when the call first failed, and which of its parts the retry is of.
    this.decider.decide(signal)
    this.count(signal, this.history(), attempt, delay)
  }
}

/** A schedule that starts a run for every call. */
export const scheduleOf = (node: () => Decider.Node): Schedule.Schedule<Retried, unknown> =>
  Schedule.fromStep(Effect.sync(() => {
    const run = new Run(node())
    return (now: number, error: unknown) => Effect.withFiber((fiber) => run.step(now, error, fiber))
  }))
