/**
 * Requests of a `fetch` under a lockout guard.
 *
 * @internal
 */
import type { RateLimitExceeded } from "@effect-venice/core/Errors"
import { nameOf } from "@effect-venice/core/Operation"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { fromInput } from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { LockoutAhead } from "../../Failure.ts"
import {
  type Answer,
  answerOf,
  answerOfHeaders,
  type Call,
  callOf,
  LockoutGuard,
  run
} from "../../resilience/LockoutGuard.ts"
import { asRateLimit } from "../unsent.ts"
import type { Sent } from "./request.ts"

const parse = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The key alone, which is one budget however a client sends it. */
const keyIn = (headers: Headers): string | null =>
  headers.get("authorization")?.replace(/^bearer +/i, "") ?? headers.get("x-api-key")

/** Venice counts by key, model and `user`. What is no JSON text counts as a form. */
const callBy = ({ headers, request, text }: Sent): Call => {
  const key = keyIn(headers)
  return {
    ...callOf(parse(text), key === null ? undefined : Redacted.make(key)),
    operation: nameOf(request.method, request.url)
  }
}

interface Arrived {
  readonly response: Response
  /** In epoch milliseconds. */
  readonly at: number
}

const answerIn = (exit: Exit.Exit<Arrived, unknown>): Answer | undefined =>
  Exit.isSuccess(exit)
    ? answerOfHeaders(fromInput(exit.value.response.headers), exit.value.at)
    : Option.getOrUndefined(Option.map(Cause.findErrorOption(exit.cause), answerOf))

/** A request that the guard does not send fails with the error that Venice would respond with. */
export const guarded = <E>(
  self: Effect.Effect<Response, E>,
  sent: Sent,
  guard: LockoutGuard["Service"]
): Effect.Effect<Response, E | RateLimitExceeded> =>
  self.pipe(
    Effect.zipWith(Clock.currentTimeMillis, (response, at): Arrived => ({ response, at })),
    run<Arrived, E>(callBy(sent), answerIn),
    Effect.provideService(LockoutGuard, guard),
    Effect.map(({ response }) => response),
    Effect.mapError((failure: E | LockoutAhead): E | RateLimitExceeded =>
      failure instanceof LockoutAhead ? asRateLimit(failure) : failure
    )
  )
