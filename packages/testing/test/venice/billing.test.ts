import type { Dynamics } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { chat, type Client, make } from "./ask.ts"

const post = ({ ask }: Client, body: object = chat, key = "some-key") => ask("POST /chat/completions", { body, key })

/** A model whose run costs a dollar for each token of its answer, which has eight. */
const models: Dynamics.Dynamics["models"] = [
  { id: "m", type: "text", model_spec: { pricing: { output: { usd: 1e6 } } } },
  { id: "v", type: "video", model_spec: {} },
  { id: "i", type: "image", model_spec: { pricing: { generation: { usd: 3 } } } }
]

const run = (client: Client, key?: string) => post(client, { ...chat, model: "m" }, key)

const draw = ({ ask }: Client) => ask("POST /image/generate", { body: { model: "i", prompt: "A gondola" } })

const queue = ({ ask }: Client) =>
  ask("POST /video/queue", { body: { model: "v", prompt: "A gondola", duration: "10s" } })

describe("balances", () => {
  it.effect("are in the headers as they were before the request, without what is zero", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, balance: { diem: 8, usd: 24.5 } })
      const [first, second] = yield* Effect.all([run(client), run(client)])

      assert.strictEqual(first.headers["x-venice-balance-diem"], "8")
      assert.strictEqual(first.headers["x-venice-balance-usd"], "24.5")
      assert.isUndefined(second.headers["x-venice-balance-diem"])
      assert.strictEqual(second.headers["x-venice-balance-usd"], "24.5")
    }))

  it.effect("run out in Venice's order", () =>
    Effect.gen(function*() {
      const client = yield* make({
        models,
        balance: { usd: 8, bundledCredits: 8, earnedCredits: 8, diem: 8 }
      })
      const answers = yield* Effect.all(Array.from({ length: 5 }, () => run(client)))
      const charges = yield* client.venice.charges

      assert.deepStrictEqual(charges.map(({ currency }) => currency), [
        "DIEM",
        "EARNED_CREDITS",
        "BUNDLED_CREDITS",
        "USD"
      ])
      assert.deepStrictEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 402])
      assert.strictEqual(answers[4]?.error?._tag, "INSUFFICIENT_BALANCE")
    }))

  it.effect("bill a run to the first currency that has anything, and go below zero", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, balance: { diem: 1, usd: 1 } })
      yield* Effect.all([run(client), run(client), run(client)])
      const { json } = yield* client.ask("GET /billing/balance")

      assert.strictEqual(json.balances.diem, -7)
      assert.isNull(json.balances.usd)
      assert.isFalse(json.canConsume)
      assert.isNull(json.consumptionCurrency)
    }))

  it.effect("pay a quoted price from the first currency that covers all of it", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, balance: { diem: 2.99, usd: 3 } })
      const [paid, refused] = yield* Effect.all([draw(client), draw(client)])
      const [charge] = yield* client.venice.charges

      assert.strictEqual(paid.status, 200)
      assert.strictEqual(charge?.currency, "USD")
      assert.strictEqual(refused.error?._tag, "INSUFFICIENT_BALANCE")
    }))

  it.effect("never let two concurrent requests spend the same dollar twice on a quoted price", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, balance: { usd: 1.4 }, latency: { median: Duration.seconds(1) } })
      const fiber = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 50 }, () => queue(client)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(Duration.seconds(1))
      const answers = yield* Fiber.join(fiber)

      assert.strictEqual(answers.filter(({ status }) => status === 200).length, 2)
      assert.strictEqual((yield* client.venice.charges).length, 2)
    }))

  it.effect("are endless by default", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const { headers } = yield* post(client)
      const { json } = yield* client.ask("GET /billing/balance")

      assert.isUndefined(headers["x-venice-balance-usd"])
      assert.isTrue(json.canConsume)
    }))

  it.effect("stop a key at its own limit while the account has more", () =>
    Effect.gen(function*() {
      const client = yield* make({
        models,
        balance: { diem: 100, usd: 100 },
        keys: [{ value: "diem", limits: { diem: 8 } }, { value: "usd", limits: { usd: 8 } }]
      })
      const [first, second] = yield* Effect.all([run(client, "diem"), run(client, "diem")])
      const other = yield* run(client, "usd")

      assert.strictEqual(first.status, 200)
      assert.strictEqual(second.error?._tag, "API_KEY_DIEM_SPEND_LIMIT_EXCEEDED")
      assert.strictEqual(other.status, 200)
    }))
})

