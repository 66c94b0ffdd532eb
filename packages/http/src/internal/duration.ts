/**
 * Durations in the options of a caller.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"

/** The duration of an option, or a `RangeError` that names the option. */
export const durationOf = (name: string, value: Duration.Input): Duration.Duration => {
  const parsed = Option.getOrUndefined(Duration.fromInput(value))
  // A duration of `NaN` is zero.
  if (parsed !== undefined && !Duration.isNegative(parsed) && !Number.isNaN(value)) return parsed
  throw new RangeError(
    `${name} must be a duration that is not negative, and is ${Inspectable.toStringUnknown(value, 0)}`
  )
}
