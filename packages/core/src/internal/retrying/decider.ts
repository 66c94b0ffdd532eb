/**
 * The decisions of a policy: an interval for the delay, or a reason to give up. It neither waits nor draws random
 * numbers.
 *
 * A policy is a tree. Its decider is made for every call and holds the counts of that call. `decide` changes no counts;
 * only `commit`, for a retry that is really made, does. So all parts of a combined policy count the same retries.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { Reason } from "../../Attempts.ts"
import type { Retryable } from "../../Category.ts"

/**
 * What a policy has a rule for: a retryable category, or `Transport` for failures without a response. `Retry.kindOf`
 * returns it, and `override`, `without` and `only` take it.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = Retryable | "Transport"

/**
 * How a rule spreads its delays, so that callers who failed together do not retry together. It is a field of a `Rule`.
 *
 * **Details**
 *
 * With `b` for the backoff and `h` for the hint (0 without one), the delay is between
 *
 * - `none`: `max(h, b)` exactly
 * - `proportional`: `max(h, b)` and a quarter more
 * - `full`: `h` and `h + b`
 * - `equal`: `max(h, b / 2)` and `b / 2` more
 * - `decorrelated`: `max(h, base)` and `min(3 * p, cap) - base` more, where `p` is the delay before without its hint,
 *   and at least `base`
 *
 * `full`, `equal` and `decorrelated` are those of the AWS Architecture Blog, moved above the hint.
 *
 * @category models
 * @since 0.1.0
 */
export type Jitter = "none" | "proportional" | "full" | "equal" | "decorrelated"

/** A rule whose values were checked. */
export interface Rule {
  readonly base: Duration.Duration
  readonly factor: number
  readonly cap: Duration.Duration
  readonly retries: number
  readonly jitter: Jitter
}

export type Rules = Readonly<Record<Kind, Rule>>

/** Limits whose values were checked. */
export interface Limits {
  readonly attempts?: number | undefined
  readonly retriesOf?: Readonly<Partial<Record<Kind, number>>> | undefined
  readonly elapsed?: Duration.Duration | undefined
  readonly longestHint?: Duration.Duration | undefined
}

/** The property under which a policy keeps its tree. */
export const NodeId = "~@effect-venice/core/Retry/Policy"

export type Node =
  | { readonly _tag: "Rules"; readonly rules: Rules }
  | { readonly _tag: "Limit"; readonly policy: Node; readonly limits: Limits }
  | { readonly _tag: "AndThen"; readonly first: Node; readonly second: Node }
  | { readonly _tag: "Stricter"; readonly left: Node; readonly right: Node }
  | { readonly _tag: "Lenient"; readonly left: Node; readonly right: Node }

/** What a decider sees of a failed attempt. */
export interface Signal {
  readonly kind: Kind
  /** In milliseconds; zero without a hint. */
  readonly hint: number
  /** When the attempt failed, in epoch milliseconds. */
  readonly now: number
}

/** An interval for the delay, in milliseconds. */
export interface Delay {
  readonly _tag: "Delay"
  readonly floor: number
  readonly ceiling: number
}

export type Decision = Delay | { readonly _tag: "GiveUp"; readonly reason: Reason }

export interface Decider {
  readonly decide: (signal: Signal) => Decision
  readonly commit: (signal: Signal, delay: number) => void
}

const giveUp = (reason: Reason): Decision => ({ _tag: "GiveUp", reason })

const between = (floor: number, ceiling: number): Delay => ({ _tag: "Delay", floor, ceiling: Math.max(floor, ceiling) })

/** The delay at a position in its interval, from 0 to 1, rounded up to whole milliseconds. */
export const draw = ({ ceiling, floor }: Delay, position: number): number =>
  Math.ceil(floor + (ceiling - floor) * position)

/** How much `proportional` adds at most, as a share of the delay. */
export const proportion = 0.25

/** The interval of a rule's delay. It never begins before the hint. */
const interval = (rule: Rule, retry: number, hint: number, previous: number): Delay => {
  const base = Duration.toMillis(rule.base)
  const cap = Duration.toMillis(rule.cap)
  // A large power of the factor is `Infinity`, and zero times that is `NaN`.
  const backoff = base === 0 ? 0 : Math.min(base * rule.factor ** (retry - 1), cap)
  switch (rule.jitter) {
    case "none": {
      const delay = Math.max(hint, backoff)
      return between(delay, delay)
    }
    case "proportional": {
      const delay = Math.max(hint, backoff)
      return between(delay, delay * (1 + proportion))
    }
    case "full":
      return between(hint, hint + backoff)
    case "equal": {
      const floor = Math.max(hint, backoff / 2)
      return between(floor, floor + backoff / 2)
    }
    case "decorrelated": {
      // Neither the cap nor the delay before is shorter than the base.
      const floor = Math.max(hint, base)
      return between(floor, floor + Math.min(cap, previous * 3) - base)
    }
  }
}

/** A day in milliseconds. No policy accepts a longer hint, since a sleep has to end. */
const maxHint = 24 * 60 * 60 * 1000

/**
 * A number for each kind that occurred. An object has a tenth of the size of a `Map`, and many calls may be waiting.
 */
type PerKind = { [K in Kind]?: number }

