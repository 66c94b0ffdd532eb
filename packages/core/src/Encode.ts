/**
 * Encoding of an error as a response: the inverse of `Decode`.
 *
 * `Encode` returns status, headers and a JSON body in one of three formats: Venice's, OpenAI's, or problem details (RFC
 * 9457). In each format the body names the code, so that no client has to guess it from the message. The headers are
 * Venice's: hint, request id, budgets, balance.
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
import { isCounted } from "./internal/decoding/failureBudget.ts"
import { type Members, writeJson } from "./internal/decoding/fields.ts"
import { excerpt } from "./internal/redaction/excerpt.ts"
import { isRepeatable } from "./internal/retrying/failure.ts"
import type { ResponseContext } from "./ResponseContext.ts"
import { maxMessageLength } from "./ResponseContext.ts"
import type { Code, VeniceError } from "./VeniceError.ts"
import { byCode } from "./VeniceError.ts"

/**
 * The format of an encoded body, which the caller of {@link response} chooses by what its clients can read: Venice's
 * `{"error": "<message>"}`, OpenAI's `{"error": {"message", "type", "param", "code"}}`, or problem details
 * (`application/problem+json`, RFC 9457).
 *
 * @category models
 * @since 0.1.0
 */
export type Format = "venice" | "openai" | "problem"

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

const text = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : excerpt(value, maxMessageLength)

/** The members of a body for the fields of the error, under Venice's names. */
const fieldMembers = (error: VeniceError): Members => {
  const fields = byCode.get(error._tag)!["~row"].fields ?? {}
  const values: Readonly<Record<string, unknown>> = { ...error }
  const out: Record<string, Schema.Json | undefined> = {}
  for (const [name, field] of Object.entries(fields)) Object.assign(out, field.write(values[name]))
  return out
}

const seconds = (hint: Duration.Duration): number => Duration.toMillis(hint) / 1000

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

/** Leaves out members that are `undefined`, which JSON does not have. */
const defined = <A>(fields: Readonly<Record<string, A | undefined>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, A] => entry[1] !== undefined))

/**
 * The page of Venice's documentation that lists the codes. With a code as its fragment, it is the `type` of a problem:
 * use it to declare or to check that member.
 *
 * @category constants
 * @since 0.1.0
 */
export const problemBase = "https://docs.venice.ai/api-reference/error-codes"

const standardMembers = (error: VeniceError, format: Format): Members => {
  const message = text(error.message)!
  const { requestId, retryAfter, upstreamCode } = error.response
  const common = { code: error._tag, request_id: text(requestId), upstream_code: text(upstreamCode) }
  switch (format) {
    case "venice":
      return { error: message, ...common }
    case "openai":
      return {
        error: defined<Schema.Json>({
          message,
          type: openAiType(error),
          param: openAiParam(error),
          code: openAiCode(error),
          retry_after: retryAfter && seconds(retryAfter)
        }),
        ...common
      }
    case "problem":
      return {
        type: `${problemBase}#${error._tag}`,
        title: byCode.get(error._tag)!.defaultMessage,
        status: status(error),
        detail: message,
        ...common
      }
  }
}

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
      ...(!isRepeatable(error) && { "x-should-retry": "false" })
    },
    body: defined({ ...standardMembers(error, format), ...fieldMembers(error) })
  }
}

/**
 * Encodes an error as the `data` of an event, in OpenAI's format. Use it when a stream fails after its status was sent.
 * Venice's chat streams use the same format, and `Decode.event` reads it.
 *
 * @category encoding
 * @since 0.1.0
 */
export const event = (error: VeniceError): string => JSON.stringify(response(error, "openai").body)
