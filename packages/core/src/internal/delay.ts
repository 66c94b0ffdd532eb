/**
 * The schema of a delay or a hint, encoded in milliseconds.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const isDelay = (delay: Duration.Duration): boolean =>
  Number.isFinite(Duration.toMillis(delay)) && !Duration.isNegative(delay)

/** A duration that a program can wait: finite and not negative. */
export const Delay = Schema.DurationFromMillis.check(Schema.makeFilter((delay) => isDelay(delay) || "a finite delay"))
