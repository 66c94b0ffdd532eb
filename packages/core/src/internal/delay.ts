/**
 * A duration that can be slept, encoded in milliseconds.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const isDelay = (delay: Duration.Duration): boolean =>
  Number.isFinite(Duration.toMillis(delay)) && !Duration.isNegative(delay)

/** A finite number of milliseconds, not negative. */
export const Delay = Schema.DurationFromMillis.check(Schema.makeFilter((delay) => isDelay(delay) || "a finite delay"))
