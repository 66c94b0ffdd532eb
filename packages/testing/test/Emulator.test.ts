import { Errors } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Emulator, Fixtures, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema, Stream } from "effect"

const layer = Layer.provideMerge(Emulator.layerClient, Emulator.layer)

/** A client of another library. */
const ask = (url: string, init?: RequestInit) => Effect.promise(() => fetch(url, init))

const key = { authorization: "Bearer some-key" }

describe("Emulator", () => {
  it.live.each(Fixtures.errors)("sends $_tag so that a client decodes it as $_tag", (error) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(error)

      const operation = Fixtures.operation(error._tag)
      const path = { slug: "x", walletAddress: "x", network: "x", id: "x" }
      const body = operation.startsWith("GET") ? undefined : { model: "m" }
      const arrived = yield* Effect.flip(venice.request(operation, { path, body }))

      assert.strictEqual(arrived._tag, error._tag)
      assert.strictEqual(arrived.message, error.message)
      if (arrived._tag === "HttpClientError") return
      assert.strictEqual(arrived.response.status, error.response.status)
      assert.deepStrictEqual(arrived.response.retryAfter, error.response.retryAfter)
      // `matchedBy` differs: the example was not decoded.
      const { matchedBy: _, response: __, ...fields } = JSON.parse(JSON.stringify(error))
      const { matchedBy: ___, response: ____, ...received } = JSON.parse(JSON.stringify(arrived))
      assert.deepInclude(received, fields._tag === "TOO_MANY_TOKENS" ? { _tag: fields._tag } : fields)
    }).pipe(Effect.provide(layer)))

  it.live("uses its replies up, then succeeds", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(new Errors.ModelOffline(), WireResponse.json(200, { mine: true }))
      const call = venice.execute("POST /embeddings", { body: { model: "m", input: "x" }, success: Schema.Unknown })
      const failed = Effect.catchTag(call, "MODEL_OFFLINE", ({ message }) => Effect.succeed(message))

      assert.strictEqual(yield* failed, Errors.ModelOffline.defaultMessage)
      assert.deepStrictEqual(yield* call, { mine: true })
      assert.containsAllKeys(yield* call, ["data"])
      assert.strictEqual((yield* emulator.received).length, 3)
    }).pipe(Effect.provide(layer)))

  it.live("fails where Venice fails, without a reply", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* Emulator.Emulator
      const status = (path: string, init?: RequestInit) => Effect.map(ask(baseUrl + path, init), ({ status }) => status)

      assert.strictEqual(yield* status("/api_keys"), 402)
      assert.strictEqual(yield* status("/models"), 200)
      assert.strictEqual(yield* status("/no/such/route", { headers: key }), 404)
      assert.strictEqual(
        yield* status("/chat/completions", {
          method: "POST",
          headers: { ...key, "content-type": "application/json" },
          body: "{"
        }),
        400
      )
    }).pipe(Effect.provide(layer)))

  it.live("fails on demand of a client in another process", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* Emulator.Emulator
      const response = yield* ask(`${baseUrl}/models`, { headers: { "x-emulate": "model_overloaded" } })

      assert.strictEqual(response.status, 429)
      assert.strictEqual(response.headers.get("retry-after"), "30")
      assert.deepStrictEqual(yield* Effect.promise(() => response.json()), {
        error: "The model is currently overloaded. Please try again later."
      })
    }).pipe(Effect.provide(layer)))

  it.live("sends the chunks of a body one at a time", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply({
        status: 200,
        headers: { "content-type": "text/event-stream" },
        body: [{ data: "data: 1\n\n" }, { data: "data: 2\n\n", delay: Duration.millis(50) }]
      })
      const response = yield* ask(`${emulator.baseUrl}/models`)
      const chunks = yield* Stream.runCollect(Stream.fromReadableStream({
        evaluate: () => response.body!,
        onError: String
      }))

      assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
      assert.deepStrictEqual(chunks.map((chunk) => new TextDecoder().decode(chunk)), ["data: 1\n\n", "data: 2\n\n"])
    }).pipe(Effect.provide(layer)))

  it.live("records the requests", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* venice.request("POST /embeddings", { body: { model: "m", input: "x" } })
      const [got] = yield* emulator.received

      assert.strictEqual(got?.operation, "POST /embeddings")
      assert.strictEqual(got?.path, "/api/v1/embeddings")
      assert.strictEqual(got?.body, "{\"model\":\"m\",\"input\":\"x\"}")
      assert.strictEqual(got?.headers.authorization, "Bearer emulated-key")
    }).pipe(Effect.provide(layer)))
})
