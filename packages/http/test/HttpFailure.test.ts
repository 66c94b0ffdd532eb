import { VeniceError } from "@effect-venice/core"
import { HttpFailure } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { answer, serve } from "./server.ts"

const url = "https://api.venice.ai/api/v1/models"

const answering = (response: () => Response) =>
  HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, response())))

describe("typed", () => {
  it.effect("lets a success through", () =>
    Effect.gen(function*() {
      const client = HttpFailure.typed(answering(() => new Response("hi", { status: 201 })))

      assert.strictEqual(yield* Effect.flatMap(client.get(url), (response) => response.text), "hi")
    }))

  it.effect("fails with the decoded error, and knows the operation by the path", () =>
    Effect.gen(function*() {
      const client = HttpFailure.typed(
        answering(() => new Response("{\"error\":\"Character not found\"}", { status: 404 }))
      )
      const error = yield* Effect.flip(client.get("https://gateway.example/venice/characters/nobody?x=1"))

      assert.strictEqual(error._tag, "CHARACTER_NOT_FOUND")
      assert.strictEqual(VeniceError.isVeniceError(error) && error.response.operation, "GET /characters/{slug}")
    }))

  it.effect("names a request of no known operation by its path, without its query", () =>
    Effect.gen(function*() {
      const client = HttpFailure.typed(answering(() => new Response(null, { status: 418 })))
      const error = yield* Effect.flip(client.post("https://api.venice.ai/new/thing?key=secret"))

      assert.strictEqual(VeniceError.isVeniceError(error) && error.response.operation, "POST /new/thing")
      assert.strictEqual(error.message, "HTTP 418 with an empty body")
    }))

  it.effect("serves a client that already fails on a status", () =>
    Effect.gen(function*() {
      const client = answering(() => new Response("{\"error\":\"Rate limit exceeded\"}", { status: 429 })).pipe(
        HttpClient.filterStatusOk,
        HttpFailure.typed
      )
      const error = yield* Effect.flip(client.get(url))

      assert.strictEqual(error._tag, "RATE_LIMIT_EXCEEDED")
    }))

  it.effect("keeps failures of its own and of others apart", () =>
    Effect.gen(function*() {
      const client = HttpClient.transformResponse(
        answering(() => new Response()),
        () => Effect.fail({ _tag: "Mine" } as const)
      )
      const error = yield* Effect.flip(HttpFailure.typed(client).get(url))

      assert.deepStrictEqual(error, { _tag: "Mine" })
    }))

  it.effect("takes out what the request proved itself with", () =>
    Effect.gen(function*() {
      const proof = "proof-of-the-wallet"
      const client = HttpFailure.typed(answering(() => new Response(`bad ${proof}`, { status: 400 })))

      for (
        const name of ["authorization", "x-api-key", "SIGN-IN-WITH-X", "PAYMENT-SIGNATURE", "X-402-Payment", "cookie"]
      ) {
        const request = HttpClientRequest.get(url).pipe(HttpClientRequest.setHeader(name, proof))
        const error = yield* Effect.flip(client.execute(request))

        assert.strictEqual(error.message, "bad <redacted>")
      }
    }))
})

describe("the limits of an error's body", () => {
  const endless = answering(() =>
    new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("x")) }),
      { status: 503 }
    )
  )

  it.effect("end a body that never ends, by time", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(HttpFailure.typed(endless).get(url)))
      yield* Effect.yieldNow
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)

      assert.strictEqual(error._tag, "UNRECOGNIZED_RESPONSE")
      assert.isTrue(VeniceError.isVeniceError(error) && error.response.bodyTruncated)
    }))

  it.effect("leave what somebody else has read, or is reading", () =>
    Effect.gen(function*() {
      const read = new Response("{\"error\":\"Model not found\"}", { status: 404 })
      yield* Effect.promise(() => read.text())
      const locked = new Response("{\"error\":\"Model not found\"}", { status: 404 })
      locked.body!.getReader()

      for (const response of [read, locked]) {
        const error = yield* Effect.flip(HttpFailure.typed(answering(() => response)).get(url))

        assert.isTrue(VeniceError.isVeniceError(error) && error.category === "NotFound")
        assert.isTrue(VeniceError.isVeniceError(error) && error.response.bodyTruncated)
      }
    }))

  it.effect("can be set", () =>
    Effect.gen(function*() {
      const long = answering(() => new Response("x".repeat(5000), { status: 503 }))
      const error = yield* Effect.flip(HttpFailure.typed(long).get(url)).pipe(
        Effect.provideService(HttpFailure.BodyLimits, { bytes: 1000, time: "1 second" })
      )

      assert.strictEqual(VeniceError.isVeniceError(error) && error.response.body?.length, 1000)
      assert.isTrue(VeniceError.isVeniceError(error) && error.response.bodyTruncated)
    }))

  it.live("hold for a compressed body too", () =>
    Effect.gen(function*() {
      const { gzipSync } = yield* Effect.promise(() => import("node:zlib"))
      const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
      const server = yield* serve((response) => answer(response, 500, bomb, { "content-encoding": "gzip" }))
      const client = HttpFailure.typed(yield* HttpClient.HttpClient)
      const before = process.memoryUsage().rss

      const error = yield* Effect.flip(client.get(server.url))

      assert.isTrue(VeniceError.isVeniceError(error) && error.response.bodyTruncated)
      assert.isBelow(process.memoryUsage().rss - before, 100 * 1024 * 1024)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})
