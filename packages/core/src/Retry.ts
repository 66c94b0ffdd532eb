/**
 * Retry policies that decide by the kind of a failure.
 *
 * A policy has one rule for each retryable category, and one for `Transport`: failures without a response. It is a
 * `Schedule`, so you can pass it wherever Effect takes one. Each kind has a state of its own: a 429 between two 500s
 * does not reset the backoff of the 500s. Policies are values that you override, limit and combine, and each combinator
 * has algebraic laws.
 *
 * **Details**
 *
 * The following holds for every policy:
 *
 * - A hint is a lower bound: no delay is shorter, and jitter only adds to it.
 * - If a hint is too long, or a delay would end too late, the policy gives up at once, because the server would refuse
 *   an earlier retry. `attempts.reason` of the last error says why.
 * - A hint of zero is no hint, and the backoff of the policy applies. A hint applies to one delay only.
 * - A failure that is neither a retryable error of Venice nor a transport failure is never retried.
 * - A request that may be charged or executed twice is not sent again without the caller's consent: see
 *   `Operation.mayRepeat`.
 *
 * **Gotchas**
 *
 * A policy around another policy does not multiply the attempts: the outer one does not retry a failure on which the
 * inner one gave up, also across fibers and time. To continue with a second policy, use {@link andThen}. The outer one
 * recognizes the failure as a value: it takes what `mapError` makes of it for a failure of its own, and so does
 * `Stream.retry`, which begins its policy only after the first failure (`RetryStream.retry` does not).
 *
 * **Example** (Composing a policy)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 *
 * const policy = Retry.standard.pipe(
 *   Retry.override("Capacity", { ...Retry.standardRules.Capacity, retries: 8 }),
 *   Retry.without("Transport"),
 *   Retry.limit({ attempts: 6, elapsed: "1 minute" })
 * )
 *
 * const { outcome, retries } = Retry.simulate(policy, ["RATE_LIMIT_EXCEEDED", "MODEL_OVERLOADED"])
 *
 * outcome // => "succeeded"
 * retries.map(({ floor }) => String(floor)) // => ["1000 millis", "1000 millis"]
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Schedule from "effect/Schedule"
import * as Category from "./Category.ts"
import { lazy } from "./internal/lazy.ts"
import type { Jitter, Kind } from "./internal/retrying/decider.ts"
import * as Decider from "./internal/retrying/decider.ts"
import type { Limits, Rule, Rules } from "./internal/retrying/rules.ts"
import { checkJitter, checkLimits, checkRule, checkRules, checkTimeLeft } from "./internal/retrying/rules.ts"
import { Deadline, type Retried, scheduleOf } from "./internal/retrying/run.ts"

export type { Jitter, Kind } from "./internal/retrying/decider.ts"
export { decide, Decision, type Decisions, decisions } from "./internal/retrying/decisions.ts"
export { attemptOf, isRepeatable, kindOf, operationOf, outcome as outcomeOf } from "./internal/retrying/failure.ts"
export type { Limits, Rule, Rules } from "./internal/retrying/rules.ts"
export { Deadline, history, type Retried } from "./internal/retrying/run.ts"
export {
  begin,
  render,
  renderSvg,
  type ScriptedFailure,
  simulate,
  type SimulatedCall,
  type SimulatedRetry,
  type Timeline
} from "./internal/retrying/simulation.ts"

/**
 * All kinds, to list or test the rules of a policy. {@link kindOf} tells the kind of a failure.
 *
 * @category constants
 * @since 0.1.0
 */
export const kinds: ReadonlyArray<Kind> = [...Category.retryable, "Transport"]

