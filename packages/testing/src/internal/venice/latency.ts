/**
 * Durations that are drawn from a log-normal distribution.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type * as Dynamics from "../../Dynamics.ts"

/** The quantile of 99 % of the standard normal distribution. */
const z99 = 2.326_347_874_040_841

/** A standard normal value, from two uniform ones (Box and Muller). */
const normal = (next: () => number): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())

/** A duration in milliseconds. Without a spread, nothing is drawn. */
export const draw = ({ median, p99 }: Dynamics.Latency, next: () => number): number => {
  const middle = Duration.toMillis(median)
  const high = p99 === undefined ? middle : Duration.toMillis(p99)
  if (middle === 0 || high <= middle) return middle
  return Math.round(middle * Math.exp(Math.log(high / middle) / z99 * normal(next)))
}
