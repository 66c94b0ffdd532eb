/**
 * Calls that a part of `resilience` did not send, as the errors that Venice would have responded with.
 *
 * @internal
 */
import { RateLimitExceeded, UnrecognizedResponse } from "@effect-venice/core/Errors"
import type { CircuitOpen, LockoutAhead, PaceExceeded } from "../Failure.ts"

export const asRateLimit = ({ _tag, retryAfter }: LockoutAhead | PaceExceeded): RateLimitExceeded =>
  new RateLimitExceeded({
    message: `Too many ${_tag === "LOCKOUT_AHEAD" ? "failed " : ""}requests. Please try again later.`,
    matchedBy: "code",
    limit: _tag === "LOCKOUT_AHEAD" ? "failures" : "requests",
    response: { status: 429, retryAfter }
  })

export const asCapacity = ({ retryAfter }: CircuitOpen): UnrecognizedResponse =>
  new UnrecognizedResponse({
    category: "Capacity",
    message: "The service is not available at present. Please try again later.",
    matchedBy: "code",
    response: { status: 503, retryAfter }
  })
