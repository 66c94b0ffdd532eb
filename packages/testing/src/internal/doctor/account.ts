/**
 * The checks of the key and its account: kind and expiry of the key, balance, limits.
 *
 * @internal
 */
import { ResponseHeaders } from "@effect-venice/core"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { type Check, check, failure, type Finding, ok, skipped, warning } from "./check.ts"
import { failedRead } from "./failed.ts"
import type { Head, RateLimits, Reading } from "./reading.ts"

export type KeyKind = "inference" | "admin" | "unknown"

/** The kind of a key by its prefix. Older keys have none. */
export const kindOf = (key: string): KeyKind => {
  const [, kind] = /^venice[-_](inference|admin)[-_]key/i.exec(key) ?? []
  return kind === undefined ? "unknown" : kind.toLowerCase() as KeyKind
}

const dataOf = ({ result }: Reading<RateLimits>) => Result.isSuccess(result) ? result.success.data : undefined

const week = 7 * 24 * 60 * 60_000

const expiryOf = (expiration: string, now: number): Finding => {
  const moment = DateTime.make(expiration)
  if (Option.isNone(moment)) return ok("The key expires at a time that is no date.")
  const left = DateTime.toEpochMillis(moment.value) - now
  const at = DateTime.formatIso(moment.value)
  const remedy = "Create a new key at https://venice.ai/settings/api, and replace this one."
  if (left <= 0) return failure(`The key expired at ${at}.`, remedy)
  return left <= week ? warning(`The key expires at ${at}.`, remedy) : ok(`The key expires at ${at}.`)
}

const kinds: Readonly<Record<KeyKind, Finding>> = {
  inference: ok("An inference key, by its prefix."),
  admin: warning(
    "An admin key, by its prefix: it can also create and delete keys.",
    "Use an inference key in programs that only call models."
  ),
  unknown: ok("Its prefix does not say whether it is an inference or an admin key.")
}

export const checkKey = (reading: Reading<RateLimits>, kind: KeyKind, now: number): Check => {
  const { result } = reading
  const data = dataOf(reading)
  const accepted = Result.isFailure(result)
    ? failedRead(reading, result.failure)
    : data?.accessPermitted === false
    ? failure("Venice accepts the key, but permits no calls.", "Add credit, or ask Venice's support.")
    : ok("Venice accepts the key.")
  const expiration = data?.keyExpiration ?? undefined
  return check(
    "key",
    [accepted, kinds[kind], ...(expiration === undefined ? [] : [expiryOf(expiration, now)])],
    { kind, accepted: Result.isSuccess(result), ...(expiration !== undefined && { expiresAt: expiration }) }
  )
}

/** The balances of the first response whose headers have some, in the currency's own unit. */
const balanceInHeaders = (heads: ReadonlyArray<Head>): Readonly<Record<string, number>> | undefined => {
  for (const { headers } of heads) {
    const balance = ResponseHeaders.balance(headers)
    if (balance === undefined) continue
    return {
      ...(balance.usd !== undefined && { USD: BigDecimal.toNumberUnsafe(balance.usd) }),
      ...(balance.diem !== undefined && { DIEM: BigDecimal.toNumberUnsafe(balance.diem) })
    }
  }
  return undefined
}

const balanceInBody = (reading: Reading<RateLimits>): Readonly<Record<string, number>> | undefined => {
  const entries = Object.entries(dataOf(reading)?.balances ?? {})
    .filter((entry): entry is [string, number] => entry[1] !== null)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

export const checkBalance = (reading: Reading<RateLimits>, heads: ReadonlyArray<Head>): Check => {
  const inHeaders = balanceInHeaders(heads)
  const balances = inHeaders ?? balanceInBody(reading)
  if (balances === undefined) return check("balance", [skipped("No response has a balance. Venice omits one of zero.")])
  const list = Object.entries(balances).map(([currency, amount]) => `${amount} ${currency}`).join(", ")
  const source = inHeaders === undefined ? "GET /api_keys/rate_limits" : "the headers"
  return check(
    "balance",
    [
      Object.values(balances).some((amount) => amount > 0)
        ? ok(`${list}, by ${source}.`)
        : warning(`${list}, by ${source}.`, "Add credit at https://venice.ai/settings/api.")
    ],
    { balances, source: inHeaders === undefined ? "body" : "headers" }
  )
}

const budgets = ["requests", "tokens", "failures"] as const

const budgetFindings = (headers: Head["headers"], now: number): ReadonlyArray<Finding> => {
  const rateLimit = ResponseHeaders.rateLimit(headers, now)
  return budgets.flatMap((name) => {
    const budget = rateLimit?.[name]
    if (budget?.remaining === undefined) return []
    const { limit, remaining, resetAt } = budget
    const text = `${remaining}${limit === undefined ? "" : ` of ${limit}`} ${name} remain${
      resetAt === undefined ? "" : ` until ${DateTime.formatIso(resetAt)}`
    }.`
    // The lockout allows 50 failures in 30 seconds.
    const isLow = remaining <= (limit === undefined ? (name === "failures" ? 5 : 0) : limit / 10)
    return [isLow ? warning(text, "Slow down: `Pacing` and `LockoutGuard` keep a program below its limits.") : ok(text)]
  })
}

/** The budgets in the headers, and the limits of the models that are used. */
export const checkLimits = (
  reading: Reading<RateLimits>,
  heads: ReadonlyArray<Head>,
  models: ReadonlyArray<string>,
  now: number
): Check => {
  const inHeaders = heads.flatMap(({ headers }) => budgetFindings(headers, now))
  const data = dataOf(reading)
  const tier = data?.apiTier?.id ?? undefined
  const limits = (data?.rateLimits ?? []).filter(({ apiModelId }) => models.includes(apiModelId))
  const findings = [
    ...(tier === undefined ? [] : [ok(`The tier is ${tier}.`)]),
    ...inHeaders,
    ...limits.map(({ apiModelId, rateLimits }) =>
      ok(
        `${apiModelId}: ${
          rateLimits.length === 0 ? "no limit" : rateLimits.map(({ amount, type }) => `${amount} ${type}`).join(", ")
        }.`
      )
    )
  ]
  return check(
    "limits",
    findings.length === 0 ? [skipped("No response has a limit.")] : findings,
    {
      ...(tier !== undefined && { tier }),
      models: Object.fromEntries(limits.map(({ apiModelId, rateLimits }) => [
        apiModelId,
        Object.fromEntries(rateLimits.map(({ amount, type }) => [type, amount]))
      ]))
    }
  )
}