/**
 * A retry policy. Pass it to `Effect.retry`, `RetryStream.retry` or any other function that takes a `Schedule`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy extends Schedule.Schedule<Retried, unknown> {
  readonly [Decider.NodeId]: Decider.Node
}

/**
 * Whether a value is a policy. Use it in a function that takes any schedule, to treat policies apart.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPolicy = (u: unknown): u is Policy => Schedule.isSchedule(u) && Decider.NodeId in u

/**
 * Sets the deadline of a call, in time from now, unless an earlier one is set. Put it outside of the retry. Policies
 * give up at once if a delay would end after the deadline. A time that makes no sense is refused with a `RangeError`.
 *
 * **Gotchas**
 *
 * It does not interrupt an attempt: use `Effect.timeout` for that.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDeadline: {
  (timeLeft: Duration.Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, timeLeft: Duration.Input): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, timeLeft: Duration.Input): Effect.Effect<A, E, R> => {
    const millis = checkTimeLeft(timeLeft)
    return Effect.clockWith((clock) =>
      Effect.flatMap(Deadline, (outer) => {
        const inner = clock.currentTimeMillisUnsafe() + millis
        return Effect.provideService(self, Deadline, outer === undefined ? inner : Math.min(outer, inner))
      })
    )
  }
)

const fromLazyNode = (node: () => Decider.Node): Policy =>
  Object.defineProperty(scheduleOf(node), Decider.NodeId, { get: node }) as Policy

const fromNode = (node: Decider.Node): Policy => fromLazyNode(() => node)

/** A policy whose rules are read and checked when it is first used. */
const preset = (make: () => Policy): Policy => fromLazyNode(lazy(() => make()[Decider.NodeId]))

/**
 * Converts a policy to a predicate, for functions that take a predicate instead of a schedule, such as `Activity.retry`
 * of workflows. The predicate waits for the delay, and returns false when the policy gives up. It counts, so make one
 * for every call.
 *
 * **Example** (Retrying an activity)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Effect } from "effect"
 * import { Activity } from "effect/workflow"
 *
 * const call = Effect.fail(new Errors.InvalidRequest())
 *
 * const retried = Effect.flatMap(
 *   Retry.toPredicate(Retry.standard),
 *   (shouldRetry) => Activity.retry(call, { while: shouldRetry })
 * )
 *
 * const error = await Effect.runPromise(Effect.flip(retried))
 * error._tag // => "INVALID_REQUEST"
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const toPredicate = (policy: Policy): Effect.Effect<(error: unknown) => Effect.Effect<boolean>> =>
  Effect.map(Schedule.toStepWithSleep(policy), (step) => (error) =>
    Effect.matchEffect(step(error), {
      onFailure: () => Effect.succeed(false),
      onSuccess: () => Effect.succeed(true)
    }))

/**
 * Makes a policy of your own from a rule for every kind. Add limits over all kinds with {@link limit}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (rules: Rules): Policy => fromNode({ _tag: "Rules", rules: checkRules(rules) })

const mapRules = (policy: Policy, f: (rules: Decider.Rules) => Decider.Rules): Policy =>
  fromNode(Decider.mapRules(policy[Decider.NodeId], f))

/**
 * Replaces the rule of a kind, everywhere in the policy. Use it to change a preset in one kind.
 *
 * **Details**
 *
 * Of two overrides of a kind the later one wins. Overrides of different kinds commute. The limits of the policy still
 * hold.
 *
 * @category composition
 * @since 0.1.0
 */
export const override: {
  (kind: Kind, rule: Rule): (self: Policy) => Policy
  (self: Policy, kind: Kind, rule: Rule): Policy
} = dual(3, (self: Policy, kind: Kind, rule: Rule): Policy => {
  const checked = checkRule(kind, rule)
  return mapRules(self, (rules) => ({ ...rules, [kind]: checked }))
})

const noRetries = (rule: Decider.Rule): Decider.Rule => ({ ...rule, retries: 0 })

const restrict = (self: Policy, isKept: (kind: Kind) => boolean): Policy =>
  mapRules(
    self,
    (rules) =>
      Object.fromEntries(
        kinds.map((kind) => [kind, isKept(kind) ? rules[kind] : noRetries(rules[kind])])
      ) as Decider.Rules
  )

const listOf = (kind: Kind | ReadonlyArray<Kind>): ReadonlyArray<Kind> => typeof kind === "string" ? [kind] : kind

/**
 * Never retries failures of these kinds. Use it for failures that your caller handles better, such as a busy model that
 * another model can replace. Idempotent, and undone by {@link override}.
 *
 * @category composition
 * @since 0.1.0
 */
export const without: {
  (kind: Kind | ReadonlyArray<Kind>): (self: Policy) => Policy
  (self: Policy, kind: Kind | ReadonlyArray<Kind>): Policy
} = dual(
  2,
  (self: Policy, kind: Kind | ReadonlyArray<Kind>): Policy =>
    restrict(self, (candidate) => !listOf(kind).includes(candidate))
)

