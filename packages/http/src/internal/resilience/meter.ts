/**
 * One budget of a model, of requests or of tokens: what was sent in the sliding window, and what Venice says remains.
 *
 * @internal
 */
import { report, type Reported, SetBack } from "./reported.ts"

/** What one call takes of a budget. */
export interface Entry {
  time: number
  amount: number
  /** All that was taken up to this call, to know what was sent after it. */
  readonly total: number
  /** Whether it is in the window. */
  counts: boolean
}

export class Meter {
  limit: number
  readonly window: number
  entries: Array<Entry> = []
  used = 0
  private total = 0
  private reported: Reported | undefined
  private pausedUntil = -Infinity
  private readonly setBack = new SetBack()

  constructor(limit: number, window: number) {
    this.limit = limit
    this.window = window
  }

  advance(now: number): void {
    const { entries } = this
    const back = this.setBack.since(now)
    if (back > 0) this.moveBack(back)
    let expired = 0
    while (expired < entries.length && entries[expired]!.time + this.window <= now) {
      const entry = entries[expired++]!
      entry.counts = false
      this.used -= entry.amount
    }
    if (expired > 0) entries.splice(0, expired)
    if (this.reported !== undefined && this.reported.until <= now) this.reported = undefined
  }

  private moveBack(millis: number): void {
    for (const entry of this.entries) entry.time -= millis
    this.pausedUntil -= millis
    if (this.reported !== undefined) this.reported.until -= millis
  }

  isIdle(now: number): boolean {
    this.advance(now)
    return this.entries.length === 0 && this.reported === undefined && this.pausedUntil <= now
  }

  /** Nothing can be taken until a time. */
  pause(now: number, until: number): void {
    this.advance(now)
    this.pausedUntil = Math.max(this.pausedUntil, until)
  }

  /** When an amount can be taken; now or earlier if it can. More than the whole budget waits for the whole budget. */
  opensAt(now: number, asked: number): number {
    this.advance(now)
    const amount = Math.min(asked, this.limit)
    const { reported } = this
    let opens = this.pausedUntil
    if (reported !== undefined && reported.remaining < amount) opens = reported.until
    let missing = amount - (this.limit - this.used)
    for (let i = 0; missing > 0 && i < this.entries.length; i++) {
      const entry = this.entries[i]!
      missing -= entry.amount
      // The entries are in the order of their times, so that the last one decides.
      opens = Math.max(opens, entry.time + this.window)
    }
    return opens
  }

  /** Takes an amount at a time at which `opensAt` was asked. */
  take(now: number, amount: number): Entry {
    this.total += amount
    const entry = { time: now, amount, total: this.total, counts: true }
    this.entries.push(entry)
    this.used += amount
    if (this.reported !== undefined) this.reported.remaining -= amount
    return entry
  }

  /** Replaces an estimate by what was used. */
  correct(entry: Entry, amount: number): void {
    const difference = amount - entry.amount
    if (entry.counts) this.used += difference
    if (this.reported !== undefined) this.reported.remaining -= difference
    entry.amount = amount
  }

  /** What Venice says after a call. It does not know what was sent after that call. */
  report(
    { limit, remaining, resetAt }: {
      readonly limit?: number | undefined
      readonly remaining?: number | undefined
      readonly resetAt?: number | undefined
    },
    entry: Entry,
    now: number
  ): void {
    this.advance(now)
    if (limit !== undefined && limit >= 1) this.limit = limit
    if (remaining === undefined) return
    this.reported = report(this.reported, remaining - (this.total - entry.total), resetAt, now, this.window)
  }
}
