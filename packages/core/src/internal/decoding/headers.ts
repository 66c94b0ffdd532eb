/**
 * Readers of the headers of a response, which return values with units.
 *
 * Every header is optional, and an unreadable value counts as absent, so no function fails. Venice's reset headers come
 * in three units under similar names; the size of the number tells which.
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
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Balance, Budget, Deprecation, RateLimit } from "../../ResponseContext.ts"
import { excerpt, oneLine } from "../redaction/excerpt.ts"

/** The last moment of a JavaScript date, in epoch milliseconds. */
const lastMillis = 8.64e15

// A longer number is beyond any clock.
const decimal = /^(?=.{1,64}$)(?:\d+(?:\.\d*)?|\.\d+)$/

/** The longest hint, in milliseconds: 3 billion years. JavaScript prints larger numbers with an exponent. */
const maxMillis = 1e20
const wholeSeconds = /^\d{1,9}$/

/** Rounds up to whole milliseconds, so that a hint is never shortened, after removing the noise of binary fractions. */
const ceilMillis = (millis: number): Duration.Duration => {
  const whole = Number.isInteger(millis) ? millis : Math.ceil(Math.round(millis * 1e6) / 1e6)
  return Duration.millis(Math.min(whole, maxMillis))
}

/** A number of seconds as a duration, or nothing if it is negative or not finite. */
export const parseSeconds = (value: string | number): Duration.Duration | undefined => {
  if (typeof value === "string" && wholeSeconds.test(value)) return Duration.millis(Number(value) * 1000)
  if (typeof value === "string" && !decimal.test(value.trim())) return undefined
  const seconds = Number(value)
  return seconds >= 0 && Number.isFinite(seconds) ? ceilMillis(seconds * 1000) : undefined
}

/**
 * The hint in a `Retry-After` header.
 *
 * **Details**
 *
 * Reads seconds, fractions of seconds, and an HTTP-date in any of the three forms of RFC 9110 section 5.6.7, relative
 * to `date`, the server's time in epoch milliseconds; see {@link waitUntil}. A date in the past is a hint of zero. If a
 * proxy added a header of its own, `fetch` joins both (`30, 60`), and the longest value that can be read counts. Anything
 * else (negative, empty, hexadecimal, exponents, impossible dates, ISO dates) is no hint.
 */
export const parseRetryAfter = (value: string, date: number, now = date): Duration.Duration | undefined => {
  const read = (value: string) => parseSeconds(value) ?? parseDate(value, date, now)
  const waits = value.includes(",") ? valuesOf(value.slice(0, maxJoined)).map(read) : []
  return read(value) ?? waits.filter(Predicate.isNotUndefined).reduce<Duration.Duration | undefined>(longer, undefined)
}

const longer = (a: Duration.Duration | undefined, b: Duration.Duration): Duration.Duration =>
  a === undefined ? b : Duration.max(a, b)

// Without spaces, `1,000` may be one number.
const numbersWithoutSpaces = /^(?!\d{1,3}(?:,\d{3})+$)\d{1,9}(?:,\d{1,9})+$/
const betweenValues = /,\s+|^,|,$/
const weekdayName = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}$/

/** The values of headers that a proxy or a client joined by commas, which also stand behind the weekday of a date. */
const valuesOf = (joined: string): ReadonlyArray<string> => {
  if (numbersWithoutSpaces.test(joined.trim())) return joined.split(",")
  const values: Array<string> = []
  let weekday = ""
  for (const part of joined.trim().split(betweenValues)) {
    if (weekdayName.test(part)) weekday = `${part}, `
    else {
      values.push(weekday + part)
      weekday = ""
    }
  }
  return values
}

/** Several values of `Retry-After` are shorter. */
const maxJoined = 300

/** The longest HTTP-date has 33 characters. */
const maxDate = 50

const parseDate = (input: string, server: number, now: number): Duration.Duration | undefined => {
  if (input.length > maxDate) return undefined
  const date = HttpHeaders.parseHttpDate(input)
  return Result.isSuccess(date) ? waitUntil(date.success, server, now) : undefined
}

