/**
 * Calls that a guard did not send, as errors of Venice for those who know no others.
 *
 * @internal
 */
import { RateLimitExceeded } from "@effect-venice/core/Errors"
import type { LockoutAhead } from "../Failure.ts"

/** The error that Venice would have responded with. */
export const asRateLimit = ({ retryAfter }: LockoutAhead): RateLimitExceeded =>
  new RateLimitExceeded({
    message: "Too many failed requests. Please try again later.",
    matchedBy: "code",
    limit: "failures",
    response: { status: 429, retryAfter }
  })
