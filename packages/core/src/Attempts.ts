/**
 * The history of a retried call.
 *
 * A policy that gives up attaches the history to the last error, in its field `attempts`: code, status, request id,
 * hint and delay of every attempt, and the reason to give up. The field is part of the error's schema, so it is encoded
 * with the error. A long history keeps the first attempt and the latest ones.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Delay } from "./internal/delay.ts"

/**
 * The number of attempts that a history keeps at most. Read it to size a log field or a column that stores histories.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxKept = 32

/**
 * Why a policy gave up. Read it from `attempts.reason` of an error, to branch on it or to count it in a metric.
 *
 * **Details**
 *
 * - `final`: the policy never retries this failure
 * - `retries`: the kind has no retries left
 * - `attempts`, `elapsed`: a limit over all kinds is reached
 * - `hint`: the hint is longer than the policy accepts
 * - `deadline`: the delay would end after the caller's deadline
 * - `replay`: sending the request again may charge or execute it twice
 * - `budget`: the `RetryBudget` that calls share is empty
 * - `outside`: the policy would have retried, but something around it ended the retries, such as `times` or another
 *   schedule
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Literals([
  "final",
  "retries",
  "attempts",
  "elapsed",
  "hint",
  "deadline",
  "replay",
  "budget",
  "outside"
])

/**
 * Why a policy gave up.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * One failed attempt, as an entry of `attempts.made`. Delays are encoded in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Attempt extends Schema.Opaque<Attempt>()(Schema.Struct({
  /** Venice's code, or the tag of a failure without a response. */
  code: Schema.String,
  status: Schema.optionalKey(Schema.Finite),
  requestId: Schema.optionalKey(Schema.String),
  /** How long the server asked to wait. */
  hint: Schema.optionalKey(Delay),
  /** How long the policy waited before the next attempt; absent on the last attempt. */
  delay: Schema.optionalKey(Delay)
})) {}

/**
 * The history that an error carries in its field `attempts`, and its schema, for storing one apart from its error. The
 * last attempt is the failure itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Attempts extends Schema.Opaque<Attempts>()(Schema.Struct({
  made: Schema.Array(Attempt),
  /** How many attempts are left out after the first. */
  omitted: Schema.Finite,
  reason: Reason
})) {}

/**
 * Makes a history of the first attempt and the latest ones, {@link maxKept} at most.
 *
 * **When to use**
 *
 * In tests, and for a retry loop of your own. Policies attach histories by themselves.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (made: ReadonlyArray<Attempt>, reason: Reason): Attempts => {
  const omitted = Math.max(0, made.length - maxKept)
  return { made: omitted === 0 ? [...made] : [made[0]!, ...made.slice(omitted + 1)], omitted, reason }
}

const explanations: Readonly<Record<Reason, string>> = {
  final: "this failure is never retried",
  retries: "no retries left for this kind of failure",
  attempts: "no attempts left",
  elapsed: "no time left",
  hint: "the server asks for a longer delay than the policy accepts",
  deadline: "the delay would end after the deadline",
  replay: "sending the request again may charge or execute it twice",
  budget: "the retry budget is empty",
  outside: "something around the policy ended the retries"
}

/**
 * Formats a history as a line for each attempt, for logs and bug reports.
 *
 * **Example** (Reading a history)
 *
 * ```ts
 * import { Attempts } from "@effect-venice/core"
 * import { Duration } from "effect"
 *
 * const attempts = Attempts.make([
 *   { code: "MODEL_OVERLOADED", status: 429, hint: Duration.seconds(30), delay: Duration.seconds(31) },
 *   { code: "INFERENCE_FAILED", status: 500, requestId: "91dbd54fa83f8cbd-EWR" }
 * ], "attempts")
 *
 * const lines = Attempts.render(attempts).split("\n")
 * lines[0] // => "1. MODEL_OVERLOADED (HTTP 429), asked for 30s, waited 31s"
 * lines[1] // => "2. INFERENCE_FAILED (HTTP 500, request 91dbd54fa83f8cbd-EWR), gave up: no attempts left"
 * ```
 *
 * @category rendering
 * @since 0.1.0
 */
export const render = ({ made, omitted, reason }: Attempts): string =>
  made.flatMap((attempt, i) => {
    const facts = [
      ...(attempt.status === undefined ? [] : [`HTTP ${attempt.status}`]),
      ...(attempt.requestId === undefined ? [] : [`request ${attempt.requestId}`])
    ]
    const number = i === 0 ? 1 : i + 1 + omitted
    const parts = [
      `${number}. ${attempt.code}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`,
      ...(attempt.hint === undefined ? [] : [`asked for ${Duration.format(attempt.hint)}`]),
      attempt.delay === undefined ? `gave up: ${explanations[reason]}` : `waited ${Duration.format(attempt.delay)}`
    ]
    const line = parts.join(", ")
    return i === 0 && omitted > 0 ? [line, `   … ${omitted} more …`] : [line]
  }).join("\n")
