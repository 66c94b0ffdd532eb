import { ResponseHeaders } from "@effect-venice/core"
import { ResponseMetadata, VeniceClient } from "@effect-venice/http"
import { Balance, Pacing } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Logger, Metric, Schema, Stream } from "effect"
import { FetchHttpClient, Headers } from "effect/http"
import { embeddings } from "../bodies.ts"
import { answer, serve } from "../server.ts"

const said = (headers: Readonly<Record<string, string>>) =>
  Effect.flatMap(Balance.Balance, ({ record }) => record(ResponseHeaders.balance(Headers.fromInput(headers))))

const usd = (amount: string) => said({ "x-venice-balance-usd": amount })

const lows = (count: number) => Effect.flatMap(Balance.Balance, ({ low }) => Stream.runCollect(Stream.take(low, count)))

const gauge = (unit: Balance.Unit) =>
  Effect.map(
    Metric.value(Metric.withAttributes(Balance.balance, { "venice.balance.unit": unit })),
    ({ value }) => value
  )

const provide = (settings: Balance.Settings) => <A, E>(self: Effect.Effect<A, E, Balance.Balance>) =>
  Effect.provide(self, [Balance.layer(settings), Logger.layer([])])

describe("the balance", () => {
  it.effect("is an event once, and again after it was a tenth above its threshold", () =>
    Effect.gen(function*() {
      for (const amount of ["5.00", "4.99", "4", "5.49", "3"]) yield* usd(amount)
      for (const amount of ["5.50", "4.50"]) yield* usd(amount)

      assert.deepStrictEqual((yield* lows(2)).map(({ balance }) => balance), [4.99, 4.5])
    }).pipe(provide({ usd: 5 })))

  it.effect("is zero if the headers name only the other one, as they did before", () =>
    Effect.gen(function*() {
      yield* said({ "x-venice-balance-usd": "9", "x-venice-balance-diem": "2" })
      yield* said({ "x-venice-balance-diem": "2" })
      assert.deepStrictEqual(yield* lows(1), [{ unit: "USD", balance: 0, threshold: 5 }])
      assert.strictEqual(yield* gauge("USD"), 0)
      assert.strictEqual(yield* gauge("DIEM"), 2)
    }).pipe(provide({ usd: 5, diem: 1 })))

  it.effect("says nothing without a header, nor of a unit that was never named", () =>
    Effect.gen(function*() {
      yield* said({})
      yield* said({ "x-venice-balance-diem": "0.5" })
      assert.deepStrictEqual((yield* lows(1)).map(({ unit }) => unit), ["DIEM"])
    }).pipe(provide({ usd: 5, diem: 1 })))

  it.live("is watched in successes and errors, and in those of the call alone", () =>
    Effect.gen(function*() {
      const replies = [[200, "9"], [402, "4"], [200, "3"], [500, undefined]] as const
      let n = 0
      const server = yield* serve((response) => {
        const [status, usd] = replies[n++]!
        answer(
          response,
          status,
          { error: "Insufficient balance" },
          usd === undefined ? {} : { "x-venice-balance-usd": usd }
        )
      })
      const venice = yield* VeniceClient.make({ baseUrl: server.url })
      const call = venice.execute("POST /embeddings", { body: embeddings, success: Schema.Unknown })
      const gauges: Array<unknown> = []
      for (const watched of [true, true, false, true]) {
        yield* Effect.exit(watched ? Balance.watch(call) : call)
        gauges.push(yield* gauge("USD"))
      }

      assert.deepStrictEqual(gauges, [9, 4, 4, 4])
      assert.deepStrictEqual((yield* lows(1)).map(({ balance }) => balance), [4])
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.scoped, provide({ usd: 5 })))

  it.live("is read for each who asks, inside or outside of a part that does not", () =>
    Effect.gen(function*() {
      let n = 0
      const server = yield* serve((response) => answer(response, 200, {}, { "x-venice-balance-usd": String(++n) }))
      const venice = yield* VeniceClient.make({ baseUrl: server.url })
      const call = venice.execute("POST /embeddings", { body: embeddings, success: Schema.Unknown })
      const paced = Pacing.pace({ model: "m" })

      yield* paced(Balance.watch(call))
      assert.strictEqual(yield* gauge("USD"), 1)
      yield* Balance.watch(paced(call))
      assert.strictEqual(yield* gauge("USD"), 2)
      const [, { balance }] = yield* ResponseMetadata.collect(paced(call))
      assert.strictEqual(BigDecimal.format(balance!.usd!), "3")
    }).pipe(
      Effect.provide([FetchHttpClient.layer, Pacing.layer()]),
      Effect.scoped,
      provide({ usd: 0 })
    ))

  it("has a threshold that makes sense", () => {
    assert.throws(() => Balance.layer({ usd: -1 }), RangeError)
    assert.throws(() => Balance.layer({ diem: NaN }), RangeError)
  })
})
