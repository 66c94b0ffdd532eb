/**
 * The headers of a response, read into values with units.
 *
 * Every header is optional, and a value that cannot be read counts as absent: nothing here fails. Venice's reset headers
 * come in three units under similar names, and are told apart by their size.
 *
 * @internal
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Encoding from "effect/encoding/Base64"
import type { Headers } from "effect/http/Headers"
import * as HttpHeaders from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Balance, Budget, Deprecation, RateLimit } from "../../ResponseContext.ts"
import { excerpt, oneLine } from "../redaction/excerpt.ts"

/** The last moment a JavaScript date can hold, in epoch milliseconds. */
const lastMillis = 8.64e15

// No number that a clock can use has more digits.
const decimal = /^(?=.{1,64}$)(?:\d+(?:\.\d*)?|\.\d+)$/

/** The longest wait, in milliseconds: 3 billion years. Beyond, numbers are no longer written in digits alone. */
const longest = 1e20
const wholeSeconds = /^\d{1,9}$/

/** Whole milliseconds, rounded up after the noise of binary fractions is taken off; never less than was asked for. */
const ceilMillis = (millis: number): Duration.Duration => {
  const whole = Number.isInteger(millis) ? millis : Math.ceil(Math.round(millis * 1e6) / 1e6)
  return Duration.millis(Math.min(whole, longest))
}

/** A number of seconds as a duration, or nothing when it is negative or no finite number. */
export const parseSeconds = (input: string | number): Duration.Duration | undefined => {
  if (typeof input === "string" && wholeSeconds.test(input)) return Duration.millis(Number(input) * 1000)
  if (typeof input === "string" && !decimal.test(input.trim())) return undefined
  const seconds = Number(input)
  return seconds >= 0 && Number.isFinite(seconds) ? ceilMillis(seconds * 1000) : undefined
}

/**
 * The wait a `Retry-After` header asks for.
 *
 * **Details**
 *
 * Seconds, fractions of seconds, or an HTTP-date in any of the three forms of RFC 9110 section 5.6.7, read against
 * `now` in epoch milliseconds. A date in the past is a wait of zero. Of two headers that were joined, as a proxy and
 * `fetch` leave them (`30, 60`), the longer wait holds. Anything else (negative, empty, hexadecimal,
 * exponents, impossible dates, ISO dates) is no hint.
 */
export const parseRetryAfter = (input: string, now: number): Duration.Duration | undefined => {
  const seconds = parseSeconds(input)
  if (seconds !== undefined) return seconds
  // The longest HTTP-date has 33 characters; a proxy may have put its own value beside Venice's.
  if (input.length > 100) return undefined
  const date = HttpHeaders.parseHttpDate(input)
  if (Result.isSuccess(date)) return Duration.millis(Math.max(0, DateTime.toEpochMillis(date.success) - now))
  const comma = input.lastIndexOf(", ")
  const last = comma < 0 ? undefined : parseSeconds(input.slice(comma + 2))
  const others = last === undefined ? undefined : parseRetryAfter(input.slice(0, comma), now)
  return last === undefined || others === undefined ? undefined : Duration.max(last, others)
}

/**
 * The moment a reset header names: at least 1e12 is epoch milliseconds, 1e9 to 1e12 epoch seconds, and below that a
 * duration in seconds from `now` (epoch milliseconds).
 */
export const parseReset = (input: string, now: number): DateTime.Utc | undefined => {
  const text = input.trim()
  if (!decimal.test(text)) return undefined
  const value = Number(text)
  const millis = value >= 1e12 ? value : value >= 1e9 ? value * 1000 : now + value * 1000
  return Math.abs(millis) <= lastMillis ? DateTime.makeUnsafe(Math.ceil(millis)) : undefined
}

const parseCount = (input: string | undefined): number | undefined =>
  input !== undefined && /^\s*-?\d{1,15}\s*$/.test(input) ? Number(input) : undefined