describe("charges", () => {
  it.effect("are made once for each request, by its id", () =>
    Effect.gen(function*() {
      const client = yield* make({ models })
      const answers = yield* Effect.all([run(client), run(client)])
      const charges = yield* client.venice.charges

      assert.deepStrictEqual(charges.map(({ id }) => id), answers.map(({ headers }) => headers["cf-ray"]))
      assert.deepStrictEqual(charges.map(({ amount }) => amount), [8, 8])
      assert.strictEqual(charges[0]?.requestId, answers[0]?.json.id)
    }))

  it.effect("are made after a run, even if its caller has gone", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, latency: { median: Duration.seconds(10) } })
      const fiber = yield* Effect.forkChild(run(client))
      yield* TestClock.adjust(Duration.seconds(9))
      assert.strictEqual((yield* client.venice.charges).length, 0)
      yield* Fiber.interrupt(fiber)

      assert.strictEqual((yield* client.venice.charges).length, 1)
    }))

  it.effect("are made before the answer for a job", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, latency: { median: Duration.seconds(10) } })
      const fiber = yield* Effect.forkChild(queue(client))
      yield* TestClock.adjust(Duration.seconds(1))

      assert.deepStrictEqual((yield* client.venice.charges).map(({ amount }) => amount), [0.7])
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* client.venice.charges).length, 1)
    }))

  it.effect("are not made for what was refused", () =>
    Effect.gen(function*() {
      const client = yield* make({ models, outages: [{ from: Duration.zero, for: Duration.hours(1) }] })
      yield* Effect.all([run(client), queue(client), draw(client)])

      assert.deepStrictEqual(yield* client.venice.charges, [])
    }))

  it.effect("are in the history, in pages and as CSV", () =>
    Effect.gen(function*() {
      const client = yield* make({ models })
      yield* Effect.all(Array.from({ length: 12 }, () => run(client)))
      const first = yield* client.ask("GET /billing/usage-history?pageSize=10")
      const second = yield* client.ask(`GET /billing/usage-history?cursor=${first.json.nextCursor}`)
      const csv = yield* client.ask("GET /billing/usage-history?pageSize=10", { headers: { accept: "text/csv" } })
      const forged = yield* client.ask("GET /billing/usage-history?cursor=AAAA")
      const mixed = yield* client.ask(`GET /billing/usage-history?cursor=${first.json.nextCursor}&pageSize=10`)

      assert.strictEqual(first.json.data.length, 10)
      assert.strictEqual(first.json.data[0].amount, -8)
      assert.strictEqual(second.json.data.length, 2)
      assert.isNull(second.json.nextCursor)
      assert.strictEqual(csv.headers["content-type"], "text/csv")
      assert.strictEqual(csv.headers["x-next-cursor"], first.json.nextCursor)
      assert.strictEqual(csv.text.split("\n").length, 11)
      assert.strictEqual(forged.json.error, "Invalid or expired cursor; restart from the first page")
      assert.strictEqual(mixed.status, 400)
    }))

  it.effect("are summed by day, model and key", () =>
    Effect.gen(function*() {
      const client = yield* make({ models })
      yield* Effect.all([run(client), draw(client)])
      const { json } = yield* client.ask("GET /billing/usage-analytics?lookback=2d")

      assert.deepStrictEqual(json.byDate.map(({ USD }: any) => USD), [0, 11])
      assert.deepStrictEqual(json.topModels, ["m", "i"])
      assert.strictEqual(json.byKey[0].totalUsd, 11)
    }))
})

describe("a retired route", () => {
  it.effect("names what follows", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const { error } = yield* ask("GET /billing/usage", { key: undefined })

      assert.strictEqual(error?._tag === "GONE" && error.successor, "/api/v1/billing/usage-history")
    }))
})
