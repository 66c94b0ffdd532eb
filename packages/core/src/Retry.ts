/**
 * Retry policies keyed on what went wrong, and how they combine.
 *
 * A policy has one rule for each retryable category and one for `Transport`, the failures without a response. It is a
 * `Schedule`, so it goes wherever Effect takes one. Each kind keeps a state of its own: a 429 between two 500s does not
 * reset the backoff of the 500s. Policies are values: they are overridden, limited, put one after another and combined,
 * and each operation has a law.
 *
 * **Details**
 *
 * What holds for every policy, however it was combined:
 *
 * - A server's hint is a lower bound. No wait is shorter, and jitter only adds to it.
 * - A hint that is too long, or a wait that would end too late, ends the retrying at once: waiting less would be refused
 *   again. The last error says so, in `attempts.reason`.
 * - A hint of zero says nothing, and the policy's own backoff applies. A hint counts for one wait only.
 * - Failures that are neither a retryable error of Venice nor a transport failure are passed through, never repeated.
 * - What may be charged or done twice is not repeated, unless the caller says so: see `Operation.mayRepeat`.
 *
 * **Gotchas**
 *
 * A policy around a policy does not multiply its attempts: a failure that the inner one has given up on is passed
 * through by the outer one. To go on where one gives up, use {@link andThen}.
 *
 * **Example** (Composing a policy)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { Duration } from "effect"
 *
 * const policy = Retry.standard.pipe(
 *   Retry.override("Capacity", { ...Retry.standardRules.Capacity, retries: 8 }),
 *   Retry.without("Transport"),
 *   Retry.limit({ attempts: 6, elapsed: Duration.minutes(1) })
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
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Schedule from "effect/Schedule"
import * as Category from "./Category.ts"
import type { Jitter, Kind, Limits, Rule, Rules } from "./internal/retrying/decider.ts"
import * as Decider from "./internal/retrying/decider.ts"
import { Deadline, type Retried, scheduleOf } from "./internal/retrying/run.ts"

export type { Jitter, Kind, Limits, Rule, Rules } from "./internal/retrying/decider.ts"
export { isRepeatable, kindOf } from "./internal/retrying/failure.ts"
export { Deadline, history, type Retried } from "./internal/retrying/run.ts"
export {
  render,
  renderSvg,
  type ScriptedFailure,
  simulate,
  type SimulatedRetry,
  type Timeline
} from "./internal/retrying/simulation.ts"

/**
 * All kinds.
 *
 * @category constants
 * @since 0.1.0
 */
export const kinds: ReadonlyArray<Kind> = [...Category.retryable, "Transport"]

/**
 * A retry policy.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy extends Schedule.Schedule<Retried, unknown> {
  readonly [Decider.NodeId]: Decider.Node
}

/**
 * Whether a value is a policy.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPolicy = (u: unknown): u is Policy => Schedule.isSchedule(u) && Decider.NodeId in u

/**
 * Sets the deadline to so long from now, unless an earlier one is already set. Put it outside of the retry. It does not
 * interrupt an attempt: that is what `Effect.timeout` is for.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDeadline: {
  (timeLeft: Duration.Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, timeLeft: Duration.Input): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, timeLeft: Duration.Input): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) =>
      Effect.flatMap(Deadline, (outer) => {
        const own = clock.currentTimeMillisUnsafe() + Duration.toMillis(Duration.fromInputUnsafe(timeLeft))
        return Effect.provideService(self, Deadline, outer === undefined ? own : Math.min(outer, own))
      })
    )
)

const fromNode = (node: Decider.Node): Policy => Object.assign(scheduleOf(node), { [Decider.NodeId]: node } as const)

/**
 * A policy for what takes a predicate instead of a schedule, such as `Activity.retry` of workflows: it waits, and says
 * whether to go on. Make one for every call, since it counts.
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
 *   (goOn) => Activity.retry(call, { while: goOn })
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
 * Makes a policy from a rule for every kind. It has no limits but the rules' own: add them with {@link limit}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (rules: Rules): Policy => fromNode({ _tag: "Rules", rules })

const mapRules = (policy: Policy, f: (rules: Rules) => Rules): Policy =>
  fromNode(Decider.mapRules(policy[Decider.NodeId], f))

/**
 * Gives a kind another rule, everywhere in the policy.
 *
 * **Details**
 *
 * Right-biased: of two overrides of a kind the later one holds. Overrides of different kinds commute. The limits of the
 * policy go on to hold.
 *
 * @category composition
 * @since 0.1.0
 */
export const override: {
  (kind: Kind, rule: Rule): (self: Policy) => Policy
  (self: Policy, kind: Kind, rule: Rule): Policy
} = dual(3, (self: Policy, kind: Kind, rule: Rule): Policy => mapRules(self, (rules) => ({ ...rules, [kind]: rule })))

const noRetries = (rule: Rule): Rule => ({ ...rule, retries: 0 })

const restrict = (self: Policy, isKept: (kind: Kind) => boolean): Policy =>
  mapRules(
    self,
    (rules) =>
      Object.fromEntries(kinds.map((kind) => [kind, isKept(kind) ? rules[kind] : noRetries(rules[kind])])) as Rules
  )

const listOf = (kind: Kind | ReadonlyArray<Kind>): ReadonlyArray<Kind> => typeof kind === "string" ? [kind] : kind

/**
 * Repeats no failure of these kinds. Idempotent, and undone by {@link override}.
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
 * Repeats failures of these kinds only: {@link without} all others.
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
 * Spreads the waits of every kind otherwise. The last one given holds.
 *
 * @category composition
 * @since 0.1.0
 */
