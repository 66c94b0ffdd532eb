/**
 * The context of a response: the part that every error keeps, independent of its class.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as HttpHeaders from "effect/http/Headers"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Result from "effect/Result"
import type { ResponseContext } from "../../ResponseContext.ts"
import { maxBodyLength } from "../../ResponseContext.ts"
import { defineExcerpt } from "../redaction/excerpt.ts"
import { type ErrorBody, lockoutOf } from "./errorBody.ts"
import { remainingAfter } from "./failureBudget.ts"
import { parseNumber, parseText } from "./fields.ts"
import * as Headers from "./headers.ts"
import { isSuccess, type Received } from "./received.ts"
import type { Recognition } from "./recognize.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

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

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members => Predicate.isObject(value) && !Array.isArray(value)

/** Google's `RetryInfo`, among the details of an error: `"retryDelay": "34.07s"`. */
const retryInfoOf = ({ details }: Members): Duration.Duration | undefined => {
  if (!Array.isArray(details)) return undefined
  for (const detail of details.slice(0, 20)) {
    const delay: unknown = isMembers(detail) ? detail.retryDelay : undefined
    if (typeof delay === "string" && delay.endsWith("s")) return Headers.parseSeconds(delay.slice(0, -1))
  }
  return undefined
}

/** The hint in the headers of its upstream that OpenRouter repeats in `error.metadata.headers`. */
const hintInHeaders = (headers: unknown, status: number, now: number): Duration.Duration | undefined => {
  if (!isMembers(headers)) return undefined
  const upstream = HttpHeaders.fromInput(
    Record.filterMap(
      headers,
      (value) =>
        typeof value === "string" || typeof value === "number" ? Result.succeed(String(value)) : Result.failVoid
    )
  )
  return Headers.retryAfter(upstream, status, Headers.rateLimit(upstream, now), now)
}

const seconds = (value: unknown): Duration.Duration | undefined => {
  const number = parseNumber(value)
  return number === undefined ? undefined : Headers.parseSeconds(number)
}

/** The hint in a body: Venice's in a stream, then those of OpenRouter and Google. */
const hintInBody = ({ body, error, relay }: ErrorBody, status: number, now: number): Duration.Duration | undefined => {
  const metadata = isMembers(error.metadata) ? error.metadata : {}
  return seconds(error.retry_after) ?? seconds(body.retry_after) ?? seconds(metadata.retry_after_seconds)
    ?? hintInHeaders(metadata.headers, status, now) ?? retryInfoOf(error)
    ?? (relay && hintInBody(relay.outer, status, now))
}

/** The delay the server asks for: its headers first, then a lockout's message, then the body. */
const retryAfterOf = (
  { errorBody, headers, input, rateLimit, serverTime }: Received
): Duration.Duration | undefined => {
  const { status } = input
  const explicit = Headers.retryAfter(headers, status, undefined, serverTime)
  if (explicit !== undefined) return explicit
  const reset = Headers.retryAfter(headers, status, rateLimit, serverTime)
  const lockout = status === 429 || isSuccess(status) ? lockoutOf(errorBody) : undefined
  if (lockout !== undefined) {
    const named = lockoutHint(lockout)
    return reset === undefined ? named : Duration.max(reset, named)
  }
  return reset ?? hintInBody(errorBody, status, serverTime)
}

/** The request id in Venice's message for an invalid request. */
const requestIdInMessage = (message: string | undefined): string | undefined =>
  message === undefined || !message.includes(":")
    ? undefined
    : /reference request id: ?["'`]?([\w-](?:[\w.:-]{0,98}[\w-])?)/i.exec(message.slice(0, 1024))?.[1]

/**
 * A machine code that did not decide which error the response is, or that a gateway wrote beside the code of the error.
 * A status in the place of a code is none.
 */
const upstreamCodeOf = ({ body, codes }: ErrorBody, { Class, matchedBy }: Recognition): string | undefined => {
  if (Class.code === "UNRECOGNIZED_RESPONSE") return undefined
  const code = matchedBy === "code" ? body.upstream_code : codes.find((code) => !/^\d{3}$/.test(code))
  return parseText(code, 100)
}

/** The context of a response, and of what it was recognized as. */
export const contextOf = (
  received: Received,
  recognition?: Recognition,
  fields?: Readonly<Record<string, unknown>>
): ResponseContext => {
  const { errorBody, headers, input, isPlain } = received
  const { relay } = errorBody
  const rayId = Headers.identifier(headers["cf-ray"])
  const requestId = Headers.identifier(headers["x-request-id"])
    ?? Headers.identifier(errorBody.body.request_id ?? errorBody.error.request_id)
    ?? Headers.identifier(relay?.outer.body.request_id)
    ?? requestIdInMessage(errorBody.message)
    ?? rayId
  const truncated = input.bodyTruncated === true || input.body.length > maxBodyLength
  const operation = Headers.name(input.operation)
  const retryAfter = retryAfterOf(received)
  const balance = Headers.balance(headers)
  const deprecation = Headers.deprecation(headers)
  const contentType = Headers.name(headers["content-type"])
  const upstreamCode = recognition && upstreamCodeOf(errorBody, recognition)
  const rateLimit = remainingAfter(received, recognition?.Class, fields?.reason)
  // Assigned one by one: every error has a context, and to copy one costs as much as to parse a short body.
  const out: Mutable<ResponseContext> = { status: Number.isFinite(input.status) ? input.status : 0 }
  if (operation !== undefined) out.operation = operation
  if (requestId !== undefined) out.requestId = requestId
  if (rayId !== undefined) out.rayId = rayId
  if (retryAfter !== undefined) out.retryAfter = retryAfter
  if (rateLimit !== undefined) out.rateLimit = rateLimit
  if (balance !== undefined) out.balance = balance
  if (deprecation !== undefined) out.deprecation = deprecation
  if (headers["x-should-retry"]?.trim().toLowerCase() === "false") out.shouldRetry = false
  if (upstreamCode !== undefined) out.upstreamCode = upstreamCode
  if (relay !== undefined) out.relay = relay.name
  if (contentType !== undefined) out.contentType = contentType
  if (!isPlain) defineExcerpt(out, "body", input.body, maxBodyLength)
  else if (input.body !== "") out.body = input.body
  if (truncated) out.bodyTruncated = true
  if (input.delivered !== undefined) out.delivered = input.delivered
  return out
}
