/**
 * The failures of one key, model and user: a sliding log of those that were counted, the calls that are in flight, and
 * what Venice says is left.
 *
 * The log alone keeps the promise that no window holds more counted failures than the budget. Venice counts a failure
 * before its response arrives, and the log keeps it for a whole window after the response, so that both agree for every
 * window. What Venice says only lowers what is left: others may use the same key.
 *
 * @internal
 */
import { report, type Reported } from "./reported.ts"

/** All in milliseconds or failures. */
export interface Rules {
  readonly limit: number
  readonly window: number
}

/** A call is sent, or waits for a call in flight, or is refused until a time. */
export type Verdict = "send" | "wait" | number

export class FailureLog {
  /** When each counted failure arrived, the oldest first. */
  failures: Array<number> = []
  inFlight = 0
  closedUntil = -Infinity
  reported: Reported | undefined
  readonly rules: Rules

  constructor(rules: Rules) {
    this.rules = rules
  }

  /** Forgets what is over. */
  advance(now: number): void {
    const { failures, reported, rules } = this
    let expired = 0
    while (expired < failures.length && failures[expired]! + rules.window <= now) expired++
    if (expired > 0) failures.splice(0, expired)
    if (reported !== undefined && reported.until <= now) this.reported = undefined
  }

  /** Whether nothing would be lost with the log. */
  isIdle(now: number): boolean {
    this.advance(now)
    return this.inFlight === 0 && this.failures.length === 0 && this.reported === undefined && this.closedUntil <= now
  }

  /** The failures that are left, if no call in flight fails. */
  left(now: number): number {
    this.advance(now)
    if (now < this.closedUntil) return 0
    return Math.max(0, Math.min(this.rules.limit - this.failures.length, this.reported?.remaining ?? Infinity))
  }

  /** The verdict on a call that must leave `spare` failures unused. */
  decide(now: number, spare: number): Verdict {
    const left = this.left(now)
    if (left - spare > this.inFlight) return "send"
    return left > spare ? "wait" : this.opensAt(spare)
  }

  /** When more than `spare` failures are left again. */
  opensAt(spare: number): number {
    const { closedUntil, failures, reported, rules: { limit, window } } = this
    const tooMany = failures.length - (limit - spare)
    return Math.max(
      closedUntil,
      tooMany >= 0 ? failures[tooMany]! + window : -Infinity,
      reported !== undefined && reported.remaining <= spare ? reported.until : -Infinity
    )
  }

  count(now: number): void {
    // The clock may have been set back.
    this.failures.push(Math.max(now, this.failures.at(-1) ?? now))
  }

  /** What Venice says is left after a response, and when it will be the whole budget again. */
  report(remaining: number, resetAt: number | undefined, now: number): void {
    this.advance(now)
    this.reported = report(this.reported, remaining, resetAt, now, this.rules.window)
  }

  /** A counted failure whose response did not say what is left. */
  reduceReported(): void {
    if (this.reported !== undefined) this.reported.remaining--
  }

  close(until: number): void {
    this.closedUntil = Math.max(this.closedUntil, until)
  }
}
