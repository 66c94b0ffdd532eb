import { Emulator } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { request } from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

const count = 10_000

describe("the journal of 10,000 concurrent requests", () => {
  it.live("is complete over a socket", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("GET /models", { delay: "1 second", respond: { body: "ok" } })
      const get = (i: number) =>
        Effect.callback<number>((resume) => {
          request(`${emulator.baseUrl}/models?i=${i}`, (response) => {
            response.resume().on("end", () => resume(Effect.succeed(response.statusCode!)))
          }).on("error", () => resume(Effect.succeed(0))).end()
        })
      const statuses = yield* Effect.forEach(Array.from({ length: count }, (_, i) => i), get, { concurrency: 1000 })
      const entries = yield* emulator.journal()

      assert.deepStrictEqual(new Set(statuses), new Set([200]))
      assert.strictEqual(new Set(entries.map(({ request }) => request.query)).size, count)
      assert.deepStrictEqual(new Set(entries.map(({ outcome }) => outcome)), new Set(["completed"]))
    }).pipe(Effect.provide(Emulator.layer)), 120_000)

  it.live("is complete in process", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const client = yield* HttpClient.HttpClient
      yield* emulator.on("GET /models", { delay: "100 millis", respond: { body: "ok" } })
      yield* Effect.forEach(
        Array.from({ length: count }, (_, i) => i),
        (i) => client.get(`${emulator.baseUrl}/models?i=${i}`),
        { concurrency: "unbounded" }
      )
      const entries = yield* emulator.journal()

      assert.strictEqual(new Set(entries.map(({ request }) => request.query)).size, count)
      assert.deepStrictEqual(entries.map(({ id }) => id), Array.from({ length: count }, (_, i) => i + 1))
    }).pipe(Effect.provide(Emulator.layerInProcess)), 120_000)
})

describe("the memory of the emulator", () => {
  it.live("does not grow with the number of requests", () =>
    Effect.gen(function*() {
      const { baseUrl, on } = yield* Emulator.Emulator
      const client = yield* HttpClient.HttpClient
      yield* on("GET /models", { respond: { json: { data: [] } } })
      const many = (requests: number) =>
        Effect.forEach(
          Array.from({ length: requests }, (_, i) => i),
          (i) => client.get(`${baseUrl}/models?i=${i}`),
          { discard: true }
        )
      const heap = () => {
        collectGarbage()
        return process.memoryUsage().heapUsed
      }
      // Until everything that is bounded is full.
      yield* many(12_000)
      const growths: Array<number> = []
      for (let round = 0; round < 3; round++) {
        const before = heap()
        yield* many(12_000)
        growths.push(heap() - before)
      }

      // A leak grows in each round, and what is kept once does not.
      assert.isBelow(Math.min(...growths), 5 * 2 ** 20)
    }).pipe(Effect.provide(Emulator.layerInProcessWith({ journal: { entries: 1000 } }))), 120_000)
})
