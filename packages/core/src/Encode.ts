/**
 * From an error of the algebra back to a response: the inverse of `Decode`, for backends between Venice and users of
 * their own.
 *
 * Status, headers and a JSON body come out, in one of three shapes: Venice's own, OpenAI's, or problem details (RFC
 * 9457). In each of them the body says the code, so that no reader has to guess what Venice makes them guess, and the
 * headers say what Venice's would: the wait, the request's id, the budgets, the balance.
 *
 * **Details**
 *
 * `Decode.response` of the result is the error again: the same class, message, category and fields, and in `response`
 * the same status, ids, wait, budgets, balance and deprecation. The rest of `response` speaks of the answer that was
 * received, which is now this one: its body and content type, and `matchedBy` is `code`. An error that was made by hand
 * gains what Venice's answer would have said: the hint in an exhausted budget, the counts in a message.
 *
 * Credentials are taken out, as in decoding, for errors that were made by hand.
 *
 * **Gotchas**
 *
 * An error inside a success (a blocked image, an event of a stream) has no failing status, and is answered with the
 * documented status of its code; an answer whose status is none of 400 to 599, with 502.
 *
 * **Example** (Answering in OpenAI's shape)
 *
 * ```ts
 * import { Encode, Errors } from "@effect-venice/core"
 * import { Duration } from "effect"
 *
 * const error = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } })
 * const { body, headers, status } = Encode.response(error, "openai")
 *
 * status // => 429
 * headers["retry-after"] // => "30"
 * body.code // => "MODEL_OVERLOADED"
 * body.error // => { message: error.message, type: "server_error", param: null, code: "model_overloaded", retry_after: 30 }
 * ```
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Base64 from "effect/encoding/Base64"
import { formatHttpDate } from "effect/http/Headers"
import type * as Schema from "effect/Schema"
import { type Members, writeJson } from "./internal/decoding/fields.ts"
import { excerpt } from "./internal/redaction/excerpt.ts"
import { isRepeatable } from "./internal/retrying/failure.ts"
import type { ResponseContext } from "./ResponseContext.ts"
import { maxMessageLength } from "./ResponseContext.ts"
import type { Code, VeniceError } from "./VeniceError.ts"
import { byCode } from "./VeniceError.ts"

/**
 * The shape of a body: Venice's own `{"error": "<message>"}`, OpenAI's `{"error": {"message", "type", "param", "code"}}`,
 * or problem details (`application/problem+json`, RFC 9457).
 *
 * @category models
 * @since 0.1.0
 */
export type Format = "venice" | "openai" | "problem"

/**
 * A response to be sent. The names of the headers are in lower case.
 *
 * @category models
 * @since 0.1.0
 */
export interface Encoded {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, Schema.Json>>
}

const isFailing = (status: number): boolean => Number.isInteger(status) && status >= 400 && status < 600

/**
 * The status an error is answered with: the one Venice answered, else the documented one, else 502.
 *
 * @category encoding
 * @since 0.1.0
 */
export const status = (error: VeniceError): number => [error.response.status, error.status].find(isFailing) ?? 502

const text = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : excerpt(value, maxMessageLength)

/** The members of a body that hold the fields of the error, with the names that Venice has for them. */
const members = (error: VeniceError): Members => {
  const fields = byCode.get(error._tag)!["~row"].fields ?? {}
  const values: Readonly<Record<string, unknown>> = { ...error }
  const out: Record<string, Schema.Json | undefined> = {}
  for (const [name, field] of Object.entries(fields)) Object.assign(out, field.write(values[name]))
  return out
}

const seconds = (wait: Duration.Duration): number => Duration.toMillis(wait) / 1000

const openAiCodes: Readonly<Partial<Record<Code, string>>> = {
  AUTHENTICATION_FAILED: "invalid_api_key",
  AUTHENTICATION_FAILED_INACTIVE_KEY: "invalid_api_key",
  TOO_MANY_TOKENS: "context_length_exceeded"
}

const openAiCode = ({ _tag, category }: VeniceError): string =>
  openAiCodes[_tag] ?? (category === "Billing" ? "insufficient_quota" : _tag.toLowerCase())

const openAiType = (error: VeniceError): string => {
  switch (error.category) {
    case "Billing":
      return "insufficient_quota"
    case "RateLimit":
      return "limit" in error && error.limit === "tokens" ? "tokens" : "requests"
    case "Capacity":
    case "Server":
    case "Upstream":
    case "Timeout":
      return "server_error"
    default:
      return "invalid_request_error"
  }
}

const openAiParam = (error: VeniceError): string | null => {
  if (error._tag === "TOO_MANY_TOKENS") return "messages"
  const path = error._tag === "INVALID_REQUEST" ? error.issues[0]?.path ?? [] : []
  return path.length === 0 ? null : path.join(".")
}

/** Leaves out what is not there: no shape has `undefined`. */
const defined = <A>(fields: Readonly<Record<string, A | undefined>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, A] => entry[1] !== undefined))

/**
 * The page of Venice's documentation that lists the codes. With a code as its fragment it is the `type` of a problem.
 *
 * @category constants
 * @since 0.1.0
 */
export const problemBase = "https://docs.venice.ai/api-reference/error-codes"

const head = (error: VeniceError, format: Format): Members => {
  const message = text(error.message)!
  const { requestId, retryAfter } = error.response
  const known = { code: error._tag, request_id: text(requestId) }
  switch (format) {
    case "venice":
      return { error: message, ...known }
    case "openai":
      return {
        error: defined<Schema.Json>({
          message,
          type: openAiType(error),
          param: openAiParam(error),
          code: openAiCode(error),
          retry_after: retryAfter && seconds(retryAfter)
        }),
        ...known
      }
    case "problem":
      return {
        type: `${problemBase}#${error._tag}`,
        title: byCode.get(error._tag)!.defaultMessage,
        status: status(error),
        detail: message,
        ...known
      }
  }
}