/**
 * The wait until a moment that a server named, by its own clock. A moment before the time of its response, but after the
 * client's `now`, is read by `now`: the server did not ask for a wait that was over already, so its `Date` is wrong.
 */
const waitUntil = (moment: DateTime.Utc, server: number, now: number): Duration.Duration => {
  const millis = DateTime.toEpochMillis(moment)
  return Duration.millis(millis >= server ? millis - server : Math.max(0, millis - now))
}

/**
 * The moment in a reset header: 1e12 or more is epoch milliseconds, from 1e9 to 1e12 epoch seconds, and less is seconds
 * after `now` (epoch milliseconds).
 */
export const parseReset = (value: string, now: number): DateTime.Utc | undefined => {
  const text = value.trim()
  if (!decimal.test(text)) return undefined
  const number = Number(text)
  const millis = number >= 1e12 ? number : number >= 1e9 ? number * 1000 : now + number * 1000
  return Math.abs(millis) <= lastMillis ? DateTime.makeUnsafe(Math.ceil(millis)) : undefined
}

const parseCount = (value: string | undefined): number | undefined =>
  value !== undefined && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : undefined

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

/** The budgets of the rate limiter, or nothing if the response has no such header. */
export const rateLimit = (headers: Headers, now: number): RateLimit | undefined => {
  // The crypto RPC proxy counts requests, and Venice failures, in `x-ratelimit-remaining`. Only the proxy sends
  // `-limit` and `-reset`.
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

interface ExhaustedBudget {
  readonly budget: keyof RateLimit
  readonly resetAt: DateTime.Utc | undefined
}

/** The budget that blocks the next request longest: the last to be reset of those with nothing remaining. */
export const exhausted = (budgets: RateLimit): ExhaustedBudget | undefined => {
  let latest: ExhaustedBudget | undefined
  for (const budget of ["requests", "tokens", "failures"] as const) {
    const { remaining, resetAt } = budgets[budget] ?? {}
    if (remaining === undefined || remaining > 0) continue
    const isLater = latest?.resetAt === undefined
      || (resetAt !== undefined && DateTime.toEpochMillis(resetAt) > DateTime.toEpochMillis(latest.resetAt))
    if (latest === undefined || (isLater && resetAt !== undefined)) latest = { budget, resetAt }
  }
  return latest
}

/** The first wait that is not zero: a server that writes a zero may name the wait elsewhere. */
export const firstPositive = (
  ...waits: ReadonlyArray<Duration.Duration | undefined>
): Duration.Duration | undefined => waits.find(isPositive) ?? waits.find(Predicate.isNotUndefined)

export const isPositive = (wait: Duration.Duration | undefined): boolean =>
  wait !== undefined && Duration.toMillis(wait) > 0

/** The hint in the headers of a response. The order of the headers is documented in `ResponseHeaders`. */
export const hint = (
  headers: Headers,
  status: number,
  budgets: RateLimit | undefined,
  { date, now, serverTime }: Clocks
): Duration.Duration | undefined => {
  const millis = headers["retry-after-ms"]
  const exact = millis !== undefined && decimal.test(millis.trim()) ? ceilMillis(Number(millis)) : undefined
  const value = headers["retry-after"]
  const asked = value === undefined ? undefined : parseRetryAfter(value, date, now)
  const resetAt = status === 429 && budgets !== undefined ? exhausted(budgets)?.resetAt : undefined
  return firstPositive(exact, asked, resetAt && waitUntil(resetAt, serverTime, now))
}

/** The {@link hint} by one clock. */
export const retryAfter = (
  headers: Headers,
  status: number,
  budgets: RateLimit | undefined,
  now: number
): Duration.Duration | undefined => hint(headers, status, budgets, { date: now, now, serverTime: now })

const parseBalance = (value: string | undefined): BigDecimal.BigDecimal | undefined =>
  value !== undefined && /^-?\d{1,50}(?:\.\d{1,50})?(?:e[+-]?\d{1,2})?$/i.test(value)
    ? Option.getOrUndefined(BigDecimal.fromString(value))
    : undefined

/** The balance of the account before the request, or nothing if the response has none. */
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

/** An id for a log line: redacted, without control characters, at most 200 code units long. */
export const identifier = (value: unknown): string | undefined => {
  if (typeof value !== "string") return undefined
  return value.length < 25 && ray.test(value) ? value : oneLine(excerpt(value, 400), 200) || undefined
}

// Cloudflare's ray id with its data centre. It cannot be a credential, so it needs no search for one.
const ray = /^[\da-f]+-[A-Z]{3}$/

const maxCachedLength = 64
const maxCachedNames = 64

/** The names that are their own {@link identifier}. Bounded, because a server chooses some of them. */
const cleanNames = new Set<string>()

/** An {@link identifier} with few different values, such as an operation or a media type. Clean values are cached. */
export const name = (value: string | undefined): string | undefined => {
  if (value === undefined || cleanNames.has(value)) return value
  const clean = identifier(value)
  if (clean === value && value.length <= maxCachedLength && cleanNames.size < maxCachedNames) cleanNames.add(value)
  return clean
}

/** The value of `Sunset` or `Deprecation`: an HTTP-date, or `@` and epoch seconds (RFC 9745). */
export const parseMoment = (value: string | undefined): DateTime.Utc | undefined => {
  if (value === undefined || value.length > 100) return undefined
  const seconds = /^\s*@(\d{1,13})\s*$/.exec(value)?.[1]
  if (seconds !== undefined) {
    const millis = Number(seconds) * 1000
    return millis <= lastMillis ? DateTime.makeUnsafe(millis) : undefined
  }
  return Result.getOrUndefined(HttpHeaders.parseHttpDate(value))
}

/** The target of the first link with this relation in a `Link` header (RFC 8288), or nothing. */
export const parseLink = (value: string | undefined, relation: string): string | undefined => {
  if (value === undefined) return undefined
  for (const [, target, parameters] of value.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters!)
    const relations = (rel?.[1] ?? rel?.[2])?.toLowerCase().split(/\s+/)
    if (relations?.includes(relation) === true) return excerpt(target!, 1000)
  }
  return undefined
}

