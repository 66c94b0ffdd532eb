/**
 * Balance and usage of the account.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import { z } from "zod/v3"
import * as Check from "./check.ts"
import type { Charge, Currency, Ledger } from "./ledger.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

const positive = (amount: number): number | null => amount > 0 ? amount : null

/** What an account without a limit shows. */
const plenty = 1000

const currencies: ReadonlyArray<Currency> = ["DIEM", "EARNED_CREDITS", "BUNDLED_CREDITS", "USD"]

export const balanceOf = (ledger: Ledger, currency: Currency): number =>
  ledger.isUnlimited ? currency === "USD" ? plenty : 0 : ledger.balance(currency)

export const balance: Handler = (_, { ledger }) => {
  const of = (currency: Currency) => balanceOf(ledger, currency)
  return ok({
    canConsume: currencies.reduce((sum, currency) => sum + Math.max(0, of(currency)), 0) >= 0.1,
    consumptionCurrency: currencies.find((currency) => of(currency) > 0) ?? null,
    balances: {
      diem: ledger.allocation > 0 ? of("DIEM") : null,
      usd: positive(of("USD")),
      bundledCredits: positive(of("BUNDLED_CREDITS")),
      earnedCredits: positive(of("EARNED_CREDITS"))
    },
    diemEpochAllocation: ledger.allocation
  })
}

const timestamp = z.string().max(40).datetime()

const historyQuery = z.object({
  startTimestamp: timestamp.optional(),
  endTimestamp: timestamp.optional(),
  currency: z.enum(["USD", "DIEM", "BUNDLED_CREDITS", "EARNED_CREDITS"]).optional(),
  pageSize: z.coerce.number().int().min(10).max(1000).default(1000),
  cursor: z.string().regex(/^[A-Za-z0-9_-]+$/).max(512).optional()
}).strict()

const cursorContents = z.object({
  from: z.number().int().min(0),
  start: z.number(),
  end: z.number(),
  currency: z.string().optional(),
  pageSize: z.number().int().min(10).max(1000)
})

type Cursor = z.infer<typeof cursorContents>

const readCursor = (text: string): Cursor | undefined => {
  const decoded = Base64Url.decodeString(text)
  if (Result.isFailure(decoded)) return undefined
  try {
    return cursorContents.safeParse(JSON.parse(decoded.success)).data
  } catch {
    return undefined
  }
}

const skuOf = ({ model, operation }: Charge): string =>
  model === undefined ? operation.replace(/^\w+ \//, "").replace(/\W+/g, "-") : `${model}-units`

const line = (charge: Charge) => ({
  timestamp: new Date(charge.at).toISOString(),
  sku: skuOf(charge),
  units: 1,
  pricePerUnitUsd: Math.abs(charge.amount),
  amount: -charge.amount,
  currency: charge.currency,
  notes: charge.amount < 0 ? "API Refund" : "API Inference",
  inferenceDetails: {
    requestId: charge.requestId ?? charge.id,
    promptTokens: charge.promptTokens ?? null,
    completionTokens: charge.completionTokens ?? null,
    inferenceExecutionTime: null
  }
})

const columns = [
  "timestamp",
  "sku",
  "pricePerUnitUsd",
  "units",
  "amount",
  "currency",
  "notes",
  "inferenceDetails.requestId",
  "inferenceDetails.inferenceExecutionTime",
  "inferenceDetails.promptTokens",
  "inferenceDetails.completionTokens"
]

const csvLine = (entry: ReturnType<typeof line>): string =>
  columns.map((column) => {
    const [first, second] = column.split(".") as [keyof typeof entry, string | undefined]
    const value: unknown = second === undefined
      ? entry[first]
      : (entry.inferenceDetails as Readonly<Record<string, unknown>>)[second]
    return value == null ? "" : String(value)
  }).join(",")

const expired = Refuse.message(400, "Invalid or expired cursor; restart from the first page")

export const usageHistory: Handler = (call, { ledger }) =>
  Effect.gen(function*() {
    const query = yield* Check.query(call, historyQuery)
    if (query.cursor !== undefined && Array.from(call.query.keys()).length > 1) {
      return yield* Refuse.invalidField(["cursor"], "cursor must be sent alone")
    }
    const start = query.startTimestamp === undefined ? -Infinity : Date.parse(query.startTimestamp)
    const end = query.endTimestamp === undefined ? Infinity : Date.parse(query.endTimestamp)
    if (end <= start) {
      return yield* Refuse.invalidField(["endTimestamp"], "endTimestamp must be later than startTimestamp")
    }
    const cursor = query.cursor === undefined
      // Numbers of JSON are finite.
      ? {
        from: 0,
        start: Math.max(start, 0),
        end: Math.min(end, Number.MAX_SAFE_INTEGER),
        currency: query.currency,
        pageSize: query.pageSize
      }
      : readCursor(query.cursor)
    if (cursor === undefined) {
      return yield* expired
    }
    const found = ledger.charges.filter(({ at, currency }) =>
      at >= cursor.start && at < cursor.end && (cursor.currency === undefined || currency === cursor.currency)
    )
    const to = cursor.from + cursor.pageSize
    const next = to < found.length ? Base64Url.encode(JSON.stringify({ ...cursor, from: to })) : null
    const data = found.slice(cursor.from, to).map(line)
    if (call.headers.accept?.includes("text/csv") !== true) return yield* ok({ data, nextCursor: next })
    const stamp = new Date(call.now).toISOString().replace(/[:.]/g, "-")
    return {
      response: {
        status: 200,
        headers: {
          "content-type": "text/csv",
          "content-disposition": `attachment; filename=billing-usage-history-${stamp}.csv`,
          ...(next !== null && { "x-next-cursor": next })
        },
        body: [columns.join(","), ...data.map(csvLine)].join("\n")
      }
    }
  })

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)

