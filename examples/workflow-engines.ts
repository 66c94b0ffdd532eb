/**
 * A decision of a policy in the terms of Temporal, Restate and Inngest. The guide `docs/guides/workflow-engines.md` shows the
 * functions, and `workflow-engines.test.ts` passes what they make to those libraries.
 */
import { Retry } from "@effect-venice/core"
import type { Failure } from "@effect-venice/http"
import { type Context, TerminalError } from "@restatedev/restate-sdk"
import { ApplicationFailure } from "@temporalio/common"
import { Duration, Effect } from "effect"
import { NonRetriableError, RetryAfterError } from "inngest"

const policy = Retry.patient

/** For an activity of Temporal: `attempt` and `scheduledTimestampMs` are in `activityInfo()`. */
export const toApplicationFailure = (
  failure: Failure.Failure,
  info: { readonly attempt: number; readonly scheduledTimestampMs: number }
): ApplicationFailure => {
  const elapsed = Duration.millis(Math.max(0, Date.now() - info.scheduledTimestampMs))
  const decision = Retry.decide(policy, failure, { attempt: info.attempt, elapsed, random: Math.random() })
  return ApplicationFailure.create({
    message: failure.message,
    type: failure._tag,
    ...(typeof decision === "string"
      ? { nonRetryable: true, details: [decision] }
      : { nextRetryDelay: Duration.toMillis(decision) })
  })
}

/** For a function of Inngest: its `attempt` begins at 0. */
export const toInngestError = (failure: Failure.Failure, attempt: number): Error => {
  const decision = Retry.decide(policy, failure, { attempt: attempt + 1, random: Math.random() })
  return typeof decision === "string"
    ? new NonRetriableError(`${failure._tag}: ${failure.message} (${decision})`)
    : new RetryAfterError(`${failure._tag}: ${failure.message}`, Duration.toMillis(decision))
}

/** For a handler of Restate: each attempt is a step of its journal, and so is each delay. */
export const retryInRestate = async <A>(
  ctx: Context,
  name: string,
  call: Effect.Effect<A, Failure.Failure>
): Promise<A> => {
  for (let attempt = 1;; attempt++) {
    const step = await ctx.run(`${name} ${attempt}`, () =>
      Effect.runPromise(Effect.match(call, {
        onSuccess: (value) => ({ value }),
        onFailure: (failure) => {
          const decision = Retry.decide(policy, failure, { attempt, random: Math.random() })
          return typeof decision === "string"
            ? { failed: `${failure._tag}: ${failure.message} (${decision})` }
            : { delay: Duration.toMillis(decision) }
        }
      })))
    if ("value" in step) return step.value
    if ("failed" in step) throw new TerminalError(step.failed)
    await ctx.sleep(step.delay)
  }
}