// A real offer has a few hundred bytes.
const maxOffer = 64 * 1024

/** The JSON in a `PAYMENT-REQUIRED` header, which is base64, or nothing. */
export const parsePaymentRequired = (value: string | undefined): unknown => {
  if (value === undefined || value.length > maxOffer) return undefined
  try {
    return JSON.parse(Result.getOrThrow(Encoding.decodeString(value)))
  } catch {
    return undefined
  }
}

/** Whether Venice blocked the content of a success. */
export const isBlocked = (headers: Headers): boolean =>
  headers["x-venice-is-content-violation"]?.trim().toLowerCase() === "true"

const plausibleFrom = Date.UTC(2024, 0, 1)
const plausibleTo = Date.UTC(2100, 0, 1)

/** The time of a response by the clocks of the client and the server, in epoch milliseconds. */
export interface Clocks {
  readonly now: number
  /**
   * The `Date` header, which has whole seconds only. It is `now` if there is no plausible one: none, one outside of this
   * century, or one of a response that a cache kept.
   */
  readonly date: number
  /** `now` if the two agree to the second, else `date`: the headers name moments by the server's clock. */
  readonly serverTime: number
}

export const parseClocks = (headers: Headers, now: number): Clocks => {
  const date = parseDateHeader(headers) ?? now
  return { now, date, serverTime: now >= date && now < date + 1000 ? now : date }
}

const parseDateHeader = ({ age, date }: Headers): number | undefined => {
  if (date === undefined || (age !== undefined && age.trim() !== "0")) return undefined
  const time = parseFixdate(date)
  return time >= plausibleFrom && time <= plausibleTo ? time : undefined
}

// The responses of a second have the same date.
let lastDate = ""
let lastTime = NaN

const parseFixdate = (date: string): number => {
  if (date === lastDate) return lastTime
  if (!fixdate.test(date)) return NaN
  lastDate = date
  lastTime = Date.parse(date)
  return lastTime
}

// The form in which every server of today writes it, which the engine parses ten times faster than the platform.
const fixdate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