const budget = (
  limit: string | undefined,
  remaining: string | undefined,
  reset: string | undefined,
  now: number
): Budget | undefined => {
  if (limit === undefined && remaining === undefined && reset === undefined) return undefined
  const out: { -readonly [K in keyof Budget]: Budget[K] } = {}
  const limitCount = parseCount(limit)
  const remainingCount = parseCount(remaining)
  const resetAt = reset === undefined ? undefined : parseReset(reset, now)
  if (limitCount !== undefined) out.limit = limitCount
  if (remainingCount !== undefined) out.remaining = remainingCount
  if (resetAt !== undefined) out.resetAt = resetAt
  return limitCount === undefined && remainingCount === undefined && resetAt === undefined ? undefined : out
}

/** The rate limiter's budgets, or nothing when the answer has no such header. */
export const rateLimit = (headers: Headers, now: number): RateLimit | undefined => {
  // The crypto RPC proxy and the failure budget share `x-ratelimit-remaining`; the name of the reset tells them apart.
  const isProxy = headers["x-ratelimit-reset"] !== undefined || headers["x-ratelimit-limit"] !== undefined
  const requests = isProxy
    ? budget(headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"], headers["x-ratelimit-reset"], now)
    : budget(
      headers["x-ratelimit-limit-requests"],
      headers["x-ratelimit-remaining-requests"],
      headers["x-ratelimit-reset-requests"],
      now
    )
  const tokens = budget(
    headers["x-ratelimit-limit-tokens"],
    headers["x-ratelimit-remaining-tokens"],
    headers["x-ratelimit-reset-tokens"],
    now
  )
  const failures = isProxy && headers["x-ratelimit-resets"] === undefined
    ? undefined
    : budget(undefined, headers["x-ratelimit-remaining"], headers["x-ratelimit-resets"], now)
  if (requests === undefined && tokens === undefined && failures === undefined) return undefined
  return {
    ...(requests === undefined ? undefined : { requests }),
    ...(tokens === undefined ? undefined : { tokens }),
    ...(failures === undefined ? undefined : { failures })
  }
}

/** The budget that holds the next request back longest: of those with nothing remaining, the one that is reset last. */
export const exhausted = (
  snapshot: RateLimit
): { readonly kind: keyof RateLimit; readonly resetAt: DateTime.Utc | undefined } | undefined => {
  let found: { readonly kind: keyof RateLimit; readonly resetAt: DateTime.Utc | undefined } | undefined
  for (const kind of ["requests", "tokens", "failures"] as const) {
    const { remaining, resetAt } = snapshot[kind] ?? {}
    if (remaining === undefined || remaining > 0) continue
    const isLater = found?.resetAt === undefined
      || (resetAt !== undefined && DateTime.toEpochMillis(resetAt) > DateTime.toEpochMillis(found.resetAt))
    if (found === undefined || (isLater && resetAt !== undefined)) found = { kind, resetAt }
  }
  return found
}

/**
 * The wait an answer asks for in its headers.
 *
 * **Details**
 *
 * `retry-after-ms`, which OpenAI-compatible gateways send, then `Retry-After`. Else, on a 429 only, the latest reset
 * among the budgets with nothing remaining: reset headers are on most answers, so without an exhausted budget they are a
 * snapshot and no hint. A reset in the past is a wait of zero.
 */
export const retryAfter = (
  headers: Headers,
  status: number,
  snapshot: RateLimit | undefined,
  now: number
): Duration.Duration | undefined => {
  const millis = headers["retry-after-ms"]
  if (millis !== undefined && decimal.test(millis.trim())) {
    return ceilMillis(Number(millis))
  }
  const value = headers["retry-after"]
  const hint = value === undefined ? undefined : parseRetryAfter(value, now)
  if (hint !== undefined || status !== 429 || snapshot === undefined) return hint
  const resetAt = exhausted(snapshot)?.resetAt
  return resetAt === undefined ? undefined : Duration.millis(Math.max(0, DateTime.toEpochMillis(resetAt) - now))
}

const parseBalance = (input: string | undefined): BigDecimal.BigDecimal | undefined =>
  input !== undefined && /^-?\d{1,50}(?:\.\d{1,50})?(?:e[+-]?\d{1,2})?$/i.test(input)
    ? Option.getOrUndefined(BigDecimal.fromString(input))
    : undefined

/** What the account had before the request, or nothing when the answer does not say. */
export const balance = (headers: Headers): Balance | undefined => {
  const usd = parseBalance(headers["x-venice-balance-usd"])
  const diem = parseBalance(headers["x-venice-balance-diem"])
  if (usd === undefined && diem === undefined) return undefined
  return { ...(usd === undefined ? undefined : { usd }), ...(diem === undefined ? undefined : { diem }) }
}

/** The notice that the model of the request is deprecated, or nothing. */
export const deprecation = (headers: Headers): Deprecation | undefined => {
  const warning = headers["x-venice-model-deprecation-warning"]
  const date = headers["x-venice-model-deprecation-date"]
  const replacement = headers["x-venice-deprecated-replacement"]
  if (warning === undefined && date === undefined && replacement === undefined) return undefined
  return {
    ...(warning === undefined ? undefined : { warning: excerpt(warning, 1000) }),
    ...(date === undefined ? undefined : { date: excerpt(date, 100) }),
    ...(replacement === undefined ? undefined : { replacement: excerpt(replacement, 200) })
  }
}

/** An id for a log line: without control characters, and not longer than an id is. */
export const identifier = (value: unknown): string | undefined => {
  if (typeof value !== "string") return undefined
  return value.length < 25 && ray.test(value) ? value : oneLine(excerpt(value, 400), 200) || undefined
}

// Cloudflare's id with its data centre, which has the form of no credential.
const ray = /^[\da-f]+-[A-Z]{3}$/

const maxKnown = 64

const known = new Set<string>()

/**
 * An {@link identifier} that is one of a few, such as an operation or a media type: what was found to be clean is not
 * looked at again.
 */
export const name = (value: string | undefined): string | undefined => {
  if (value === undefined || known.has(value)) return value
  const clean = identifier(value)
  if (clean === value && value.length <= maxKnown && known.size < maxKnown) known.add(value)
  return clean
}

/** The value of `Sunset` or `Deprecation`: an HTTP-date, or `@` and epoch seconds (RFC 9745). */
export const parseMoment = (input: string | undefined): DateTime.Utc | undefined => {
  if (input === undefined || input.length > 100) return undefined
  const seconds = /^\s*@(\d{1,13})\s*$/.exec(input)?.[1]
  if (seconds !== undefined) {
    const millis = Number(seconds) * 1000
    return millis <= lastMillis ? DateTime.makeUnsafe(millis) : undefined
  }
  return Result.getOrUndefined(HttpHeaders.parseHttpDate(input))
}

/** The target of the first link with this relation in a `Link` header (RFC 8288), or nothing. */
export const parseLink = (input: string | undefined, relation: string): string | undefined => {
  if (input === undefined) return undefined
  for (const [, target, parameters] of input.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters!)
    const relations = (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/)
    if (relations.includes(relation)) return excerpt(target!, 1000)
  }
  return undefined
}

// An offer is a few hundred bytes; what is much larger is none.
const maxOffer = 64 * 1024

/** The JSON in a `PAYMENT-REQUIRED` header, which is base64, or nothing. */
export const parsePaymentRequired = (input: string | undefined): unknown => {
  if (input === undefined || input.length > maxOffer) return undefined
  const text = Encoding.decodeString(input)
  if (Result.isFailure(text)) return undefined
  try {
    return JSON.parse(text.success)
  } catch {
    return undefined
  }
}

/** Whether a header says that the content of a success was blocked. */
export const isBlocked = (headers: Headers): boolean =>
  headers["x-venice-is-content-violation"]?.trim().toLowerCase() === "true"
