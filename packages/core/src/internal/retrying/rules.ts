/**
 * The rules and limits of a policy as they are written, and their check: nonsense fails where it is written, and not in
 * the first call that fails.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Category from "../../Category.ts"
import type * as Decider from "./decider.ts"

/**
 * How often a policy retries failures of one kind, and after which delays. Pass it to `Retry.override`.
 *
 * **Details**
 *
 * The backoff before the n-th retry of the kind is `base * factor^(n - 1)`, at most `cap`. A rule that makes no sense is
 * refused with a `RangeError` by whatever it is passed to: a duration that is negative or not finite, a cap below the
 * base, a factor below 1, a number of retries that is no whole number of at least 0, an unknown jitter or kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule {
  /** The delay before the first retry. A number is milliseconds. */
  readonly base: Duration.Input
  /** What each delay is multiplied by for the next one. */
  readonly factor: number
  /** The longest delay without a hint. A number is milliseconds. */
  readonly cap: Duration.Input
  /** How many retries failures of this kind get. */
  readonly retries: number
  /** How much each delay varies. */
  readonly jitter: Decider.Jitter
}

/**
 * A rule for every kind, as `Retry.make` takes them. A kind without a rule is a compile error.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rules extends Readonly<Record<Decider.Kind, Rule>> {}

/**
 * Limits over all kinds, as `Retry.limit` takes them.
 *
 * **Details**
 *
 * A limit that makes no sense is refused with a `RangeError`: less than one attempt, a negative duration, `NaN`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** How many attempts a call makes, the first included. */
  readonly attempts?: number | undefined
  /** How many retries failures of a kind get. */
  readonly retriesOf?: Readonly<Partial<Record<Decider.Kind, number>>> | undefined
  /** How much time may pass between the first failure and the last attempt. */
  readonly elapsed?: Duration.Input | undefined
  /** The longest hint that the policy accepts. */
  readonly longestHint?: Duration.Input | undefined
}

/** Refuses a value that makes no sense. */
export const refuse = (name: string, expected: string, value: unknown): never => {
  throw new RangeError(`${name} must be ${expected}, and is ${Inspectable.toStringUnknown(value, 0)}`)
}

const count = (name: string, value: number, least: number): number =>
  value === Infinity || (Number.isInteger(value) && value >= least)
    ? value
    : refuse(name, `a whole number of at least ${least}`, value)

const duration = (name: string, value: Duration.Input): Duration.Duration => {
  // Effect reads `NaN` as a duration of zero.
  const parsed = Number.isNaN(value) ? undefined : Option.getOrUndefined(Duration.fromInput(value))
  return parsed !== undefined && !Duration.isNegative(parsed)
    ? parsed
    : refuse(name, "a duration that is not negative", value)
}

const finite = (name: string, value: Duration.Input): Duration.Duration => {
  const parsed = duration(name, value)
  return Duration.isFinite(parsed) ? parsed : refuse(name, "a finite duration", "Infinity")
}

const jitters: ReadonlyArray<unknown> = ["none", "proportional", "full", "equal", "decorrelated"]

/** The jitter, checked. */
export const checkJitter = (jitter: Decider.Jitter): Decider.Jitter =>
  jitters.includes(jitter) ? jitter : refuse("the jitter", `one of ${jitters.join(", ")}`, jitter)

const kinds: ReadonlyArray<string> = [...Category.retryable, "Transport"]

const checkKind = (kind: string): void => {
  if (!kinds.includes(kind)) refuse("the kind of a rule", `one of ${kinds.join(", ")}`, kind)
}

/** The rule of a kind, checked. */
export const checkRule = (kind: Decider.Kind, rule: Rule): Decider.Rule => {
  checkKind(kind)
  if (!Predicate.isObject(rule)) refuse(`the rule of ${kind}`, "an object", rule)
  const base = finite(`the base of ${kind}`, rule.base)
  const cap = finite(`the cap of ${kind}`, rule.cap)
  const factor = rule.factor >= 1 && Number.isFinite(rule.factor)
    ? rule.factor
    : refuse(`the factor of ${kind}`, "a finite number of at least 1", rule.factor)
  if (Duration.isLessThan(cap, base)) {
    refuse(`the cap of ${kind}`, `at least its base of ${Duration.format(base)}`, Duration.format(cap))
  }
  return {
    base,
    factor,
    cap,
    retries: count(`the retries of ${kind}`, rule.retries, 0),
    jitter: checkJitter(rule.jitter)
  }
}

/** The rules, checked. */
export const checkRules = (rules: Rules): Decider.Rules => {
  for (const kind of kinds) {
    if (!Object.hasOwn(rules, kind)) refuse(`the rule of ${kind}`, "there", undefined)
  }
  return Record.map(rules, (rule, kind) => checkRule(kind, rule))
}

/** The time left for a call, in milliseconds. It may be negative: then the deadline has passed. */
export const checkTimeLeft = (value: Duration.Input): number => {
  const millis = Option.match(Duration.fromInput(value), { onNone: () => NaN, onSome: Duration.toMillis })
  return Number.isNaN(millis) ? refuse("the time left", "a duration", value) : millis
}

/** The limits, checked. */
export const checkLimits = ({ attempts, elapsed, longestHint, retriesOf }: Limits): Decider.Limits => ({
  attempts: attempts === undefined ? undefined : count("the limit of attempts", attempts, 1),
  retriesOf: retriesOf &&
    Record.map(
      retriesOf as Readonly<Record<Decider.Kind, number>>,
      (retries, kind) => {
        checkKind(kind)
        return count(`the limit of retries of ${kind}`, retries, 0)
      }
    ),
  elapsed: elapsed === undefined ? undefined : duration("the limit of elapsed time", elapsed),
  longestHint: longestHint === undefined ? undefined : duration("the longest hint", longestHint)
})
