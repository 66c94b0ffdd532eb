/**
 * Encoding of an error as a response: the inverse of `Decode`.
 *
 * `Encode` returns status, headers and a JSON body in one of four formats: Venice's, OpenAI's, Anthropic's, or problem
 * details (RFC 9457). In each format the body names the code, so that no client has to guess it from the message. The
 * headers are Venice's: hint, request id, budgets, balance.
 *
 * **When to use**
 *
 * In a backend between Venice and users of your own. `Gateway` of `@effect-venice/http` does it for Effect servers.
 *
 * **Details**
 *
 * `Decode.response` of the result returns the same class, message, category and fields, and in `response` the same
 * status, ids, hint, budgets, balance and deprecation. Body and content type are those of the encoded response, and
 * `matchedBy` is `code`. An error that was made by hand also gets what the decoder derives: a hint from an exhausted
 * budget, token counts from a message.
 *
 * Credentials are redacted as in decoding, for errors that were made by hand.
 *
 * **Gotchas**
 *
 * An error inside a success (a blocked image, an event of a stream) has no failing status. It is sent with the
 * documented status of its code, and with 502 if that is not between 400 and 599 either.
 *
 * **Example** (Responding in OpenAI's format)
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
 * const inner = body.error as Record<string, unknown>
 * inner.code // => "model_overloaded"
 * inner.type // => "server_error"
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
import { isCounted } from "./internal/decoding/failureBudget.ts"
import { writeJson } from "./internal/decoding/fields.ts"
import { bodyOf, defined } from "./internal/encoding/formats.ts"
import { excerpt } from "./internal/redaction/excerpt.ts"
import { isRepeatable } from "./internal/retrying/failure.ts"
import type { ResponseContext } from "./ResponseContext.ts"
import type { VeniceError } from "./VeniceError.ts"

/**
 * The format of an encoded body, which the caller of {@link response} chooses by what its clients can read: Venice's
 * `{"error": "<message>"}`, OpenAI's `{"error": {"message", "type", "param", "code"}}`, Anthropic's
 * `{"type": "error", "error": {"type", "message"}}`, or problem details (`application/problem+json`, RFC 9457).
 *
 * **Details**
 *
 * In OpenAI's format `error.code` is another word for each code: OpenAI's own where it means one code of Venice
 * (`invalid_api_key`, `insufficient_quota`, `context_length_exceeded`), else the code in lower case. Because clients keep
 * the object `error` alone, it has everything that identifies the error, beside `venice_code`, which is the code:
 * `Decode.response` of `{ error }` with status 0 returns the error.
 *
 * @category models
 * @since 0.1.0
 */
export type Format = "venice" | "openai" | "anthropic" | "problem"

/**
 * A response for your server to send. Header names are in lower case.
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
 * Returns the status to send an error with: that of Venice's response, else the documented one, else 502. Use it where
 * you write the body yourself; {@link response} includes it.
 *
 * @category encoding
 * @since 0.1.0
 */
export const status = (error: VeniceError): number => [error.response.status, error.status].find(isFailing) ?? 502

// Servers refuse to send a response with any other character in a header.
const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

// Clients and proxies accept 8 to 16 KB for all headers of a response. The decoder does not keep longer texts either.
const maxHeader = 1000
const maxOffer = 4096

const epoch = (moment: DateTime.Utc): string => String(DateTime.toEpochMillis(moment))

const offerHeader = (error: VeniceError): string | undefined => {
  if (error._tag !== "PAYMENT_REQUIRED" || error.offer === undefined) return undefined
  const offer = Base64.encode(JSON.stringify(writeJson(error.offer)))
  return offer.length > maxOffer ? undefined : offer
}

const linkHeader = (error: VeniceError): string | undefined => {
  if (error._tag !== "GONE" || error.successor === undefined) return undefined
  // Only the target is cut: the relation behind it is what makes it a successor.
  const target = excerpt(error.successor, maxHeader)
  return target !== "" && isHeaderValue(target) && !/[<>]/.test(target)
    ? `<${target}>; rel="successor-version"`
    : undefined
}

/**
 * The names of the headers that an error can be sent with, besides `content-type`. Use it to declare them in an API
 * description, or to allow browsers to read them (`Access-Control-Expose-Headers`).
 *
 * @category constants
 * @since 0.1.0
 */
