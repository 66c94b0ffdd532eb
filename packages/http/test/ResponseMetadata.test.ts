import { ResponseMetadata, VeniceClient } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { embeddings } from "./bodies.ts"
import { answer, serve } from "./server.ts"

const headers = {
  "x-ratelimit-limit-requests": "20",
  "x-ratelimit-remaining-requests": "19",
  "x-ratelimit-reset-requests": "1780567876726",
  "x-venice-balance-usd": "24.50"
}

const deprecated = (model: string) => ({
  "x-venice-model-deprecation-warning": `${model} is deprecated`,
  "x-venice-model-deprecation-date": "2026-03-01",
  "x-venice-deprecated-replacement": "new"
})

const call = Effect.fnUntraced(function*(replies: ReadonlyArray<Record<string, string>>, status = 200) {
  let n = 0
  const server = yield* serve((response) => answer(response, status, {}, replies[Math.min(n++, replies.length - 1)]))
  const venice = yield* VeniceClient.make({ baseUrl: server.url })
  return venice.execute("POST /embeddings", { body: embeddings, success: Schema.Unknown })
})

const run = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, FetchHttpClient.layer)

describe("server hints", () => {
  it.live("are there for who collects them", () =>
    Effect.gen(function*() {
      const [body, hints] = yield* ResponseMetadata.collect(yield* call([headers]))

      assert.deepStrictEqual(body, {})
      assert.strictEqual(hints.rateLimit?.requests?.limit, 20)
      assert.strictEqual(hints.rateLimit?.requests?.remaining, 19)
      assert.strictEqual(String(hints.balance?.usd), "BigDecimal(24.5)")
      assert.isUndefined(hints.deprecation)
    }).pipe(run))

  it.live("are those of the latest answer, and of one's own calls only", () =>
    Effect.gen(function*() {
      const embed = yield* call([headers, { "x-ratelimit-remaining-requests": "18" }, {}])
      const [[, first], [, second], [, third]] = yield* Effect.all([
        ResponseMetadata.collect(embed),
        ResponseMetadata.collect(embed),
        ResponseMetadata.collect(embed)
      ])

      assert.deepStrictEqual(
        [first, second, third].map(({ rateLimit }) => rateLimit?.requests?.remaining),
        [19, 18, undefined]
      )
    }).pipe(run))

  it.live("log each deprecation once", () =>
    Effect.gen(function*() {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => {
        logged.push([logLevel, message])
      })
      const embed = yield* call([deprecated("a"), deprecated("a"), deprecated("b"), deprecated("a")])
      yield* Effect.repeat(embed, { times: 3 }).pipe(Effect.provide(Logger.layer([logger])))
      const [, hints] = yield* ResponseMetadata.collect(embed)

      assert.deepStrictEqual(logged, [["Warn", ["a is deprecated"]], ["Warn", ["b is deprecated"]]])
      assert.deepStrictEqual(hints.deprecation, { warning: "a is deprecated", date: "2026-03-01", replacement: "new" })
    }).pipe(run))

  it.live("log what a deprecation says, on one line, and again if any part of it is new", () =>
    Effect.gen(function*() {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ fiber, message }) => {
        logged.push([message, { ...fiber.getRef(References.CurrentLogAnnotations) }])
      })
      const { "x-venice-deprecated-replacement": _, ...withoutReplacement } = deprecated("a")
      const { "x-venice-model-deprecation-date": __, ...withoutDate } = deprecated("a")
      const replies = [
        deprecated("a"),
        { ...deprecated("a"), "x-venice-deprecated-replacement": "newer\u009b31m" },
        { ...deprecated("a"), "x-venice-model-deprecation-date": "2026\u009b31m" },
        withoutReplacement,
        withoutDate,
        { "x-venice-model-deprecation-date": "2026-03-01" },
        deprecated("a")
      ]
      const embed = yield* call(replies)
      yield* Effect.repeat(embed, { times: replies.length - 1 }).pipe(Effect.provide(Logger.layer([logger])))

      const message = ["a is deprecated"]
      assert.deepStrictEqual(logged, [
        [message, { deprecationDate: "2026-03-01", replacement: "new" }],
        [message, { deprecationDate: "2026-03-01", replacement: "newer 31m" }],
        [message, { deprecationDate: "2026 31m", replacement: "new" }],
        [message, { deprecationDate: "2026-03-01" }],
        [message, { replacement: "new" }],
        [["The model is deprecated"], { deprecationDate: "2026-03-01" }]
      ])
    }).pipe(run))
})
