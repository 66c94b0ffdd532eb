import { ResponseHeaders } from "@effect-venice/core"
import { ResponseMetadata, VeniceClient } from "@effect-venice/http"
import { Balance, Pacing } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Exit, Fiber, Logger, Metric, References, Schema, Stream } from "effect"
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

  it.effect("is never low without a threshold", () =>
    Effect.gen(function*() {
      yield* said({ "x-venice-balance-usd": "0", "x-venice-balance-diem": "0" })
      yield* said({ "x-venice-balance-usd": "0", "x-venice-balance-diem": "0.5" })
      assert.deepStrictEqual((yield* lows(1)).map(({ unit }) => unit), ["DIEM"])
    }).pipe(
      provide({ diem: 0.6 }),
      Effect.andThen(
        Effect.gen(function*() {
          yield* said({ "x-venice-balance-diem": "0" })
          yield* usd("4")
          assert.deepStrictEqual((yield* lows(1)).map(({ unit }) => unit), ["USD"])
        }).pipe(provide({ usd: 5 }))
      )
    ))

  it.effect("has the latest 16 events for who asks later", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 17; i++) {
        yield* usd("99")
        yield* usd(String(i))
      }
      const told: Array<number> = []
      const { low } = yield* Balance.Balance
      const fiber = yield* Effect.forkChild(Stream.runForEach(low, ({ balance }) =>
        Effect.sync(() => {
          told.push(balance)
        })))
      for (let i = 0; i < 100; i++) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)

      assert.deepStrictEqual(told, Array.from({ length: 16 }, (_, i) => i + 1))
    }).pipe(provide({ usd: 50 })))

  it.effect("is logged as a warning when it is low", () =>
    Effect.gen(function*() {
      const logged: Array<unknown> = []
      const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
        logged.push([logLevel, message, fiber.getRef(References.CurrentLogAnnotations)])
      })
      yield* Effect.forEach(["5", "4.5", "4"], usd).pipe(
        Effect.provide([Balance.layer({ usd: 5 }), Logger.layer([logger])])
      )

      assert.deepStrictEqual(logged, [["Warn", ["The balance is below 5 USD"], { balance: 4.5, unit: "USD" }]])
    }))

  it.effect("is a gauge in credits", () =>
    Effect.gen(function*() {
      yield* provide({})(usd("7"))

      const all = yield* Metric.snapshot
      assert.deepStrictEqual(all.map(({ attributes, id, state }) => ({ attributes, id, state })), [{
        attributes: { unit: "{credit}", "venice.balance.unit": "USD" },
        id: "venice.client.balance",
        state: { value: 7 }
      }])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect.each<readonly [string, Exit.Exit<unknown, unknown>]>([
    ["that is none", Exit.fail(undefined)],
    ["of another server", Exit.fail({ response: { balance: { usd: BigDecimal.make(1n, 0) } } })],
    ["that is a defect", Exit.die(new Error("a bug"))]
  ])("is not in a failure %s", ([, exit]) =>
    Effect.gen(function*() {
      assert.isUndefined(Balance.ofExit(exit, {}))
      assert.deepStrictEqual(yield* Effect.exit(Balance.watch(exit)), exit)
    }).pipe(provide({ usd: 5 })))

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
    for (const threshold of [-1, NaN, Infinity]) {
      assert.throws(() => Balance.layer({ usd: threshold }), RangeError, "usd must be a number of at least 0")
      assert.throws(() => Balance.layer({ diem: threshold }), RangeError, "diem must be a number of at least 0")
    }
  })
})