// What a header may hold. Anything else would make the server refuse to send the response at all.
const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

// Clients and proxies take 8 to 16 KB for all headers of a response. Decoding keeps no more of a text.
const maxHeader = 1000
const maxOffer = 4096

const epoch = (moment: DateTime.Utc): string => String(DateTime.toEpochMillis(moment))

const offerHeader = (error: VeniceError): string | undefined => {
  if (error._tag !== "PAYMENT_REQUIRED" || error.offer === undefined) return undefined
  const offer = Base64.encode(JSON.stringify(writeJson(error.offer)))
  return offer.length > maxOffer ? undefined : offer
}

/**
 * The names of the headers an error may be sent with, beside `content-type`.
 *
 * @category constants
 * @since 0.1.0
 */
export const headerNames = [
  "cf-ray",
  "x-request-id",
  "retry-after",
  "retry-after-ms",
  "x-ratelimit-limit-requests",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-tokens",
  "x-ratelimit-reset-tokens",
  "x-ratelimit-remaining",
  "x-ratelimit-resets",
  "x-venice-balance-usd",
  "x-venice-balance-diem",
  "x-venice-model-deprecation-warning",
  "x-venice-model-deprecation-date",
  "x-venice-deprecated-replacement",
  "payment-required",
  "link",
  "sunset",
  "deprecation",
  "x-should-retry"
] as const

type Headers = { readonly [N in (typeof headerNames)[number]]?: string | undefined }

const waitHeaders = (wait: Duration.Duration): Headers => {
  const millis = Duration.toMillis(wait)
  const whole = String(Math.ceil(millis / 1000))
  // Whole seconds say a fraction of them too late.
  return { "retry-after": whole, ...(Number(whole) * 1000 !== millis && { "retry-after-ms": String(millis) }) }
}

const contextHeaders = (context: ResponseContext): Headers => {
  const { balance, deprecation, rateLimit, rayId, requestId, retryAfter } = context
  const { failures, requests, tokens } = rateLimit ?? {}
  return {
    "cf-ray": rayId,
    "x-request-id": requestId,
    ...(retryAfter && waitHeaders(retryAfter)),
    "x-ratelimit-limit-requests": requests?.limit?.toString(),
    "x-ratelimit-remaining-requests": requests?.remaining?.toString(),
    "x-ratelimit-reset-requests": requests?.resetAt && epoch(requests.resetAt),
    "x-ratelimit-limit-tokens": tokens?.limit?.toString(),
    "x-ratelimit-remaining-tokens": tokens?.remaining?.toString(),
    "x-ratelimit-reset-tokens": tokens?.resetAt && epoch(tokens.resetAt),
    "x-ratelimit-remaining": failures?.remaining?.toString(),
    "x-ratelimit-resets": failures?.resetAt && epoch(failures.resetAt),
    "x-venice-balance-usd": balance?.usd && BigDecimal.format(balance.usd),
    "x-venice-balance-diem": balance?.diem && BigDecimal.format(balance.diem),
    "x-venice-model-deprecation-warning": deprecation?.warning,
    "x-venice-model-deprecation-date": deprecation?.date,
    "x-venice-deprecated-replacement": deprecation?.replacement
  }
}

/**
 * The headers Venice sends with an error, in lower case: the wait, the ids, the budgets, the balance, the deprecation,
 * the x402 offer of a 402, and what follows a retired route. The same in every format.
 *
 * **Details**
 *
 * `Retry-After` is in whole seconds, rounded up; where that is more than was asked for, `retry-after-ms` says the wait to
 * the millisecond. `Sunset` and `Deprecation` have seconds only.
 *
 * @category encoding
 * @since 0.1.0
 */
export const headers = (error: VeniceError): Readonly<Record<string, string>> => {
  const gone = error._tag === "GONE" ? error : undefined
  const all: Headers = {
    ...contextHeaders(error.response),
    link: gone?.successor && !/[<>]/.test(gone.successor) ? `<${gone.successor}>; rel="successor-version"` : undefined,
    sunset: gone?.sunset && formatHttpDate(gone.sunset),
    deprecation: gone?.deprecated && `@${Math.floor(DateTime.toEpochMillis(gone.deprecated) / 1000)}`
  }
  const sent = Object.entries(defined(all)).filter(([, value]) => isHeaderValue(value))
  const offer = offerHeader(error)
  return {
    ...Object.fromEntries(sent.map(([name, value]) => [name, excerpt(value, maxHeader)])),
    ...(offer !== undefined && { "payment-required": offer })
  }
}

/**
 * Encodes an error as a response. Total.
 *
 * **Details**
 *
 * What no policy would repeat is sent with `x-should-retry: false`: clients of OpenAI's and Anthropic's make repeat a 409,
 * a 429 and any 5xx by themselves, and a call may be billed twice.
 *
 * @category encoding
 * @since 0.1.0
 */
export const response = (error: VeniceError, format: Format = "venice"): Encoded => {
  return {
    status: status(error),
    headers: {
      "content-type": format === "problem" ? "application/problem+json" : "application/json",
      ...headers(error),
      ...(!isRepeatable(error) && { "x-should-retry": "false" })
    },
    body: defined({ ...head(error, format), ...members(error) })
  }
}

/**
 * Encodes an error as the `data` of an event, for a stream that has begun: OpenAI's shape, which Venice's chat streams
 * use too. `Decode.event` reads it.
 *
 * @category encoding
 * @since 0.1.0
 */
export const event = (error: VeniceError): string => JSON.stringify(response(error, "openai").body)
