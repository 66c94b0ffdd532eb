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
import type * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { Reason } from "../../Attempts.ts"
import * as Attempts from "../../Attempts.ts"
import * as Operation from "../../Operation.ts"
import { RetryBudget } from "../../RetryBudget.ts"
import { isVeniceError } from "../../VeniceError.ts"
import { property } from "../redaction/foreignError.ts"
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

// For failures of other classes, which have no field `attempts`.
const histories = new WeakMap<object, Attempts.Attempts>()

const remember = (error: unknown, attempts: Attempts.Attempts): void => {
  if (isVeniceError(error) && Object.isExtensible(error)) Object.assign(error, { attempts })
  else if (typeof error === "object" && error !== null) histories.set(error, attempts)
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
  if (isVeniceError(error) && error.attempts !== undefined) return error.attempts
  return typeof error === "object" && error !== null ? histories.get(error) : undefined
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

/** Adds an attempt to a history, and bounds it as `Attempts.make` does. */
const append = (
  { made, omitted }: Omit<Attempts.Attempts, "reason">,
  attempt: Attempts.Attempt,
  reason: Reason
): Attempts.Attempts =>
  made.length < Attempts.maxKept
    ? { made: [...made, attempt], omitted, reason }
    : { made: [made[0]!, ...made.slice(2), attempt], omitted: omitted + 1, reason }

// Which run gave up on a failure, in which fiber and when. An older run that gets the failure in the same fiber and at the
// same time is a policy around it, and must not multiply its attempts.
const givenUpBy = new WeakMap<object, { readonly run: number; readonly fiber: number; readonly now: number }>()
let runs = 0

type Step = Pull.Pull<[Retried, Duration.Duration], never, never>

const noAttempts: Attempts.Attempts = { made: [], omitted: 0, reason: "outside" }

/** One call under a policy. Many calls may be waiting at the same time, so it holds little. */
class Run {
  readonly id = ++runs
  readonly decider: Decider.Decider
  history = noAttempts

  constructor(node: Decider.Node) {
    this.decider = Decider.decider(node)
  }

  step(now: number, error: unknown, fiber: AnyFiber): Step {
    if (this.isGivenUpByInner(error, now, fiber)) return done
    const kind = kindOf(error)
    if (kind === undefined) return this.giveUp(error, "final", now, fiber)
    const hint = hintOf(error)
    const signal = { kind, hint: hint === undefined ? 0 : Duration.toMillis(hint), now }
    const decision = decide(this.decider, error, signal, fiber)
    if (decision._tag === "GiveUp") return this.giveUp(error, decision.reason, now, fiber)
    const budget = Context.getOrUndefined(fiber.context, RetryBudget)
    if (budget === undefined) return this.retry(error, signal, decision, fiber)
    return Effect.flatMap(
      budget.withdraw(kind),
      (isCovered) => isCovered ? this.retry(error, signal, decision, fiber) : this.giveUp(error, "budget", now, fiber)
    )
  }

  isGivenUpByInner(error: unknown, now: number, fiber: AnyFiber): boolean {
    const by = typeof error === "object" && error !== null ? givenUpBy.get(error) : undefined
    return by !== undefined && by.run > this.id && by.fiber === fiber.id && by.now === now
  }

  giveUp(error: unknown, reason: Reason, now: number, fiber: AnyFiber): Step {
    // A failure that no policy retries is passed through unchanged.
    if (this.history === noAttempts && reason === "final") return done
    const last = attemptOf(error)
    remember(error, append(this.history, last, reason))
    SpanEvents.giveUp(fiber, last, reason)
    if (typeof error === "object" && error !== null) givenUpBy.set(error, { run: this.id, fiber: fiber.id, now })
    return done
  }

  retry(error: unknown, signal: Decider.Signal, interval: Decider.Delay, fiber: AnyFiber): Step {
    const millis = Decider.draw(interval, fiber.getRef(Random.Random).nextDoubleUnsafe())
    const delay = Duration.millis(millis)
    this.decider.commit(signal, millis)
    const last = attemptOf(error)
    // Something around the policy may end the retries without another step.
    remember(error, append(this.history, last, "outside"))
    this.history = append(this.history, { ...last, delay }, "outside")
    const retry = this.history.made.length + this.history.omitted
    SpanEvents.retry(fiber, last, retry, millis)
    return Effect.succeed([{ kind: signal.kind, retry, hint: last.hint, delay }, delay])
  }
}

/** A schedule that starts a run for every call. */
export const scheduleOf = (node: Decider.Node): Schedule.Schedule<Retried, unknown> =>
  Schedule.fromStep(Effect.sync(() => {
    const run = new Run(node)
    return (now: number, error: unknown) => Effect.withFiber((fiber) => run.step(now, error, fiber))
  }))
