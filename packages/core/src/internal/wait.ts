/**
 * A duration that can be slept, encoded in milliseconds.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const isWait = (wait: Duration.Duration): boolean =>
  Number.isFinite(Duration.toMillis(wait)) && !Duration.isNegative(wait)

/** A finite number of milliseconds, not negative. */
export const Wait = Schema.DurationFromMillis.check(Schema.makeFilter((wait) => isWait(wait) || "a finite wait"))