/**
 * Retries failures of these kinds only; the same as {@link without} with all other kinds.
 *
 * @category composition
 * @since 0.1.0
 */
export const only: {
  (kind: Kind | ReadonlyArray<Kind>): (self: Policy) => Policy
  (self: Policy, kind: Kind | ReadonlyArray<Kind>): Policy
} = dual(
  2,
  (self: Policy, kind: Kind | ReadonlyArray<Kind>): Policy =>
    restrict(self, (candidate) => listOf(kind).includes(candidate))
)

/**
 * Changes the jitter of every kind, for example to `none` in a test. Of two calls the later one wins.
 *
 * @category composition
 * @since 0.1.0
 */
export const jittered: {
  (jitter: Jitter): (self: Policy) => Policy
  (self: Policy, jitter: Jitter): Policy
} = dual(
  2,
  (self: Policy, jitter: Jitter): Policy => {
    const checked = checkJitter(jitter)
    return mapRules(
      self,
      (rules) => Object.fromEntries(kinds.map((kind) => [kind, { ...rules[kind], jitter: checked }])) as Decider.Rules
    )
  }
)

/**
 * Limits the attempts (overall and by kind), the elapsed time, and the hints that the policy accepts. Use it on every
 * policy that you {@link make}, and to tighten a preset.
 *
 * **Details**
 *
 * A limit only takes away: the limited policy makes no more attempts than the policy itself. Applying a limit twice is
 * the same as once, the order of limits does not matter, and the tighter of two limits holds. The policy does not
 * shorten a delay to fit into the limit: it gives up.
 *
 * @category composition
 * @since 0.1.0
 */
export const limit: {
  (limits: Limits): (self: Policy) => Policy
  (self: Policy, limits: Limits): Policy
} = dual(
  2,
  (self: Policy, limits: Limits): Policy =>
    fromNode({ _tag: "Limit", policy: self[Decider.NodeId], limits: checkLimits(limits) })
)

/**
 * Retries with the second policy when the first one gives up. The second policy has counts and a clock of its own. Use
 * it for a few fast retries followed by slow ones.
 *
 * **Details**
 *
 * Associative, with {@link never} as identity on both sides.
 *
 * @category composition
 * @since 0.1.0
 */
export const andThen: {
  (second: Policy): (self: Policy) => Policy
  (self: Policy, second: Policy): Policy
} = dual(
  2,
  (self: Policy, second: Policy): Policy =>
    fromNode({ _tag: "AndThen", first: self[Decider.NodeId], second: second[Decider.NodeId] })
)

/**
 * Retries if both policies retry, after the longer of their delays. Use it to combine a policy of the application with
 * one of the caller, when both must agree.
 *
 * **Details**
 *
 * Associative, idempotent, and commutative except for the reason to give up. {@link never} absorbs.
 *
 * @category composition
 * @since 0.1.0
 */
export const stricter: {
  (that: Policy): (self: Policy) => Policy
  (self: Policy, that: Policy): Policy
} = dual(
  2,
  (self: Policy, that: Policy): Policy =>
    fromNode({ _tag: "Stricter", left: self[Decider.NodeId], right: that[Decider.NodeId] })
)

/**
 * Retries if one of the policies retries, after the shorter of their delays. Use it to join policies for different
 * kinds.
 *
 * **Details**
 *
 * Associative, idempotent, and commutative except for the reason to give up, with {@link never} as identity.
 *
 * @category composition
 * @since 0.1.0
 */
export const lenient: {
  (that: Policy): (self: Policy) => Policy
  (self: Policy, that: Policy): Policy
} = dual(
  2,
  (self: Policy, that: Policy): Policy =>
    fromNode({ _tag: "Lenient", left: self[Decider.NodeId], right: that[Decider.NodeId] })
)

const rule = (
  base: Duration.Input,
  cap: Duration.Input,
  retries: number,
  jitter: Jitter = "proportional"
): Rule => ({ base, factor: 2, cap, retries, jitter })

/**
 * The rules of {@link standard}. Change a copy of them for {@link override} or {@link make}.
 *
 * @category presets
 * @since 0.1.0
 */
