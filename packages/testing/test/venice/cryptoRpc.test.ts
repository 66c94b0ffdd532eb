import { Dynamics } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { type Client, make } from "./ask.ts"

const item = (id: number | undefined, method: string) => ({
  jsonrpc: "2.0",
  ...(id !== undefined && { id }),
  method,
  params: []
})

const post = ({ ask }: Client, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask("POST /crypto/rpc/base-mainnet", { body, headers })

describe("the crypto RPC", () => {
  it.effect("answers a batch in order, and no notification", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const { headers, json } = yield* post(client, [
        item(1, "eth_chainId"),
        item(undefined, "eth_blockNumber"),
        item(2, "eth_blockNumber")
      ])
      const silent = yield* post(client, item(undefined, "eth_chainId"))

      assert.deepStrictEqual(json.map(({ id }: any) => id), [1, 2])
      assert.strictEqual(json[0].result, "0x2105")
      assert.strictEqual(headers["x-venice-rpc-credits"], "60")
      assert.strictEqual(headers["x-venice-rpc-cost-usd"], "0.00004200")
      assert.strictEqual(silent.status, 204)
    }))

  it.effect("advances its blocks with the clock", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const height = Effect.map(post(client, item(1, "eth_blockNumber")), ({ json }) => json.result)
      const before = yield* height
      yield* TestClock.adjust(Duration.seconds(20))

      assert.strictEqual(Number(yield* height) - Number(before), 10)
    }))

  it.effect("answers an error of the node inside a success, for five credits", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const { headers, json, status } = yield* post(client, item(1, "eth_unheardOf"))

      assert.strictEqual(status, 200)
      assert.strictEqual(json.error.code, -32_601)
      assert.strictEqual(headers["x-venice-rpc-credits"], "5")
    }))

  it.effect.each([
    [[], "Batch must contain at least 1 request"],
    [Array.from({ length: 101 }, (_, i) => item(i, "eth_chainId")), "Batch must contain at most 100 requests"],
    [{ id: 1 }, "Each request must have a string method"],
    [item(1, "eth_subscribe"), "Method eth_subscribe is only available over WebSocket"],
    [[item(1, "eth_newFilter"), item(2, "getBalance")], "Unsupported method(s): eth_newFilter, getBalance"]
  ])("refuses %j", ([body, message]) =>
    Effect.gen(function*() {
      const client = yield* make()
      const { json, status } = yield* post(client, body)

      assert.strictEqual(status, 400)
      assert.strictEqual(json.error, message)
    }))

  it.effect("executes a request with an idempotency key once in 24 hours", () =>
    Effect.gen(function*() {
      const client = yield* make()
      const send = (body: object, key = "key-1") => post(client, body, { "idempotency-key": key })
      const first = yield* send(item(1, "eth_blockNumber"))
      yield* TestClock.adjust(Duration.minutes(1))
      const replayed = yield* send(item(1, "eth_blockNumber"))
      const changed = yield* send(item(2, "eth_blockNumber"))

      assert.strictEqual(replayed.text, first.text)
      assert.strictEqual(replayed.headers["idempotent-replayed"], "true")
      assert.strictEqual(replayed.headers["x-request-id"], first.headers["x-request-id"])
      assert.strictEqual(changed.status, 400)
      assert.strictEqual((yield* client.venice.charges).length, 1)
      yield* TestClock.adjust(Duration.hours(24))
      assert.isUndefined((yield* send(item(1, "eth_blockNumber"))).headers["idempotent-replayed"])
    }))

  it.effect("limits its requests, with a reset in seconds", () =>
    Effect.gen(function*() {
      const client = yield* make({ cryptoRpc: { requests: 2, window: Duration.minutes(1) } })
      yield* Effect.all([post(client, item(1, "eth_chainId")), post(client, item(1, "eth_chainId"))])
      const { error, headers } = yield* post(client, item(1, "eth_chainId"))

      assert.strictEqual(headers["x-ratelimit-limit"], "2")
      assert.strictEqual(headers["x-ratelimit-reset"], String(Date.UTC(2026, 0, 1) / 1000 + 60))
      assert.strictEqual(error?._tag === "RATE_LIMIT_EXCEEDED" && error.limit, "requests")
      assert.deepStrictEqual(error?.response.retryAfter, Duration.minutes(1))
    }))

  it.effect("runs the requests of a key one at a time", () =>
    Effect.gen(function*() {
      const client = yield* make({ ...Dynamics.venice, latency: { median: Duration.seconds(1) } })
      const fiber = yield* Effect.forkChild(
        Effect.all([post(client, item(1, "eth_chainId")), post(client, item(2, "eth_chainId"))], { concurrency: 2 })
      )
      yield* TestClock.adjust(Duration.seconds(1))
      const [first, second] = yield* Fiber.join(fiber)

      assert.strictEqual(first.status, 200)
      assert.strictEqual(second.json.error, "Another request for this user is in flight")
    }))
})
