/**
 * The attempts behind a failure that was retried.
 *
 * When a policy gives up, the last error carries what came before it: code, status, request id, hint and wait of every
 * attempt, and why there was no further one. It is part of the error's schema, so it crosses processes with it, and it
 * is bounded: of a long history the first attempt and the latest are kept.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Delay } from "./internal/delay.ts"

/**
 * How many attempts a history keeps.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxKept = 32

/**
 * Why a policy made no further attempt.
 *
 * **Details**
 *
 * - `final`: the failure is none that a repeat can mend
 * - `retries`: the kind's own retries are used up
 * - `attempts`, `elapsed`: a limit over all kinds is reached
 * - `hint`: the server asks for a longer wait than the policy takes
 * - `deadline`: the wait would end after the caller's deadline
 * - `replay`: a repeat may be charged or done twice
 * - `budget`: the budget for retries across calls is empty
 * - `outside`: the policy would have gone on, and something around it did not: `times`, a schedule beside it
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
 * Why a policy made no further attempt.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * One attempt that failed. Waits are encoded in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Attempt = Schema.Struct({
  /** Venice's code, or the tag of a failure without a response. */
  code: Schema.String,
  status: Schema.optionalKey(Schema.Finite),
  requestId: Schema.optionalKey(Schema.String),
  /** What the server asked for. */
  hint: Schema.optionalKey(Delay),
  /** The wait after it; absent on the last. */
  delay: Schema.optionalKey(Delay)
})

/**
 * One attempt that failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt extends Schema.Schema.Type<typeof Attempt> {}

/**
 * The attempts behind a failure, the last one being the failure itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Attempts = Schema.Struct({
  made: Schema.Array(Attempt),
  /** How many are left out between the first and the rest. */
  omitted: Schema.Finite,
  reason: Reason
})

/**
 * The attempts behind a failure.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempts extends Schema.Schema.Type<typeof Attempts> {}

/**
 * Bounds a history to {@link maxKept} attempts: the first, and the latest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (made: ReadonlyArray<Attempt>, reason: Reason): Attempts => {
  const omitted = Math.max(0, made.length - maxKept)
  return { made: omitted === 0 ? [...made] : [made[0]!, ...made.slice(omitted + 1)], omitted, reason }
}

const explanations: Readonly<Record<Reason, string>> = {
  final: "a repeat cannot mend it",
  retries: "no retries left for this kind of failure",
  attempts: "no attempts left",
  elapsed: "no time left",
  hint: "the server asks for a longer wait than the policy takes",
  deadline: "the wait would end after the deadline",
  replay: "a repeat may be charged or done twice",
  budget: "no budget for retries left",
  outside: "ended by something around the policy"
}

/**
 * A line for each attempt, for the reader of a log.
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
