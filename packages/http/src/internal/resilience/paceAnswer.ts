/**
 * What the end of an attempt says of the pace.
 *
 * @internal
 */
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Metadata } from "../responseMetadata.ts"
import type { Answer } from "./lanes.ts"
import { usageOf } from "./tokens.ts"

/** An attempt that another part did not send. */
export const unsent: Answer = { unsent: true }

/** How long nothing is sent after a 429 without a hint. */
const pauseWithoutHint = Duration.seconds(1)

/**
 * What a failure says of the pace, for {@link run}. A 429 is a pause; the one of a lockout is not, because it is for
 * `LockoutGuard`.
 *
 * @category reading
 * @since 0.1.0
 */
export const answerOfFailure = (failure: unknown): Answer => {
  if (!isVeniceError(failure)) return {}
  const { rateLimit, retryAfter } = failure.response
  const isPause = failure._tag === "RATE_LIMIT_EXCEEDED" && failure.limit !== "failures"
  return { rateLimit, ...(isPause && { pause: retryAfter ?? pauseWithoutHint, tokens: 0 }) }
}

const failedAnswer = (exit: Exit.Failure<unknown, unknown>): Answer =>
  Option.match(Cause.findErrorOption(exit.cause), { onNone: () => ({}), onSome: answerOfFailure })

/** What the exit of an attempt says, with the metadata of its success. */
export const answerOfExit = (exit: Exit.Exit<unknown, unknown>, latest: Metadata): Answer =>
  Exit.isSuccess(exit) ? { rateLimit: latest.rateLimit, tokens: usageOf(exit.value) } : failedAnswer(exit)

/** What the end of a stream says, with the tokens that its events told. */
export const answerOfStream = (
  exit: Exit.Exit<unknown, unknown>,
  latest: Metadata,
  tokens: number | undefined
): Answer => Exit.isSuccess(exit) ? { rateLimit: latest.rateLimit, tokens } : failedAnswer(exit)
