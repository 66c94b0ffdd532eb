/** An error that a server writes without the members of one. */
import { Decode, VeniceError } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { chat } from "./bodies.ts"
import { answer, serve } from "./server.ts"

describe("a stream ends with the error of", () => {
  it.live.each([
    ["an object without code and message", "event: error\ndata: {\"detail\":\"boom\"}", "boom"],
    ["an unknown object", "event: error\ndata: {\"x\":1}", "HTTP 200 with an unknown JSON body"],
    ["nothing", "event: error\ndata: null", "HTTP 200 with an unknown JSON body"],
    ["a JSON text", "event: error\ndata: \"boom\"", "boom"],
    ["a text", "event: error\ndata: boom {", "boom {"],
    [
      "a failed response without an error",
      "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":null}}",
      "The response failed"
    ]
  ])("%s", ([, event, message]) =>
    Effect.gen(function*() {
      const server = yield* serve((response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(`data: {"text":"a"}\n\n${event}\n\ndata: [DONE]\n\n`)
      })
      const venice = yield* VeniceClient.make({ baseUrl: server.url })
      const events = venice.stream("POST /chat/completions", { body: chat, event: Schema.Unknown })

      const error = yield* Effect.flip(Stream.runDrain(events))

      if (!VeniceError.isVeniceError(error)) return assert.fail(String(error))
      assert.strictEqual(error.message, message)
      assert.strictEqual(error.category, "Server")
      assert.strictEqual(error.response.delivered, 1)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("a failed response without an error", () => {
  it.live("fails POST /responses", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, { status: "failed", error: null }))
      const venice = yield* VeniceClient.make({ baseUrl: server.url })

      const error = yield* Effect.flip(
        venice.execute("POST /responses", { body: { model: "m", input: "x" }, success: Schema.Unknown })
      )

      assert.include(error, { message: "The response failed", category: "Server" })
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  const hidden = (body: object) => Decode.hidden({ status: 200, body: JSON.stringify(body), now: 0 })

  it.each([{ object: "response" }, { output: [] }, { object: "response", error: {} }])("is an error: %j", (members) => {
    assert.strictEqual(hidden({ status: "failed", ...members })?.category, "Server")
  })

  it.each([{ status: "failed" }, { output: [{ status: "failed" }] }, { object: "response", status: "completed" }])(
    "is not: %j",
    (body) => assert.isUndefined(hidden(body))
  )
})
