/**
 * What the headers of the latest response said of a budget.
 *
 * @internal
 */

export interface Reported {
  remaining: number
  /** By the server's clock, to tell which of two responses is newer. */
  readonly resetAt: number
  /** By our clock. */
  until: number
}

/** Tells how far a clock was set back. What lies in the future by as much would hold calls back for as long. */
export class SetBack {
  private latest = -Infinity

  /** How much earlier this time is than the one before, in milliseconds. */
  since(now: number): number {
    const back = this.latest - now
    this.latest = now
    return Math.max(0, back)
  }
}

/** How long what was said holds, in milliseconds. A time that no window ends at is that of another clock. */
export const holdsFor = (resetAt: number | undefined, now: number, window: number): number =>
  resetAt !== undefined && resetAt > now && resetAt <= now + window ? resetAt - now : window

/** What is known after a response. Of the same window the lowest number counts: an older response may arrive late. */
export const report = (
  known: Reported | undefined,
  remaining: number,
  resetAt: number | undefined,
  now: number,
  window: number
): Reported => {
  if (known !== undefined && (resetAt === undefined || resetAt <= known.resetAt)) {
    known.remaining = Math.min(known.remaining, remaining)
    return known
  }
  return { remaining, resetAt: resetAt ?? now + window, until: now + holdsFor(resetAt, now, window) }
}
