/**
 * `GET /billing/usage-analytics`: the charges by day, model and key.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import * as Check from "./check.ts"
import type { Charge } from "./ledger.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

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