export const headerNames = [
  "cf-ray",
  "x-request-id",
  "request-id",
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

const hintHeaders = (hint: Duration.Duration): Headers => {
  const millis = Duration.toMillis(hint)
  const whole = String(Math.ceil(millis / 1000))
  // `Retry-After` has no fractions, so it is rounded up, and another header has the exact hint.
  return { "retry-after": whole, ...(Number(whole) * 1000 !== millis && { "retry-after-ms": String(millis) }) }
}

/** Venice reads the failure budget before it counts the response that says it. */
const remainingBefore = (error: VeniceError): string | undefined => {
  const remaining = error.response.rateLimit?.failures?.remaining
  const reason = error._tag === "PAYMENT_REQUIRED" ? error.reason : undefined
  return remaining === undefined
    ? undefined
    : String(remaining + (isCounted(error._tag, status(error), error.message, reason) ? 1 : 0))
}

const contextHeaders = (context: ResponseContext): Headers => {
  const { balance, deprecation, rateLimit, rayId, requestId, retryAfter } = context
  const { failures, requests, tokens } = rateLimit ?? {}
  return {
    "cf-ray": rayId,
    "x-request-id": requestId,
    ...(retryAfter && hintHeaders(retryAfter)),
    "x-ratelimit-limit-requests": requests?.limit?.toString(),
    "x-ratelimit-remaining-requests": requests?.remaining?.toString(),
    "x-ratelimit-reset-requests": requests?.resetAt && epoch(requests.resetAt),
    "x-ratelimit-limit-tokens": tokens?.limit?.toString(),
    "x-ratelimit-remaining-tokens": tokens?.remaining?.toString(),
    "x-ratelimit-reset-tokens": tokens?.resetAt && epoch(tokens.resetAt),
    "x-ratelimit-resets": failures?.resetAt && epoch(failures.resetAt),
    "x-venice-balance-usd": balance?.usd && BigDecimal.format(balance.usd),
    "x-venice-balance-diem": balance?.diem && BigDecimal.format(balance.diem),
    "x-venice-model-deprecation-warning": deprecation?.warning,
    "x-venice-model-deprecation-date": deprecation?.date,
    "x-venice-deprecated-replacement": deprecation?.replacement
  }
}

/**
 * Returns the headers that Venice sends with an error, with names in lower case: hint, ids, budgets, balance,
 * deprecation, the x402 offer of a 402, the successor of a retired route. They are the same in every format. Use it
 * where you write the body yourself; {@link response} includes them.
 *
 * **Details**
 *
 * `Retry-After` is in whole seconds, rounded up. If that is more than the hint, `retry-after-ms` has the hint in
 * milliseconds. `Sunset` and `Deprecation` have a resolution of one second.
 *
 * @category encoding
 * @since 0.1.0
 */
export const headers = (error: VeniceError): Readonly<Record<string, string>> => {
  const gone = error._tag === "GONE" ? error : undefined
  const all: Headers = {
    ...contextHeaders(error.response),
    "x-ratelimit-remaining": remainingBefore(error),
    sunset: gone?.sunset && formatHttpDate(gone.sunset),
    deprecation: gone?.deprecated && `@${Math.floor(DateTime.toEpochMillis(gone.deprecated) / 1000)}`
  }
  const sent = Object.entries(defined(all)).filter(([, value]) => isHeaderValue(value))
  const link = linkHeader(error)
  const offer = offerHeader(error)
  return {
    ...Object.fromEntries(sent.map(([name, value]) => [name, excerpt(value, maxHeader)])),
    ...(link !== undefined && { link }),
    ...(offer !== undefined && { "payment-required": offer })
  }
}

/** Anthropic's name of the header with the request id, which its client reads. */
const requestIdHeader = (error: VeniceError, format: Format): Readonly<Record<string, string>> => {
  const id = format === "anthropic" ? headers(error)["x-request-id"] : undefined
  return id === undefined ? {} : { "request-id": id }
}

/**
 * Encodes an error as a response for your server to send. Total.
 *
 * **Details**
 *
 * An error that no policy retries is sent with `x-should-retry: false`. Without it, OpenAI's and Anthropic's clients
 * retry 409, 429 and every 5xx by themselves, and a call may be billed twice.
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
      ...requestIdHeader(error, format),
      ...(!isRepeatable(error) && { "x-should-retry": "false" })
    },
    body: bodyOf(error, format, status(error))
  }
}

/** The format of an event in a stream that failed, for {@link event} and {@link serverSentEvent}. */
type StreamFormat = "openai" | "anthropic"

/**
 * Encodes an error as the `data` of an event, by default in OpenAI's format. Use it when a stream fails after its status
 * was sent. Venice's chat streams use the same format, and `Decode.event` reads it.
 *
 * **Gotchas**
 *
 * Anthropic's clients recognize an error by the name of its event, which is `error`: {@link serverSentEvent} has it.
 *
 * @category encoding
 * @since 0.1.0
 */
export const event = (error: VeniceError, format: StreamFormat = "openai"): string =>
  JSON.stringify(bodyOf(error, format, error.response.status))

/**
 * Encodes an error as the text of a server-sent event, with the name that the clients of the format expect and the blank
 * line at its end. Use it where you write the stream yourself.
 *
 * @category encoding
 * @since 0.1.0
 */
export const serverSentEvent = (error: VeniceError, format: StreamFormat = "openai"): string =>
  `${format === "anthropic" ? "event: error\n" : ""}data: ${event(error, format)}\n\n`
