/**
 * The time that the emulated Venice tells in headers.
 *
 * A `TestClock` begins in 1970, where a number of milliseconds looks like one of seconds, and clients read both. So a
 * clock of the past is shifted into this century, and `Date` says so: clients read moments relative to it.
 *
 * @internal
 */
const base = Date.UTC(2026, 0, 1)

/** Epoch milliseconds by the clock of the server. */
export const wall = (now: number): number => now < base ? base + now : now

/** The `Date` header. */
export const dateHeader = (now: number): string => new Date(wall(now)).toUTCString()