export const standardRules: Rules = {
  RateLimit: rule("1 second", "30 seconds", 4),
  Capacity: rule("1 second", "30 seconds", 4),
  Server: rule("500 millis", "8 seconds", 3),
  Upstream: rule("500 millis", "8 seconds", 3),
  Timeout: rule("1 second", "1 second", 1),
  Transport: rule("500 millis", "8 seconds", 3)
}

/**
 * The policy for a caller who waits for the response: five attempts within two minutes.
 *
 * **Details**
 *
 * | kind | backoff | retries | why |
 * | --- | --- | --- | --- |
 * | `RateLimit` | 1 s × 2, at most 30 s | 4 | a hint says when to retry; without one, Venice's windows are minutes |
 * | `Capacity` | 1 s × 2, at most 30 s | 4 | Venice's default `Retry-After` of a busy model is 30 s |
 * | `Server`, `Upstream` | 0.5 s × 2, at most 8 s | 3 | Venice's advice: 0.5, 1, 2, 4, 8 s and 3 to 5 tries |
 * | `Timeout` | 1 s | 1 | the first attempt already took as long as Venice waits |
 * | `Transport` | 0.5 s × 2, at most 8 s | 3 | as for `Server` |
 *
 * It accepts hints up to one minute: a lockout and a busy model take 30 s, but a caller does not wait for a daily limit
 * to reset. Jitter adds up to a quarter of each delay, so that no delay is shorter than Venice advises.
 *
 * @category presets
 * @since 0.1.0
 */
export const standard: Policy = preset(() =>
  limit(make(standardRules), { attempts: 5, elapsed: "2 minutes", longestHint: "1 minute" })
)

/**
 * The policy for a batch job without a waiting caller: up to fifty attempts within six hours. It accepts hints up to
 * one hour.
 *
 * **Details**
 *
 * | kind | backoff | retries | why |
 * | --- | --- | --- | --- |
 * | `RateLimit`, `Capacity` | 5 s × 2, at most 5 min | 40 | a busy hour passes, and faster retries do not help |
 * | `Server`, `Upstream` | 1 s × 2, at most 1 min | 10 | for an outage of minutes; a longer one is not transient |
 * | `Timeout` | 10 s × 2, at most 1 min | 3 | each attempt is long, and may be billed |
 * | `Transport` | 1 s × 2, at most 1 min | 10 | as for `Server` |
 *
 * Six hours are enough for hourly limits, but not for daily ones: schedule the job again for those.
 *
 * @category presets
 * @since 0.1.0
 */
export const patient: Policy = preset(() =>
  limit(
    make({
      RateLimit: rule("5 seconds", "5 minutes", 40),
      Capacity: rule("5 seconds", "5 minutes", 40),
      Server: rule("1 second", "1 minute", 10),
      Upstream: rule("1 second", "1 minute", 10),
      Timeout: rule("10 seconds", "1 minute", 3),
      Transport: rule("1 second", "1 minute", 10)
    }),
    { attempts: 50, elapsed: "6 hours", longestHint: "1 hour" }
  )
)

/**
 * The policy for reads that cost nothing, such as the list of models for a page: four attempts within ten seconds.
 *
 * **Details**
 *
 * Every kind starts at 100 ms, doubles up to 2 s, has three retries (`Timeout` one) and full jitter, because many
 * callers may fail at the same moment. It accepts hints up to 5 s, because the reader of a page does not wait longer.
 *
 * @category presets
 * @since 0.1.0
 */
export const eager: Policy = preset(() =>
  limit(
    make({
      RateLimit: rule("100 millis", "2 seconds", 3, "full"),
      Capacity: rule("100 millis", "2 seconds", 3, "full"),
      Server: rule("100 millis", "2 seconds", 3, "full"),
      Upstream: rule("100 millis", "2 seconds", 3, "full"),
      Timeout: rule("100 millis", "2 seconds", 1, "full"),
      Transport: rule("100 millis", "2 seconds", 3, "full")
    }),
    { attempts: 4, elapsed: "10 seconds", longestHint: "5 seconds" }
  )
)

/**
 * A policy that never retries. Use it to turn retries off where a policy is required; in the algebra it is the zero.
 *
 * @category presets
 * @since 0.1.0
 */
export const never: Policy = preset(() => without(make(standardRules), kinds))
