/**
 * What the end of an attempt says about the failure budget.
 *
 * @internal
 */
import * as FailureBudget from "@effect-venice/core/FailureBudget"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Metadata } from "../responseMetadata.ts"
import type { Answer } from "./failureBudgets.ts"

/**
 * What a failure says about the failure budget, for {@link run}. An error of Venice is counted by
 * `FailureBudget.isCounted`; any other failure is none of Venice's and says nothing.
 *
 * @category reading
 * @since 0.1.0
 */
export const answerOfFailure = (failure: unknown): Answer | undefined => {
  if (!isVeniceError(failure)) return undefined
  const { rateLimit, retryAfter } = failure.response
  return {
    counted: FailureBudget.isCounted(failure),
    budget: rateLimit?.failures,
    lockout: FailureBudget.isLockout(failure) ? retryAfter ?? FailureBudget.window : undefined
  }
}

/** What the exit of an attempt says, with the metadata of its success. */
export const answerOfExit = (exit: Exit.Exit<unknown, unknown>, latest: Metadata): Answer | undefined => {
  if (Exit.isSuccess(exit)) return { counted: false, budget: latest.rateLimit?.failures }
  return Option.getOrUndefined(Option.map(Cause.findErrorOption(exit.cause), answerOfFailure))
}
