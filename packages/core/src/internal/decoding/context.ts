/**
 * The context of a response: the part that every error keeps, independent of its class.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { ResponseContext } from "../../ResponseContext.ts"
import { maxBodyLength } from "../../ResponseContext.ts"
import { defineExcerpt } from "../redaction/excerpt.ts"
import { parseNumber } from "./fields.ts"
import * as Headers from "./headers.ts"
import type { Received } from "./received.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

const isLockout = (message: string): boolean => /^too many failed attempts/i.test(message)

/** How long a lockout lasts by Venice's documentation, for responses that name no time. */
const documentedLockout = Duration.seconds(30)

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

const lockoutHint = (message: string): Duration.Duration => {
  const match = /\b(?:wait|try again|retry)(?: for| after| in)? (\d{1,6}(?:\.\d{1,3})?) ?([smh])/i.exec(
    message.slice(0, 1024)
  )
  const seconds = match === null ? undefined : Number(match[1]) * units[match[2]!.toLowerCase()]!
  return seconds === undefined ? documentedLockout : Headers.parseSeconds(seconds) ?? documentedLockout
}

/**
 * The server's hint: an explicit header, else the later of the lockout in the message and an exhausted budget's reset,
 * else the reset, else `retry_after` of the body.
 */
const retryAfterOf = ({ errorBody, headers, input, rateLimit }: Received): Duration.Duration | undefined => {
  const { now, status } = input
  const explicit = Headers.retryAfter(headers, status, undefined, now)
  if (explicit !== undefined) return explicit
  const reset = Headers.retryAfter(headers, status, rateLimit, now)
  if (status === 429 && errorBody.message !== undefined && isLockout(errorBody.message)) {
    const lockout = lockoutHint(errorBody.message)
    return reset === undefined ? lockout : Duration.max(reset, lockout)
  }
  const inBody = parseNumber(errorBody.error.retry_after) ?? parseNumber(errorBody.body.retry_after)
  return reset ?? (inBody === undefined ? undefined : Headers.parseSeconds(inBody))
}

/** The request id in Venice's message for an invalid request. */
const requestIdInMessage = (message: string | undefined): string | undefined =>
  message === undefined || !message.includes(":")
    ? undefined
    : /reference request id: ?["'`]?([\w-](?:[\w.:-]{0,98}[\w-])?)/i.exec(message.slice(0, 1024))?.[1]

export const contextOf = (received: Received): ResponseContext => {
  const { errorBody, headers, input, isPlain, rateLimit } = received
  const rayId = Headers.identifier(headers["cf-ray"])
  const requestId = Headers.identifier(headers["x-request-id"])
    ?? Headers.identifier(errorBody.body.request_id ?? errorBody.error.request_id)
    ?? requestIdInMessage(errorBody.message)
    ?? rayId
  const truncated = input.bodyTruncated === true || input.body.length > maxBodyLength
  const operation = Headers.name(input.operation)
  const retryAfter = retryAfterOf(received)
  const balance = Headers.balance(headers)
  const deprecation = Headers.deprecation(headers)
  const contentType = Headers.name(headers["content-type"])
  // Assigned one by one: spreading objects would cost as much as parsing a short body, for every error.
  const out: Mutable<ResponseContext> = { status: Number.isFinite(input.status) ? input.status : 0 }
  if (operation !== undefined) out.operation = operation
  if (requestId !== undefined) out.requestId = requestId
  if (rayId !== undefined) out.rayId = rayId
  if (retryAfter !== undefined) out.retryAfter = retryAfter
  if (rateLimit !== undefined) out.rateLimit = rateLimit
  if (balance !== undefined) out.balance = balance
  if (deprecation !== undefined) out.deprecation = deprecation
  if (headers["x-should-retry"]?.trim().toLowerCase() === "false") out.shouldRetry = false
  if (contentType !== undefined) out.contentType = contentType
  if (!isPlain) defineExcerpt(out, "body", input.body, maxBodyLength)
  else if (input.body !== "") out.body = input.body
  if (truncated) out.bodyTruncated = true
  if (input.delivered !== undefined) out.delivered = input.delivered
  return out
}
