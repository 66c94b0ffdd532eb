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
import { parseText } from "./fields.ts"
import * as Headers from "./headers.ts"
import { isSuccess, type Received } from "./received.ts"
import type { Recognition } from "./recognize.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** How long a lockout lasts by Venice's documentation, for responses that name no time. */
const documentedLockout = Duration.seconds(30)

const secondsOf: Readonly<Record<string, number>> = { ms: 0.001, milli: 0.001, s: 1, m: 60, h: 3600 }

// `1,800 seconds`, `1.5 h`, `500ms`.
const amount = "(\\d{1,3}(?:,\\d{3}){1,2}(?!\\d)|\\d{1,9})(\\.\\d{1,9})? ?(ms|milli|[smh])[a-z]{0,7}"
const filler = "(?: (?:for|after|in|at least|another|about|up to)){0,3}"
const waitInWords = new RegExp(`\\b(?:wait|try again|retry)${filler} (?=${amount})`, "i")
const amounts = new RegExp(`(?:,? (?:and )?)?${amount}`, "giy")

/** The wait that a lockout's message names: one amount, or several with smaller and smaller units, as `1m30s`. */
const lockoutHint = (message: string): Duration.Duration | undefined => {
  const text = message.slice(0, 1024)
  const start = waitInWords.exec(text)
  if (start === null) return undefined
  let sum = 0
  let last = Infinity
  for (const [, whole, fraction = "", unit] of text.slice(start.index + start[0].length).matchAll(amounts)) {
    const seconds = secondsOf[unit!.toLowerCase()]!
    if (seconds >= last) break
    sum += Number(whole!.replaceAll(",", "") + fraction) * seconds
    last = seconds
  }
  return sum > 0 ? Headers.parseSeconds(sum) : undefined
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members => Predicate.isObject(value) && !Array.isArray(value)

/** Google's `RetryInfo`, among the details of an error: `"retryDelay": "34.07s"`. */
const retryInfoOf = ({ details }: Members): Duration.Duration | undefined =>
  Array.isArray(details)
    ? Headers.firstPositive(
      ...details.slice(0, 20).map((detail: unknown) => {
        const delay = isMembers(detail) ? detail.retryDelay : undefined
        return typeof delay === "string" && delay.endsWith("s") ? Headers.parseSeconds(delay.slice(0, -1)) : undefined
      })
    )
    : undefined

const isValue = (value: unknown): boolean => typeof value === "string" || typeof value === "number"

/** The hint in the headers of its upstream that OpenRouter repeats in `error.metadata.headers`. */
const hintInHeaders = (headers: unknown, status: number, clocks: Headers.Clocks): Duration.Duration | undefined => {
  if (!isMembers(headers)) return undefined
  const upstream = HttpHeaders.fromInput(
    Record.filterMap(headers, (value) => {
      const values = (Array.isArray(value) ? value.slice(0, 20) : [value]).filter(isValue)
      return values.length > 0 ? Result.succeed(values.join(", ")) : Result.failVoid
    })
  )
  return Headers.hint(upstream, status, Headers.rateLimit(upstream, clocks.serverTime), clocks)
}

const seconds = (value: unknown): Duration.Duration | undefined =>
  typeof value === "string" || typeof value === "number" ? Headers.parseSeconds(value) : undefined

/** The hint in a body: Venice's in a stream, then those of OpenRouter and Google. */
const hintInBody = (
  { body, error, relay }: ErrorBody,
  status: number,
  clocks: Headers.Clocks
): Duration.Duration | undefined => {
  const metadata = isMembers(error.metadata) ? error.metadata : {}
  return Headers.firstPositive(
    seconds(error.retry_after),
    seconds(body.retry_after),
    seconds(metadata.retry_after_seconds),
    hintInHeaders(metadata.headers, status, clocks),
    retryInfoOf(error),
    relay && hintInBody(relay.outer, status, clocks)
  )
}

/** The delay the server asks for: its headers first, then the body, and never less than a lockout's message names. */
const retryAfterOf = ({ clocks, errorBody, headers, input, rateLimit }: Received): Duration.Duration | undefined => {
  const { status } = input
  const inHeaders = Headers.hint(headers, status, rateLimit, clocks)
  const asked = Headers.isPositive(inHeaders)
    ? inHeaders
    : Headers.firstPositive(inHeaders, hintInBody(errorBody, status, clocks))
  const lockout = status === 429 || isSuccess(status) ? lockoutOf(errorBody) : undefined
  if (lockout === undefined) return asked
  const isExplicit = Headers.isPositive(Headers.hint(headers, status, undefined, clocks))
  const named = lockoutHint(lockout) ?? (isExplicit ? Duration.zero : documentedLockout)
  return Duration.max(asked ?? Duration.zero, named)
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
  const shouldRetry = headers["x-should-retry"]?.trim().toLowerCase() === "false"
    ? false
    : errorBody.written?.shouldRetry
  if (shouldRetry === false) out.shouldRetry = false
  if (upstreamCode !== undefined) out.upstreamCode = upstreamCode
  if (relay !== undefined) out.relay = relay.name
  if (contentType !== undefined) out.contentType = contentType
  if (!isPlain) defineExcerpt(out, "body", input.body, maxBodyLength)
  else if (input.body !== "") out.body = input.body
  if (truncated) out.bodyTruncated = true
  if (input.delivered !== undefined) out.delivered = input.delivered
  return out
}
