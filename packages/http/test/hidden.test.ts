/** What a response says beside its status: an error inside a success, and headers that come twice. */
import { Operation, Retry, VeniceError } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import type { ServerResponse } from "node:http"
import { chat } from "./bodies.ts"
import { answer, serve } from "./server.ts"

const connect = Effect.fnUntraced(function*(handle: (response: ServerResponse) => void) {
  const server = yield* serve(handle)
  const venice = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make("correct-horse-battery") })
  return { server, venice }
})

describe("a success", () => {
  const execute = (body: unknown) =>
    Effect.gen(function*() {
      const { server, venice } = yield* connect((response) => answer(response, 200, body))
      const call = venice.execute("POST /responses", { body: { model: "m", input: "x" }, success: Schema.Unknown })
      const result = yield* Effect.result(Effect.retry(call, Retry.without(Retry.standard, "Server")))
      return { result, requests: server.got.length }
    }).pipe(Effect.provide(FetchHttpClient.layer))

  it.live("with a failed response is the error in it", () =>
    Effect.gen(function*() {
      const { requests, result } = yield* execute({
        id: "r-1",
        status: "failed",
        error: { code: "server_error", message: "The model broke." }
      })

      const error = result._tag === "Failure" ? result.failure : undefined
      assert.strictEqual(error?._tag, "UNRECOGNIZED_RESPONSE")
      assert.strictEqual(error?.message, "The model broke.")
      assert.strictEqual(requests, 1)
    }))

  it.live("with a failed response that says no reason is an error", () =>
    Effect.gen(function*() {
      const { result } = yield* execute({ id: "r-1", status: "failed" })

      assert.strictEqual(result._tag === "Failure" && result.failure.message, "The response failed")
    }))

  it.live("with a known error is that error", () =>
    Effect.gen(function*() {
      const { result } = yield* execute({ error: "Inference processing failed" })

      assert.strictEqual(result._tag === "Failure" && result.failure._tag, "INFERENCE_FAILED")
    }))

  it.live("without an error is a success", () =>
    Effect.gen(function*() {
      const body = { id: "r-1", status: "completed", error: null, note: "an \"error\"" }

      const { result } = yield* execute(body)

      assert.deepStrictEqual(result._tag === "Success" && result.success, body)
    }))
})

describe("an event named error", () => {
  it.live("ends the stream with the error it holds", () =>
    Effect.gen(function*() {
      const { venice } = yield* connect((response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(
          `data: {"text":"a"}\n\nevent: error\ndata: {"code":"MODEL_AT_CAPACITY","message":"The model is full."}\n\n`
        )
      })
      const events = venice.stream("POST /chat/completions", {
        body: chat,
        event: Schema.Struct({ text: Schema.String })
      })

      const error = yield* Effect.flip(Stream.runDrain(events))

      assert.strictEqual(error._tag, "MODEL_AT_CAPACITY")
      assert.strictEqual(VeniceError.isVeniceError(error) && error.response.delivered, 1)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe.each([
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
])("over %s", (_, layer) => {
  it.live("the longest of several Retry-After headers counts", () =>
    Effect.gen(function*() {
      const { venice } = yield* connect((response) => {
        response.writeHead(
          429,
          [["Retry-After", "5"], ["Retry-After", "40"], ["Content-Type", "application/json"]].flat()
        )
        response.end("{\"error\":\"Rate limit exceeded\"}")
      })

      const error = yield* Effect.flip(venice.request(Operation.custom("GET /new")))

      if (!VeniceError.isVeniceError(error)) return assert.fail(String(error))
      assert.strictEqual(error.response.retryAfter && Duration.toSeconds(error.response.retryAfter), 40)
    }).pipe(Effect.provide(layer)))
})
