/**
 * What Venice counts as a failed request: 50 of them within 30 seconds lock the key out for 30 seconds.
 *
 * Counted is every 4xx but 429, and but the 402 for missing credentials, the 400 for a wrong content type or for invalid
 * JSON, and the 413 of the body parser (Venice's API overview, verified 2026-10-02). A 5xx never counts.
 *
 * @internal
 */
import type { RateLimit } from "../../ResponseContext.ts"
import type { VeniceErrorClass } from "../../VeniceError.ts"
import type { Received } from "./received.ts"

/** Whether a failing response counts. `message` and `reason` are those of the error. */
export const isCounted = (
  code: string,
  status: number,
  message: string,
  reason: unknown
): boolean => {
  if (!(status >= 400 && status < 500) || status === 429) return false
  switch (code) {
    case "PAYMENT_REQUIRED":
      return reason !== "authentication"
    case "INVALID_CONTENT_TYPE":
      return status !== 400
    case "INVALID_REQUEST":
      return !/^invalid json\b/i.test(message)
    case "PAYLOAD_TOO_LARGE":
      return !/^request body\b/i.test(message)
    default:
      return true
  }
}

/**
 * The budgets after the response. `x-ratelimit-remaining` is read before the response that carries it is counted, so a
 * failed response that counts and says `1` means that nothing is left.
 */
export const remainingAfter = (
  { errorBody, input, rateLimit }: Received,
  Class: VeniceErrorClass | undefined,
  reason: unknown
): RateLimit | undefined => {
  const remaining = rateLimit?.failures?.remaining
  if (remaining === undefined || Class === undefined) return rateLimit
  const counted = isCounted(Class.code, input.status, errorBody.message ?? "", reason) ? 1 : 0
  // Nothing is left of a budget that is below zero, whether or not the response counts.
  const left = Math.max(0, remaining - counted)
  return left === remaining ? rateLimit : { ...rateLimit, failures: { ...rateLimit!.failures, remaining: left } }
}
