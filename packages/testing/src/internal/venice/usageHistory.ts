/**
 * `GET /billing/usage-history`: the charges in pages, as JSON or CSV.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import { z } from "zod/v3"
import * as Check from "./check.ts"
import type { Charge } from "./ledger.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok } from "./run.ts"

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