const increase = (counts: PerKind | undefined, kind: Kind): PerKind => {
  if (counts === undefined) return { [kind]: 1 }
  counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

class RulesDecider implements Decider {
  readonly rules: Rules
  counts: PerKind | undefined
  delays: PerKind | undefined

  constructor(rules: Rules) {
    this.rules = rules
  }

  decide({ hint, kind }: Signal): Decision {
    const rule = this.rules[kind]
    const retry = (this.counts?.[kind] ?? 0) + 1
    if (!(retry <= rule.retries)) return giveUp("retries")
    if (!(hint <= maxHint)) return giveUp("hint")
    return interval(rule, retry, hint, this.delays?.[kind] ?? Duration.toMillis(rule.base))
  }

  commit({ hint, kind }: Signal, delay: number): void {
    const { base, jitter } = this.rules[kind]
    this.counts = increase(this.counts, kind)
    if (jitter !== "decorrelated") return
    // A hint applies to one delay only, so the next delay grows from the policy's own part of this one.
    this.delays ??= {}
    this.delays[kind] = Math.max(Duration.toMillis(base), delay - hint)
  }
}

class LimitDecider implements Decider {
  readonly inner: Decider
  readonly limits: Limits
  counts: PerKind | undefined
  retries = 0
  start: number | undefined

  constructor(inner: Decider, limits: Limits) {
    this.inner = inner
    this.limits = limits
  }

  decide(signal: Signal): Decision {
    const { attempts, elapsed, longestHint, retriesOf } = this.limits
    this.start ??= signal.now
    // Called even if a limit is reached, so that the inner decider sees the same failures in any order of limits.
    const decision = this.inner.decide(signal)
    if (attempts !== undefined && !(this.retries + 2 <= attempts)) return giveUp("attempts")
    const ofKind = retriesOf?.[signal.kind]
    if (ofKind !== undefined && !((this.counts?.[signal.kind] ?? 0) + 1 <= ofKind)) return giveUp("retries")
    if (longestHint !== undefined && !(signal.hint <= Duration.toMillis(longestHint))) return giveUp("hint")
    if (decision._tag === "GiveUp" || elapsed === undefined) return decision
    // Jitter is not cut to fit: a shorter delay could leave time for an attempt that the policy alone would not make.
    return decision.ceiling <= this.start + Duration.toMillis(elapsed) - signal.now ? decision : giveUp("elapsed")
  }

  commit(signal: Signal, delay: number): void {
    this.retries++
    if (this.limits.retriesOf !== undefined) this.counts = increase(this.counts, signal.kind)
    this.inner.commit(signal, delay)
  }
}

/**
 * Fits a delay into the remaining milliseconds. It never cuts the floor. It cuts jitter only if the floor is at least
 * half of the ceiling: otherwise many attempts would come just before the end.
 */
export const within = (delay: Delay, remaining: number, reason: Reason): Decision => {
  if (!(remaining > 0) || delay.floor > remaining) return giveUp(reason)
  if (delay.ceiling <= remaining) return delay
  return delay.floor * 2 < delay.ceiling ? giveUp(reason) : between(delay.floor, remaining)
}

class AndThenDecider implements Decider {
  readonly first: Decider
  readonly second: Decider
  // Which part counts the retry: the one that decided on it, or both if both gave up and another part of the tree retries.
  firstCounts = true
  secondCounts = false

  constructor(first: Decider, second: Decider) {
    this.first = first
    this.second = second
  }

  decide(signal: Signal): Decision {
    const decision = this.first.decide(signal)
    if (decision._tag === "Delay") {
      this.firstCounts = true
      this.secondCounts = false
      return decision
    }
    const next = this.second.decide(signal)
    this.firstCounts = next._tag === "GiveUp"
    this.secondCounts = true
    return next
  }

  commit(signal: Signal, delay: number): void {
    if (this.firstCounts) this.first.commit(signal, delay)
    if (this.secondCounts) this.second.commit(signal, delay)
  }
}

class CombinedDecider implements Decider {
  readonly left: Decider
  readonly right: Decider
  readonly combine: (left: Decision, right: Decision) => Decision

  constructor(left: Decider, right: Decider, combine: (left: Decision, right: Decision) => Decision) {
    this.left = left
    this.right = right
    this.combine = combine
  }

  decide(signal: Signal): Decision {
    return this.combine(this.left.decide(signal), this.right.decide(signal))
  }

  commit(signal: Signal, delay: number): void {
    this.left.commit(signal, delay)
    this.right.commit(signal, delay)
  }
}

const stricter = (left: Decision, right: Decision): Decision => {
  if (left._tag === "GiveUp") return left
  if (right._tag === "GiveUp") return right
  return between(Math.max(left.floor, right.floor), Math.max(left.ceiling, right.ceiling))
}

const lenient = (left: Decision, right: Decision): Decision => {
  if (left._tag === "GiveUp") return right
  if (right._tag === "GiveUp") return left
  return between(Math.min(left.floor, right.floor), Math.min(left.ceiling, right.ceiling))
}

/** Makes the decider of one call. */
export const decider = (node: Node): Decider => {
  switch (node._tag) {
    case "Rules":
      return new RulesDecider(node.rules)
    case "Limit":
      return new LimitDecider(decider(node.policy), node.limits)
    case "AndThen":
      return new AndThenDecider(decider(node.first), decider(node.second))
    case "Stricter":
      return new CombinedDecider(decider(node.left), decider(node.right), stricter)
    case "Lenient":
      return new CombinedDecider(decider(node.left), decider(node.right), lenient)
  }
}

/** Changes the rules in every leaf of the tree. */
export const mapRules = (node: Node, f: (rules: Rules) => Rules): Node => {
  switch (node._tag) {
    case "Rules":
      return { _tag: "Rules", rules: f(node.rules) }
    case "Limit":
      return { ...node, policy: mapRules(node.policy, f) }
    case "AndThen":
      return { ...node, first: mapRules(node.first, f), second: mapRules(node.second, f) }
    case "Stricter":
    case "Lenient":
      return { ...node, left: mapRules(node.left, f), right: mapRules(node.right, f) }
  }
}
