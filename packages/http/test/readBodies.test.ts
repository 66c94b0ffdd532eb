/** Bodies that something in the client has read before: what the response keeps of them is not lost. */
import { VeniceClient } from "@effect-venice/http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { readBody, readWhole } from "../src/internal/body.ts"
import { serve } from "./server.ts"

const clients = { undici: NodeHttpClient.layerUndici, fetch: FetchHttpClient.layer }

const request = HttpClientRequest.get("https://host/v1/models")

const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Hello" }] }

const limits = { bytes: 4, time: Duration.seconds(5) }

describe("a body that the client has read", () => {
  for (const [name, layer] of Object.entries(clients)) {
    const clientOf = Effect.fnUntraced(function*(status: number, text: string) {
      const server = yield* serve((response) =>
        response.writeHead(status, { "content-type": "application/json", "content-length": text.length }).end(text)
      )
      const reading = HttpClient.tap(yield* HttpClient.HttpClient, (response) => response.text)
      return yield* VeniceClient.make({ baseUrl: server.url }).pipe(
        Effect.provideService(HttpClient.HttpClient, reading)
      )
    })

    it.live(`is a success over ${name}`, () =>
      Effect.gen(function*() {
        const venice = yield* clientOf(200, "{\"a\":12}")

        assert.deepStrictEqual(yield* venice.execute("GET /models", { success: Schema.Unknown }), { a: 12 })
      }).pipe(Effect.provide(layer)))

    it.live(`is an error over ${name}`, () =>
      Effect.gen(function*() {
        const venice = yield* clientOf(401, "{\"error\":\"Authentication failed\"}")
        const error = yield* Effect.flip(
          venice.execute("POST /chat/completions", { body, success: Schema.Unknown })
        )

        assert.strictEqual(error._tag, "AUTHENTICATION_FAILED")
      }).pipe(Effect.provide(layer)))
  }

  it.effect("is cut at the limit", () =>
    Effect.gen(function*() {
      for (const read of [readWhole, (response: HttpClientResponse.HttpClientResponse) => readBody(response, limits)]) {
        for (const [text, expected] of [["abcd", "abcd"], ["abcde", "abcd"], ["abcé", "abc\ufffd"]] as const) {
          const response = HttpClientResponse.fromWeb(request, new Response(text))
          yield* response.text

          assert.deepStrictEqual(yield* read(response, 4), { text: expected, truncated: text !== "abcd" })
        }
      }
    }))

  it.effect("is waited for as long as another", () =>
    Effect.gen(function*() {
      const response = HttpClientResponse.fromWeb(request, new Response(new ReadableStream()))
      yield* Effect.forkChild(response.text)
      yield* Effect.yieldNow
      const fiber = yield* Effect.forkChild(readBody(response, limits))
      yield* TestClock.adjust("5 seconds")

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "", truncated: true })
    }))

  it.effect("is lost if the response does not keep it", () =>
    Effect.gen(function*() {
      const web = new Response("abc")
      yield* Effect.promise(() => web.text())
      const response = HttpClientResponse.fromWeb(request, web)

      assert.deepStrictEqual(yield* readBody(response, limits), { text: "", truncated: true })
      assert.strictEqual((yield* Effect.flip(readWhole(response, 4))).reason._tag, "DecodeError")
    }))
})

describe("a body of the web", () => {
  it.effect("is not believed to be as short as its length says, which may be that of its compressed form", () =>
    Effect.gen(function*() {
      const web = new Response("abcdefgh", { headers: { "content-length": "2" } })

      assert.deepStrictEqual(yield* readWhole(HttpClientResponse.fromWeb(request, web), 4), {
        text: "abcd",
        truncated: true
      })
    }))

  it.effect("is let go if a piece of it is no bytes", () =>
    Effect.gen(function*() {
      let isCancelled = false
      const stream = new ReadableStream({
        pull: (controller) => controller.enqueue("text"),
        cancel: () => {
          isCancelled = true
        }
      })
      const response = HttpClientResponse.fromWeb(request, new Response(stream))

      assert.deepStrictEqual(yield* readBody(response, limits), { text: "", truncated: true })
      assert.isTrue(isCancelled)
    }))
})
