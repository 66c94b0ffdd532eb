/** The drawing of a call as rectangles on one scale, without the document. */
import type { Attempt, Call } from "./simulation.ts"

/** A piece of a row, from 0 to 1 of the width. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The row of an attempt: how long it took, how long the policy waited, and between which bounds. */
export interface Row {
  readonly attempt: Attempt
  readonly request: Span
  readonly wait: Span | undefined
  readonly hint: Span | undefined
  readonly band: Span | undefined
}

export interface Timeline {
  /** The time at the right edge, in milliseconds. */
  readonly total: number
  readonly rows: ReadonlyArray<Row>
  readonly ticks: ReadonlyArray<{ readonly at: number; readonly millis: number }>
  readonly deadline: number | undefined
}

/** The distance of ticks of which at most six fit: 1, 2 or 5 times a power of ten, or parts of minutes and hours. */
export const tickOf = (total: number): number => {
  const steps = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000]
  const powers = [1, 10, 100, 1000].flatMap((power) => [power, 2 * power, 5 * power])
  return [...powers, 10_000, ...steps].find((step) => total / step <= 6) ?? 14_400_000
}

/** Lays a call out. A wait and the bounds of its draw end inside of the drawing, and so does the deadline. */
export const layout = ({ attempts, elapsed }: Call, deadline: number | undefined): Timeline => {
  const ends = attempts.map(({ ends, hint = 0, wait }) => ends + Math.max(hint, wait?.ceiling ?? 0))
  const total = Math.max(1, elapsed, deadline ?? 0, ...ends)
  const span = (from: number, to: number): Span => ({ from: from / total, to: Math.min(1, to / total) })
  const tick = tickOf(total)
  return {
    total,
    rows: attempts.map((attempt) => {
      const { begins, ends, hint, wait } = attempt
      return {
        attempt,
        request: span(begins, ends),
        wait: wait && span(ends, ends + wait.delay),
        hint: hint === undefined || hint === 0 ? undefined : span(ends, ends + hint),
        band: wait && wait.ceiling > wait.floor ? span(ends + wait.floor, ends + wait.ceiling) : undefined
      }
    }),
    ticks: Array.from({ length: Math.floor(total / tick) + 1 }, (_, i) => ({ at: i * tick / total, millis: i * tick })),
    deadline: deadline === undefined ? undefined : deadline / total
  }
}

/** A time with the unit that it is read in: `250 ms`, `1.5 s`, `2 min`, `1.5 h`. */
export const timeText = (millis: number): string => {
  const [size, unit] = millis < 1000
    ? [1, "ms"] as const
    : millis < 120_000
    ? [1000, "s"] as const
    : millis < 7_200_000
    ? [60_000, "min"] as const
    : [3_600_000, "h"] as const
  return `${Number((millis / size).toPrecision(3))} ${unit}`
}
