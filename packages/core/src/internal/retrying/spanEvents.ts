/**
 * Span events of a policy: one for each retry, and one when it gives up.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import type * as Fiber from "effect/Fiber"
import type { Attempt, Reason } from "../../Attempts.ts"

const addSpanEvent = (
  fiber: Fiber.Fiber<unknown, unknown>,
  name: string,
  attempt: Attempt,
  attributes: Readonly<Record<string, unknown>>
): void => {
  const { span } = fiber.cache
  if (span?._tag !== "Span") return
  span.event(name, fiber.getRef(Clock.Clock).currentTimeNanosUnsafe(), {
    "error.type": attempt.code,
    ...(attempt.status !== undefined && { "http.response.status_code": attempt.status }),
    ...(attempt.requestId !== undefined && { "venice.request.id": attempt.requestId }),
    ...attributes
  })
}

export const retry = (fiber: Fiber.Fiber<unknown, unknown>, attempt: Attempt, resend: number, delay: number): void =>
  addSpanEvent(fiber, "retry", attempt, { "http.request.resend_count": resend, "venice.retry.delay_ms": delay })

export const giveUp = (fiber: Fiber.Fiber<unknown, unknown>, attempt: Attempt, reason: Reason): void =>
  addSpanEvent(fiber, "retry.stopped", attempt, { "venice.retry.reason": reason })
