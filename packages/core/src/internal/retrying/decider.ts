/**
 * How a policy decides: an interval for the wait, or a reason to stop. Waiting and chance are elsewhere.
 *
 * A policy is a tree. Its decider is made anew for every call and holds the counts of that call. To decide is to look;
 * only a retry that is really made is committed, so that in a combination every part counts the same retries.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { Reason } from "../../Attempts.ts"
import type { Retryable } from "../../Category.ts"

/**
 * What a policy has a rule for: the retryable categories, and failures without a response.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = Retryable | "Transport"

/**
 * How waits are spread, so that callers who failed together do not come back together.
 *
 * **Details**
 *
 * With `b` for the backoff and `h` for the server's hint (0 without one), the wait lies in
 *
 * - `none`: `max(h, b)`
 * - `proportional`: `max(h, b)` to a quarter more
 * - `full`: `h` to `h + b`
 * - `equal`: `max(h, b / 2)` to half of `b` more
 * - `decorrelated`: `max(h, base)` to as much more as three times the wait before exceeds the base, at most the cap
 *
 * `full`, `equal` and `decorrelated` are those of the AWS Architecture Blog, moved above the hint.
 *
 * @category models
 * @since 0.1.0
 */
export type Jitter = "none" | "proportional" | "full" | "equal" | "decorrelated"

/**
 * How often, and after which waits, failures of one kind are repeated.
 *
 * **Details**
 *
 * The backoff before the n-th retry of the kind is `base * factor^(n - 1)`, at most `cap`.
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
  readonly jitter: Jitter
}

/**
 * A rule for every kind. A kind without a rule is a compile error.
 *
 * @category models
 * @since 0.1.0
 */
export type Rules = Readonly<Record<Kind, Rule>>

/**
 * Limits over all kinds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** How many attempts there are in all, the first included. */
  readonly attempts?: number
  /** How many failures of a kind are repeated. */
  readonly retriesOf?: Readonly<Partial<Record<Kind, number>>>
  /** How much time may pass between the first failure and the last attempt. */
  readonly elapsed?: Duration.Duration
  /** The longest wait a server may ask for. */
  readonly longestHint?: Duration.Duration
}

/** The property under which a policy keeps its tree. */
export const NodeId = "~@effect-venice/core/Retry/Policy"

export type Node =
  | { readonly _tag: "Rules"; readonly rules: Rules }
  | { readonly _tag: "Limit"; readonly policy: Node; readonly limits: Limits }
  | { readonly _tag: "AndThen"; readonly first: Node; readonly second: Node }
  | { readonly _tag: "Stricter"; readonly left: Node; readonly right: Node }
  | { readonly _tag: "Lenient"; readonly left: Node; readonly right: Node }

/** What a policy sees of a failed attempt. */
export interface Signal {
  readonly kind: Kind
  /** The delay the server asks for, in milliseconds; zero if it asks for none. */
  readonly hint: number
  /** When the attempt failed, in epoch milliseconds. */
  readonly now: number
}

/** Milliseconds; the wait is to lie between the two. */
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

/** The wait at a place in its interval, from 0 to 1, in whole milliseconds. */
export const draw = ({ ceiling, floor }: Delay, place: number): number => Math.ceil(floor + (ceiling - floor) * place)

/** The share that `proportional` adds at the most. */
export const proportion = 0.25

/** The interval of a rule's wait. Whatever the jitter, it begins at the hint or later. */
const interval = (rule: Rule, retry: number, hint: number, previous: number): Delay => {
  const base = Duration.toMillis(rule.base)
  const cap = Duration.toMillis(rule.cap)
  // Nothing grows from zero, however large the factor's power.
  const backoff = base === 0 ? 0 : Math.min(base * rule.factor ** (retry - 1), cap)
  switch (rule.jitter) {
    case "none": {
      const wait = Math.max(hint, backoff)
      return between(wait, wait)
    }
    case "proportional": {
      const wait = Math.max(hint, backoff)
      return between(wait, wait * (1 + proportion))
    }
    case "full":
      return between(hint, hint + backoff)
    case "equal": {
      const floor = Math.max(hint, backoff / 2)
      return between(floor, floor + backoff / 2)
    }
    case "decorrelated": {
      const floor = Math.max(hint, Math.min(base, cap))
      return between(floor, floor + Math.max(0, Math.min(cap, previous * 3) - base))
    }
  }
}

/** Beyond a day no hint is waited for, whatever the limits: a sleep has to end. In milliseconds. */
const maxHint = 24 * 60 * 60 * 1000

/** A number for each kind there was. As an object it is a tenth of a `Map`, and many calls may be waiting. */
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
    // A hint counts for one wait only: what the next one grows from is the policy's own part.
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
    // Asked whatever the limits say, so that what is inside sees the same failures in any order of limits.
    const decision = this.inner.decide(signal)
    if (attempts !== undefined && !(this.retries + 2 <= attempts)) return giveUp("attempts")
    const ofKind = retriesOf?.[signal.kind]
    if (ofKind !== undefined && !((this.counts?.[signal.kind] ?? 0) + 1 <= ofKind)) return giveUp("retries")
    if (longestHint !== undefined && !(signal.hint <= Duration.toMillis(longestHint))) return giveUp("hint")
    if (decision._tag === "GiveUp" || elapsed === undefined) return decision
    // Nothing is cut to fit: a shorter wait could leave time for an attempt that there would not have been.
    return decision.ceiling <= this.start + Duration.toMillis(elapsed) - signal.now ? decision : giveUp("elapsed")
  }

  commit(signal: Signal, delay: number): void {
    this.retries++
    if (this.limits.retriesOf !== undefined) this.counts = increase(this.counts, signal.kind)
    this.inner.commit(signal, delay)
  }
}

/**
 * A wait that has to end within so many milliseconds. Its floor is never cut. Its jitter is, where the floor is most of
 * the wait; where it is not, cutting would leave a shower of attempts just before the end.
 */
export const within = (wait: Delay, remaining: number, reason: Reason): Decision => {
  if (!(remaining > 0) || wait.floor > remaining) return giveUp(reason)
  if (wait.ceiling <= remaining) return wait
  return wait.floor * 2 < wait.ceiling ? giveUp(reason) : between(wait.floor, remaining)
}

class AndThenDecider implements Decider {
  readonly first: Decider
  readonly second: Decider
  // Who counts the retry: the one that decided on it, or both when neither did and another part of a combination does.
  firstActs = true
  secondActs = false

  constructor(first: Decider, second: Decider) {
    this.first = first
    this.second = second
  }

  decide(signal: Signal): Decision {
    const decision = this.first.decide(signal)
    if (decision._tag === "Delay") {
      this.firstActs = true
      this.secondActs = false
      return decision
    }
    const next = this.second.decide(signal)
    this.firstActs = next._tag === "GiveUp"
    this.secondActs = true
    return next
  }

  commit(signal: Signal, delay: number): void {
    if (this.firstActs) this.first.commit(signal, delay)
    if (this.secondActs) this.second.commit(signal, delay)
  }
}

class BothDecider implements Decider {
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

/** A decider for one call. */
export const decider = (node: Node): Decider => {
  switch (node._tag) {
    case "Rules":
      return new RulesDecider(node.rules)
    case "Limit":
      return new LimitDecider(decider(node.policy), node.limits)
    case "AndThen":
      return new AndThenDecider(decider(node.first), decider(node.second))
    case "Stricter":
      return new BothDecider(decider(node.left), decider(node.right), stricter)
    case "Lenient":
      return new BothDecider(decider(node.left), decider(node.right), lenient)
  }
}

/** The tree with every leaf's rules changed. */
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
