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
import { report, type Reported, SetBack } from "./reported.ts"

/** All in milliseconds or failures. */
export interface Rules {
  readonly limit: number
  readonly window: number
}

/** A call is sent, or waits for a call in flight, or is refused until a time. */
export type Verdict = "send" | "wait" | number

/** One process's part of `failures`. */
const part = (failures: number, processes: number): number => Math.floor(failures / processes)

export class FailureLog {
  /** When each counted failure arrived, the oldest first. */
  readonly failures: Array<number> = []
  inFlight = 0
  closedUntil = -Infinity
  reported: Reported | undefined
  readonly rules: Rules
  private readonly setBack = new SetBack()

  constructor(rules: Rules) {
    this.rules = rules
  }

  /** Forgets what is over. */
  advance(now: number): void {
    const { failures, reported, rules } = this
    const back = this.setBack.since(now)
    if (back > 0) this.moveBack(back)
    let expired = 0
    while (expired < failures.length && failures[expired]! + rules.window <= now) expired++
    if (expired > 0) failures.splice(0, expired)
    if (reported !== undefined && reported.until <= now) this.reported = undefined
  }

  private moveBack(millis: number): void {
    for (let i = 0; i < this.failures.length; i++) this.failures[i]! -= millis
    this.closedUntil -= millis
    if (this.reported !== undefined) this.reported.until -= millis
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

  /**
   * The verdict on a call that must leave `spare` failures unused, beside `inFlight` other calls of this process. Without
   * a common count, each of several `processes` takes an equal part of the budget, and takes it that the others have as
   * many calls in flight as itself.
   */
  decide(now: number, spare: number, inFlight = this.inFlight, processes = 1): Verdict {
    this.advance(now)
    const { reported, rules: { limit } } = this
    const left = now < this.closedUntil ? 0 : Math.min(
      part(limit - spare, processes) - this.failures.length,
      reported === undefined ? Infinity : part(reported.remaining - spare, processes)
    )
    if (left > inFlight) return "send"
    return left > 0 ? "wait" : this.opensAt(now, spare, processes)
  }

  /** When a call that leaves `spare` failures unused may be sent again. */
  private opensAt(now: number, spare: number, processes: number): number {
    const { closedUntil, failures, reported, rules: { limit, window } } = this
    const tooMany = failures.length - part(limit - spare, processes)
    return Math.max(
      closedUntil,
      // No failure is there when the part of a process is none.
      tooMany >= 0 ? (failures[tooMany] ?? now) + window : -Infinity,
      reported !== undefined && part(reported.remaining - spare, processes) <= 0 ? reported.until : -Infinity
    )
  }

  count(now: number): void {
    this.advance(now)
    this.failures.push(now)
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

  close(now: number, until: number): void {
    this.advance(now)
    this.closedUntil = Math.max(this.closedUntil, until)
  }
}
