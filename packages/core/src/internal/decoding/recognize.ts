/**
 * Which error a response is.
 *
 * @internal
 */
import type * as Headers from "effect/http/Headers"
import * as Errors from "../../Errors.ts"
import type * as ResponseBody from "../../ResponseBody.ts"
import * as ResponseHeaders from "../../ResponseHeaders.ts"
import type { VeniceError, VeniceErrorClass } from "../../VeniceError.ts"
import { byCode } from "../../VeniceError.ts"
import * as Wordings from "./wordings.ts"

/** The class of a response, and what told it. */
export interface Verdict {
  readonly Class: VeniceErrorClass
  readonly matchedBy: VeniceError["matchedBy"]
  /** What the wording of the message captured. */
  readonly groups?: Wordings.Match["groups"]
}

// Machine codes that are not Venice's own names.
const aliases: ReadonlyMap<string, VeniceErrorClass> = new Map<string, VeniceErrorClass>([
  ["context_length_exceeded", Errors.TooManyTokens],
  ["needs_consent", Errors.ConsentRequired],
  ["X402_CONCURRENCY_LIMIT", Errors.RateLimitExceeded],
  ["content_blocked_by_provider", Errors.ContentPolicyViolation],
  // OpenAI's name, under a status of its own.
  ["content_policy_violation", Errors.ContentPolicyViolation],
  // OpenAI's name, from gateways in front of Venice: a 429 that no wait can mend.
  ["insufficient_quota", Errors.InsufficientBalance]
])

// Kinds of error, in `error.type`, that mean one code whatever the message says.
const types: ReadonlyMap<string, VeniceErrorClass> = new Map<string, VeniceErrorClass>([
  ["provider_content_policy", Errors.ContentPolicyViolation],
  ["content_filter_error", Errors.ContentPolicyViolation]
])

const classOfCode = (code: string, status: number, inBand: boolean): VeniceErrorClass | undefined => {
  const known = aliases.get(code)
  if (known !== undefined) return known
  if (code.startsWith("X402_SIGN_IN_")) return Errors.X402InvalidSignIn
  // `model_overloaded` in streams; elsewhere a word in lower case means Venice's code only where the status agrees.
  const upper = byCode.get(code.toUpperCase())
  return upper !== undefined && (inBand || upper.status === status) && upper !== Errors.UnrecognizedResponse
    ? upper
    : undefined
}

const byCodes = (reading: ResponseBody.Reading, status: number, inBand: boolean): Verdict | undefined => {
  // A code of Venice's own wins over the names others have for it, wherever the two stand.
  for (const code of reading.codes) {
    const Class = byCode.get(code)
    if (Class !== undefined) return { Class, matchedBy: "code" }
  }
  for (const code of reading.codes) {
    const Class = classOfCode(code, status, inBand)
    if (Class !== undefined) return { Class, matchedBy: "code" }
  }
  const type = reading.error.type
  const Class = typeof type === "string" ? types.get(type) : undefined
  return Class === undefined ? undefined : { Class, matchedBy: "code" }
}

const isPaymentBody = ({ body }: ResponseBody.Reading): boolean =>
  Object.hasOwn(body, "x402Version") || Array.isArray(body.accepts)
  || body.reason === "authentication" || body.reason === "insufficient_balance"

const byShape = (status: number): VeniceErrorClass | undefined => {
  switch (status) {
    case 400:
      return Errors.InvalidRequest
    case 401:
      return Errors.AuthenticationFailed
    case 403:
      return Errors.Unauthorized
    case 500:
      return Errors.UnknownError
  }
}

const byStatus = (status: number): VeniceErrorClass | undefined => {
  switch (status) {
    case 413:
      return Errors.PayloadTooLarge
    case 415:
      return Errors.InvalidContentType
    case 429:
      return Errors.RateLimitExceeded
    case 504:
      return Errors.RequestTimeout
  }
}

/** Whether the status is that of a success, in which an error may still be. */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300

const hasSuccessor = (headers: Headers.Headers): boolean =>
  headers.sunset !== undefined || headers.deprecation !== undefined
  || ResponseHeaders.parseLink(headers.link, "successor-version") !== undefined

/** Whether the headers say that the content was blocked. */
export const isBlocked = (headers: Headers.Headers): boolean =>
  headers["x-venice-is-content-violation"]?.trim().toLowerCase() === "true"

/** The class of a response: what may tell is tried one after another, and the last always does. */
export const judge = (reading: ResponseBody.Reading, status: number, headers: Headers.Headers): Verdict => {
  const inBand = isSuccess(status)
  const coded = byCodes(reading, status, inBand)
  if (coded !== undefined) return coded
  if (status === 402 && isPaymentBody(reading)) return { Class: Errors.PaymentRequired, matchedBy: "shape" }
  if (inBand && isBlocked(headers)) {
    return { Class: Errors.ContentPolicyViolation, matchedBy: "shape" }
  }
  if (reading.shape === "venice" && reading.message !== undefined) {
    const worded = Wordings.match(reading.message, status, inBand)
    if (worded !== undefined) return { Class: worded.Class, matchedBy: "message", groups: worded.groups }
  }
  if (status === 402 && headers["payment-required"] !== undefined) {
    return { Class: Errors.PaymentRequired, matchedBy: "shape" }
  }
  if (status === 410 && hasSuccessor(headers)) return { Class: Errors.Gone, matchedBy: "shape" }
  const shaped = reading.shape === "venice" ? byShape(status) : undefined
  if (shaped !== undefined) return { Class: shaped, matchedBy: "shape" }
  const only = byStatus(status)
  if (only !== undefined) return { Class: only, matchedBy: "status" }
  return { Class: Errors.UnrecognizedResponse, matchedBy: "none" }
}
