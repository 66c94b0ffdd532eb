/**
 * Settings of the parts of `resilience`: durations and counts that make sense.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Inspectable from "effect/Inspectable"
import { durationOf } from "../duration.ts"

/** An integer between two bounds, or a `RangeError` that names the setting. */
export const countOf = (name: string, value: number, least: number, most = Infinity): number => {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  const range = most === Infinity ? `at least ${least}` : `from ${least} to ${most}`
  throw new RangeError(`${name} must be an integer ${range}, and is ${Inspectable.toStringUnknown(value, 0)}`)
}

/** A duration in milliseconds that a program can wait, or a `RangeError` that names the setting. */
export const millisOf = (name: string, value: Duration.Input): number => {
  const millis = Duration.toMillis(durationOf(name, value))
  if (Number.isFinite(millis)) return millis
  throw new RangeError(`${name} must be a finite duration`)
}

/** {@link millisOf} for a duration that is not zero. */
export const positiveMillisOf = (name: string, value: Duration.Input): number => {
  const millis = millisOf(name, value)
  if (millis > 0) return millis
  throw new RangeError(`${name} must be longer than zero`)
}
