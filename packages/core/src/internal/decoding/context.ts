/**
 * What is known of a response, whatever it means.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type * as Headers from "effect/http/Headers"
import type { Input } from "../../Decode.ts"
import type * as ResponseBody from "../../ResponseBody.ts"
import type { RateLimit, ResponseContext } from "../../ResponseContext.ts"
import { maxBodyLength } from "../../ResponseContext.ts"
import * as ResponseHeaders from "../../ResponseHeaders.ts"
import { defineExcerpt, isPlain } from "../redaction/excerpt.ts"
import { number } from "../redaction/json.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

const isLockout = (message: string): boolean => /^too many failed attempts/i.test(message)

/** How long a locked-out key waits, by Venice's documentation, when the answer names no time. */
const lockout = Duration.seconds(30)

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

const lockoutWait = (message: string): Duration.Duration => {
  const found = /\b(?:wait|try again|retry)(?: for| after| in)? (\d{1,6}(?:\.\d{1,3})?) ?([smh])/i.exec(
    message.slice(0, 1024)
  )
  const seconds = found === null ? undefined : Number(found[1]) * units[found[2]!.toLowerCase()]!
  return seconds === undefined ? lockout : ResponseHeaders.parseSeconds(seconds) ?? lockout
}

const hintOf = (
  reading: ResponseBody.Reading,
  status: number,
  headers: Headers.Headers,
  snapshot: RateLimit | undefined,
  now: number
): Duration.Duration | undefined => {
  const explicit = ResponseHeaders.retryAfter(headers, status, undefined, now)
  if (explicit !== undefined) return explicit
  const reset = ResponseHeaders.retryAfter(headers, status, snapshot, now)
  if (status === 429 && reading.message !== undefined && isLockout(reading.message)) {
    const named = lockoutWait(reading.message)
    return reset === undefined ? named : Duration.max(reset, named)
  }
  const inBody = number(reading.error.retry_after) ?? number(reading.body.retry_after)
  return reset ?? (inBody === undefined ? undefined : ResponseHeaders.parseSeconds(inBody))
}

const namedRequestId = (message: string | undefined): string | undefined =>
  message === undefined || !message.includes(":")
    ? undefined
    : /reference request id: ?["'`]?([\w-](?:[\w.:-]{0,98}[\w-])?)/i.exec(message.slice(0, 1024))?.[1]

/** The context of a response whose body was read. */
export const contextOf = (
  input: Input,
  reading: ResponseBody.Reading,
  headers: Headers.Headers,
  snapshot: RateLimit | undefined,
  isBodyPlain = isPlain(input.body)
): ResponseContext => {
  const rayId = ResponseHeaders.identifier(headers["cf-ray"])
  const requestId = ResponseHeaders.identifier(headers["x-request-id"])
    ?? ResponseHeaders.identifier(reading.body.request_id ?? reading.error.request_id)
    ?? namedRequestId(reading.message)
    ?? rayId
  const truncated = input.bodyTruncated === true || input.body.length > maxBodyLength
  const operation = ResponseHeaders.name(input.operation)
  const retryAfter = hintOf(reading, input.status, headers, snapshot, input.now)
  const balance = ResponseHeaders.balance(headers)
  const deprecation = ResponseHeaders.deprecation(headers)
  const contentType = ResponseHeaders.name(headers["content-type"])
  // Assigned one after another, since every error has a context and copying one costs as much as parsing a short body.
  const out: Mutable<ResponseContext> = { status: Number.isFinite(input.status) ? input.status : 0 }
  if (operation !== undefined) out.operation = operation
  if (requestId !== undefined) out.requestId = requestId
  if (rayId !== undefined) out.rayId = rayId
  if (retryAfter !== undefined) out.retryAfter = retryAfter
  if (snapshot !== undefined) out.rateLimit = snapshot
  if (balance !== undefined) out.balance = balance
  if (deprecation !== undefined) out.deprecation = deprecation
  if (headers["x-should-retry"]?.trim().toLowerCase() === "false") out.shouldRetry = false
  if (contentType !== undefined) out.contentType = contentType
  if (!isBodyPlain) defineExcerpt(out, "body", input.body, maxBodyLength)
  else if (input.body !== "") out.body = input.body
  if (truncated) out.bodyTruncated = true
  if (input.delivered !== undefined) out.delivered = input.delivered
  return out
}
