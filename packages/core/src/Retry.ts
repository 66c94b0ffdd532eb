/**
 * Retry policies keyed on what went wrong.
 *
 * A policy has one rule for each retryable category and one for `Transport`, the failures without a response. It is a
 * `Schedule`, so it goes wherever Effect takes one. Each category keeps a state of its own: a 429 between two 500s does
 * not reset the backoff of the 500s. Over all of them stand the limits: attempts, elapsed time, and the longest wait a
 * server may ask for.
 *
 * **Details**
 *
 * - A server's hint is a lower bound. The wait is never shorter, and jitter only makes it longer.
 * - A hint beyond {@link Limits.longestWait}, or a wait that would go past {@link Limits.elapsed}, ends the retrying at
 *   once: waiting less would be refused again, and waiting longer is not what the caller asked for.
 * - A hint of zero says nothing, and the policy's own backoff applies.
 * - Failures that are neither a retryable error of Venice nor a transport failure are passed through, never repeated.
 *
 * **Example** (Retrying a call)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Effect, Fiber, Ref } from "effect"
 * import { TestClock } from "effect/testing"
 *
 * const program = Effect.gen(function*() {
 *   const calls = yield* Ref.make(0)
 *   const call = Effect.gen(function*() {
 *     const n = yield* Ref.updateAndGet(calls, (n) => n + 1)
 *     return n === 1 ? yield* new Errors.ModelOverloaded() : "answered"
 *   })
 *
 *   const fiber = yield* Effect.forkChild(Effect.retry(call, Retry.standard))
 *   yield* TestClock.adjust("1 minute")
 *   return [yield* Fiber.join(fiber), yield* Ref.get(calls)]
 * })
 *
 * await Effect.runPromise(Effect.provide(program, TestClock.layer())) // => ["answered", 2]
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { Retryable } from "./Category.ts"
import * as Category from "./Category.ts"
import { isVeniceError } from "./VeniceError.ts"

/**
 * What a policy has a rule for: the retryable categories, and failures without a response.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = Retryable | "Transport"

/**
 * How often, and after which waits, failures of one kind are repeated.
 *
 * **Details**
 *
 * The wait before the n-th retry of the kind is `base * factor^(n - 1)`, at most `cap`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule {
  readonly base: Duration.Duration
  readonly factor: number
  readonly cap: Duration.Duration
  /** How many failures of this kind are repeated. */
  readonly retries: number
}

/**
 * The limits over all kinds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** How many attempts there are in all, the first included. */
  readonly attempts: number
  /** How much time may pass between the first failure and the last attempt. */
  readonly elapsed: Duration.Duration
  /** The longest wait a server may ask for. */
  readonly longestWait: Duration.Duration
  /** How much longer than needed a wait may be, as a fraction of it: waits are spread between `1` and `1 + jitter`. */
  readonly jitter: number
}

/**
 * One retry that a policy decided on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retried {
  readonly kind: Kind
  /** The number of the retry, over all kinds, from 1. */
  readonly retry: number
  /** The number of the retry within its kind, from 1. */
  readonly retryOfKind: number
  /** What the server asked for. */
  readonly hint: Duration.Duration | undefined
  readonly delay: Duration.Duration
}

/**
 * A retry policy.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy extends Schedule.Schedule<Retried, unknown> {
  readonly rules: Readonly<Record<Kind, Rule>>
  readonly limits: Limits
}

/**
 * The kind of a failure, or nothing for one that no policy repeats.
 *
 * **Details**
 *
 * `Transport` is a request that got no response: refused, reset, cut off, or timed out on our side.
 *
 * @category reading
 * @since 0.1.0
 */
export const kindOf = (error: unknown): Kind | undefined => {
  if (isVeniceError(error)) return Category.isRetryable(error.category) ? error.category : undefined
  const isTransport = HttpClientError.isHttpClientError(error)
    ? error.reason._tag === "TransportError"
    : Cause.isTimeoutError(error)
  return isTransport ? "Transport" : undefined
}

const backoff = (rule: Rule, retry: number): number =>
  Math.min(Duration.toMillis(rule.base) * rule.factor ** (retry - 1), Duration.toMillis(rule.cap))

/**
 * Makes a policy from a rule for every kind and the limits over them. A kind without a rule is a compile error.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (rules: Readonly<Record<Kind, Rule>>, limits: Limits): Policy => {
  const schedule = Schedule.fromStep(Effect.sync(() => {
    const counts = new Map<Kind, number>()
    let retries = 0
    let start: number | undefined
    return (now: number, error: unknown) => {
      start ??= now
      const kind = kindOf(error)
      if (kind === undefined) return giveUp
      const rule = rules[kind]
      const retryOfKind = (counts.get(kind) ?? 0) + 1
      if (retryOfKind > rule.retries || retries + 2 > limits.attempts) return giveUp
      const hint = isVeniceError(error) ? error.response.retryAfter : undefined
      const asked = hint === undefined ? 0 : Duration.toMillis(hint)
      if (asked > Duration.toMillis(limits.longestWait)) return giveUp
      const wait = Math.max(asked, backoff(rule, retryOfKind))
      if (now - start + wait > Duration.toMillis(limits.elapsed)) return giveUp
      counts.set(kind, retryOfKind)
      const retry = ++retries
      return Effect.map(Random.next, (random): [Retried, Duration.Duration] => {
        const delay = Duration.millis(Math.ceil(wait * (1 + limits.jitter * random)))
        return [{ kind, retry, retryOfKind, hint, delay }, delay]
      })
    }
  }))
  return Object.assign(schedule, { rules, limits })
}

const giveUp = Cause.done(undefined as never)

/**
 * For a caller who waits: five attempts within two minutes.
 *
 * **Details**
 *
 * | kind | waits | retries | why |
 * | --- | --- | --- | --- |
 * | `RateLimit` | 1 s × 2, at most 30 s | 4 | the hint says when; without one, the windows of Venice are minutes |
 * | `Capacity` | 1 s × 2, at most 30 s | 4 | Venice's default `Retry-After` of a busy model is 30 s |
 * | `Server`, `Upstream` | 0.5 s × 2, at most 8 s | 3 | Venice's advice: 0.5, 1, 2, 4, 8 s and 3 to 5 tries |
 * | `Timeout` | 1 s | 1 | the first try already took as long as Venice waits |
 * | `Transport` | 0.5 s × 2, at most 8 s | 3 | as for the server |
 *
 * A hint of more than a minute is not waited for: a lockout and a busy model take 30 s, and a limit by the day is not
 * for a caller who waits. Waits are spread over a quarter of their length, on top.
 *
 * @category policies
 * @since 0.1.0
 */
export const standard: Policy = make({
  RateLimit: { base: Duration.seconds(1), factor: 2, cap: Duration.seconds(30), retries: 4 },
  Capacity: { base: Duration.seconds(1), factor: 2, cap: Duration.seconds(30), retries: 4 },
  Server: { base: Duration.millis(500), factor: 2, cap: Duration.seconds(8), retries: 3 },
  Upstream: { base: Duration.millis(500), factor: 2, cap: Duration.seconds(8), retries: 3 },
  Timeout: { base: Duration.seconds(1), factor: 1, cap: Duration.seconds(1), retries: 1 },
  Transport: { base: Duration.millis(500), factor: 2, cap: Duration.seconds(8), retries: 3 }
}, {
  attempts: 5,
  elapsed: Duration.minutes(2),
  longestWait: Duration.minutes(1),
  jitter: 0.25
})