export const jittered: {
  (jitter: Jitter): (self: Policy) => Policy
  (self: Policy, jitter: Jitter): Policy
} = dual(
  2,
  (self: Policy, jitter: Jitter): Policy =>
    mapRules(self, (rules) => Object.fromEntries(kinds.map((kind) => [kind, { ...rules[kind], jitter }])) as Rules)
)

/**
 * Limits attempts (overall, and by kind), the time that may pass, and the longest wait a server may ask for.
 *
 * **Details**
 *
 * A limit only ever takes away: the policy it is put around makes no more attempts than without it. The same limit twice is the limit once, the
 * order of limits does not matter, and of two limits of a kind the tighter one holds. A hint that is too long and a wait
 * that could end too late are not cut short: the policy gives up.
 *
 * @category composition
 * @since 0.1.0
 */
export const limit: {
  (limits: Limits): (self: Policy) => Policy
  (self: Policy, limits: Limits): Policy
} = dual(2, (self: Policy, limits: Limits): Policy => fromNode({ _tag: "Limit", policy: self[Decider.NodeId], limits }))

/**
 * What the first policy gives up on, the second goes on with, with counts and a clock of its own.
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
 * Repeats what both policies repeat, after the longer of their waits.
 *
 * **Details**
 *
 * Associative, commutative but for the reason given, idempotent. {@link never} absorbs.
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
 * Repeats what either policy repeats, after the shorter of their waits.
 *
 * **Details**
 *
 * Associative, commutative but for the reason given, idempotent, with {@link never} as identity.
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

const rule = (base: Duration.Input, cap: Duration.Input, retries: number, jitter: Jitter = "proportional"): Rule => ({
  base: Duration.fromInputUnsafe(base),
  factor: 2,
  cap: Duration.fromInputUnsafe(cap),
  retries,
  jitter
})

/**
 * The rules of {@link standard}, for making others from them.
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
 * For a caller who waits: five attempts within two minutes.
 *
 * **Details**
 *
 * | kind | backoff | retries | why |
 * | --- | --- | --- | --- |
 * | `RateLimit` | 1 s × 2, at most 30 s | 4 | the hint says when; without one, the windows of Venice are minutes |
 * | `Capacity` | 1 s × 2, at most 30 s | 4 | Venice's default `Retry-After` of a busy model is 30 s |
 * | `Server`, `Upstream` | 0.5 s × 2, at most 8 s | 3 | Venice's advice: 0.5, 1, 2, 4, 8 s and 3 to 5 tries |
 * | `Timeout` | 1 s | 1 | the first try already took as long as Venice waits |
 * | `Transport` | 0.5 s × 2, at most 8 s | 3 | as for the server |
 *
 * A hint of more than a minute is not waited for: a lockout and a busy model take 30 s, and a limit by the day is not
 * for a caller who waits. Waits are spread over a quarter of their length, on top, so that none is below Venice's advice.
 *
 * @category presets
 * @since 0.1.0
 */
export const standard: Policy = limit(make(standardRules), {
  attempts: 5,
  elapsed: Duration.minutes(2),
  longestHint: Duration.minutes(1)
})

/**
 * For a batch that nobody waits for: up to fifty attempts within six hours, and hints of up to an hour are honoured.
 *
 * **Details**
 *
 * | kind | backoff | retries | why |
 * | --- | --- | --- | --- |
 * | `RateLimit`, `Capacity` | 5 s × 2, at most 5 min | 40 | a busy hour passes, and asking more often helps nobody |
 * | `Server`, `Upstream` | 1 s × 2, at most 1 min | 10 | an outage of minutes; what still fails then is broken |
 * | `Timeout` | 10 s × 2, at most 1 min | 3 | each attempt is long, and may be billed |
 * | `Transport` | 1 s × 2, at most 1 min | 10 | as for the server |
 *
 * The elapsed time covers the limits by the hour; those by the day are left to whoever scheduled the batch.
 *
 * @category presets
 * @since 0.1.0
 */
export const patient: Policy = limit(
  make({
    RateLimit: rule("5 seconds", "5 minutes", 40),
    Capacity: rule("5 seconds", "5 minutes", 40),
    Server: rule("1 second", "1 minute", 10),
    Upstream: rule("1 second", "1 minute", 10),
    Timeout: rule("10 seconds", "1 minute", 3),
    Transport: rule("1 second", "1 minute", 10)
  }),
  { attempts: 50, elapsed: Duration.hours(6), longestHint: Duration.hours(1) }
)

/**
 * For reads that cost nothing: four attempts within ten seconds.
 *
 * **Details**
 *
 * Every kind starts at 100 ms, doubles up to 2 s, is repeated three times, and is fully jittered: nothing is billed, the
 * caller is a page that is being built, and many of them fail at the same moment. A hint of more than 5 s is not waited
 * for, since the page would not be either.
 *
 * @category presets
 * @since 0.1.0
 */
export const eager: Policy = limit(
  make({
    RateLimit: rule("100 millis", "2 seconds", 3, "full"),
    Capacity: rule("100 millis", "2 seconds", 3, "full"),
    Server: rule("100 millis", "2 seconds", 3, "full"),
    Upstream: rule("100 millis", "2 seconds", 3, "full"),
    Timeout: rule("100 millis", "2 seconds", 1, "full"),
    Transport: rule("100 millis", "2 seconds", 3, "full")
  }),
  { attempts: 4, elapsed: Duration.seconds(10), longestHint: Duration.seconds(5) }
)

/**
 * Repeats nothing: the zero of the algebra.
 *
 * @category presets
 * @since 0.1.0
 */
export const never: Policy = without(make(standardRules), kinds)