const analyticsQuery = z.object({
  lookback: z.string().regex(/^[1-9]\d*d$/).default("7d"),
  startDate: day.optional(),
  endDate: day.optional()
}).strict()

const dayMillis = 86_400_000
const maxDays = 90

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

interface Total {
  usd: number
  diem: number
  units: number
}

/** The sums of charges by a name, those with the highest first. */
const totals = (
  charges: ReadonlyArray<Charge>,
  name: (charge: Charge) => string
): ReadonlyArray<readonly [string, Total]> => {
  const sums = new Map<string, Total>()
  for (const charge of charges) {
    const sum = sums.get(name(charge)) ?? { usd: 0, diem: 0, units: 0 }
    sums.set(name(charge), {
      usd: sum.usd + (charge.currency === "DIEM" || charge.currency === "EARNED_CREDITS" ? 0 : charge.amount),
      diem: sum.diem + (charge.currency === "DIEM" ? charge.amount : 0),
      units: sum.units + (charge.promptTokens ?? 0) + (charge.completionTokens ?? 0)
    })
  }
  return Array.from(sums).sort(([, a], [, b]) => b.usd + b.diem - a.usd - a.diem)
}

export const usageAnalytics: Handler = (call, { accounts, ledger }) =>
  Effect.gen(function*() {
    const query = yield* Check.query(call, analyticsQuery)
    const range = query.startDate !== undefined && query.endDate !== undefined
      ? { start: Date.parse(query.startDate), end: Date.parse(query.endDate) }
      : undefined
    const lookback = Math.min(maxDays, Number.parseInt(query.lookback, 10))
    const end = range?.end ?? Date.parse(dateOf(call.now))
    const start = range?.start ?? end - (lookback - 1) * dayMillis
    if (Number.isNaN(start) || Number.isNaN(end)) return yield* Refuse.invalidField(["startDate"], "Invalid date")
    if (end < start) return yield* Refuse.invalidField(["endDate"], "endDate must not be before startDate")
    const days = Math.round((end - start) / dayMillis) + 1
    if (days > maxDays) return yield* Refuse.invalidField(["endDate"], `The range may span at most ${maxDays} days`)
    const charges = ledger.charges.filter(({ at }) => at >= start && at < end + dayMillis)
    const byDate = new Map(totals(charges, ({ at }) => dateOf(at)))
    const dates = Array.from({ length: days }, (_, i) => start + i * dayMillis)
    const modelOf = ({ model, operation }: Charge) => model ?? operation
    const keyOf = ({ payer }: Charge) => payer
    const models = totals(charges, modelOf)
    const keys = totals(charges, keyOf)
    const daily = (name: (charge: Charge) => string, of: (total: Total) => number) =>
      dates.map((date) => ({
        date,
        ...Object.fromEntries(
          totals(charges.filter(({ at }) => dateOf(at) === dateOf(date)), name).map((
            [name, total]
          ) => [name, of(total)])
        )
      }))
    const sum = ({ diem, usd }: Total): number => usd + diem
    const usdOf = ({ usd }: Total): number => usd
    const descriptionOf = (id: string): string => accounts.find(id, call.now)?.description ?? `Key ...${id.slice(-6)}`
    return yield* ok({
      lookback: `${range === undefined ? lookback : days}d`,
      byDate: dates.map((date) => {
        const total = byDate.get(dateOf(date)) ?? { usd: 0, diem: 0 }
        return { date: dateOf(date), USD: total.usd, DIEM: total.diem }
      }),
      byModel: models.map(([modelName, { diem, units, usd }]) => ({
        modelName,
        unitType: "tokens",
        modelType: "LLM",
        totalUsd: usd,
        totalDiem: diem,
        totalUnits: units
      })),
      byModelDaily: daily(modelOf, sum),
      byModelDailyUsd: daily(modelOf, usdOf),
      topModels: models.slice(0, 50).map(([name]) => name),
      byKey: keys.map(([apiKeyId, { diem, units, usd }]) => ({
        apiKeyId,
        description: descriptionOf(apiKeyId),
        totalUsd: usd,
        totalDiem: diem,
        totalUnits: units
      })),
      byKeyDaily: daily(keyOf, sum),
      byKeyDailyUsd: daily(keyOf, usdOf),
      topKeyNames: keys.slice(0, 50).map(([id]) => descriptionOf(id))
    })
  })

/** Retired since 2026-09-16. */
export const retiredUsage: Handler = () =>
  Refuse.error(
    new Errors.Gone({
      message: "GET /billing/usage has been retired. Use GET /billing/usage-history instead: page and limit are now "
        + "pageSize and cursor, startDate and endDate are startTimestamp and endTimestamp.",
      successor: "/api/v1/billing/usage-history",
      sunset: DateTime.makeUnsafe("2026-09-16T00:00:00Z"),
      deprecated: DateTime.makeUnsafe("2026-07-09T00:00:00Z")
    }),
    "none"
  )

export const retiredTranscriptions: Handler = () =>
  Refuse.error(
    new Errors.Gone({
      message: "POST /video/transcriptions has been retired. Use POST /audio/transcriptions instead.",
      successor: "/api/v1/audio/transcriptions"
    }),
    "none"
  )
