/**
 * The balance of the account, and what Venice has retired.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as DateTime from "effect/DateTime"
import type { Currency, Ledger } from "./ledger.ts"
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
