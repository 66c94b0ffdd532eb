import { Operation, VeniceError } from "@effect-venice/core"
import { HttpFailure } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { FetchHttpClient, HttpClient, type HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
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

describe("a response is a failure", () => {
  it.each([[199, true], [200, false], [299, false], [300, true], [500, true]])(
    "by its status %d: %j",
    (status, isFailure) => {
      const response = Object.defineProperty(new Response(), "status", { value: status })

      assert.strictEqual(
        HttpFailure.isFailure(HttpClientResponse.fromWeb(HttpClientRequest.get(url), response)),
        isFailure
      )
    }
  )

  it.effect("if its image was blocked, of which nothing is read", () =>
    Effect.gen(function*() {
      let pulls = 0
      let isCancelled = false
      const image = new ReadableStream({
        pull: (controller) => {
          pulls++
          controller.enqueue(new Uint8Array(1))
        },
        cancel: () => {
          isCancelled = true
        }
      }, { highWaterMark: 0 })
      const response = new Response(image, { headers: { "x-venice-is-content-violation": "true" } })
      const error = yield* Effect.flip(HttpFailure.typed(answering(() => response)).get(url))

      if (error._tag !== "CONTENT_POLICY_VIOLATION") return assert.fail(String(error))
      assert.isUndefined(error.response.body)
      assert.isUndefined(error.response.bodyTruncated)
      assert.deepStrictEqual([pulls, isCancelled], [1, true])
    }))
})

describe("an idempotency key", () => {
  const keyOf = (method: "GET" | "POST", path: string, headers: Record<string, string> = {}) =>
    Effect.gen(function*() {
      let key: unknown
      const client = HttpFailure.withIdempotencyKey(HttpClient.make((request) =>
        Effect.sync(() => {
          key = "idempotency-key" in request.headers ? request.headers["idempotency-key"] : "none"
          return HttpClientResponse.fromWeb(request, new Response())
        })
      ))
      yield* client.execute(HttpClientRequest.make(method)(`https://host/v1${path}`, { headers }))
      return key
    })

  it.effect("is sent with the operations that take one, unless they have one", () =>
    Effect.gen(function*() {
      const rpc = keyOf("POST", "/crypto/rpc/base")

      assert.match(String(yield* Operation.withIdempotencyKey(rpc)), /^[\w-]{16,255}$/)
      assert.strictEqual(yield* rpc, "none")
      assert.strictEqual(yield* Operation.withIdempotencyKey(keyOf("GET", "/models")), "none")
      const mine = keyOf("POST", "/crypto/rpc/base", { "Idempotency-Key": "mine" })
      assert.strictEqual(yield* Operation.withIdempotencyKey(mine), "mine")
      assert.strictEqual(yield* mine, "mine")
    }))
})

describe("the fiber of a request", () => {
  it.effect("has the options of fetch afterwards that it had before", () =>
    Effect.gen(function*() {
      const client = HttpFailure.typed(answering(() => new Response()))
      yield* client.get(url)

      assert.isTrue(Option.isNone(yield* Effect.serviceOption(FetchHttpClient.RequestInit)))
    }))
})

describe("a client that changes a request inside", () => {
  it.effect.each<
    [string, (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest, boolean]
  >([
    ["a header", HttpClientRequest.setHeader("x-a", "a"), true],
    ["the query", HttpClientRequest.setUrlParam("n", "1"), true],
    ["the path", HttpClientRequest.setUrl("https://api.venice.ai/api/v1/other"), false],
    ["the host", HttpClientRequest.setUrl("https://other/api/v1/models"), false]
  ])("may change all but where it goes: %s", ([, change, isSent]) =>
    Effect.gen(function*() {
      const changed = HttpClient.makeWith<
        HttpClientError.HttpClientError,
        never,
        HttpClientError.HttpClientError,
        never
      >(
        (request) => answering(() => new Response("hi")).postprocess(Effect.map(request, change)),
        Effect.succeed
      )
      const result = yield* Effect.result(HttpFailure.typed(changed).get(url))

      if (isSent) assert.strictEqual(result._tag, "Success")
      else assert.nestedInclude(result, { "failure.reason._tag": "InvalidUrlError" })
    }))
})

describe("the URL of a response", () => {
  const passing = (response: Response) =>
    HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      (request) => Effect.map(request, (request) => HttpClientResponse.fromWeb(request, response)),
      Effect.succeed
    )

  const from = (address: string, body: BodyInit | null = null) =>
    Object.defineProperty(new Response(body), "url", { value: address })

  it.effect("may be any, if there is none to compare it with", () =>
    Effect.gen(function*() {
      for (const [address, url] of [["https://other/models", "/models"], ["/models", "https://host/models"]] as const) {
        const response = yield* HttpFailure.typed(passing(from(address))).get(url)

        assert.strictEqual(response.status, 200)
      }
    }))

  it.effect("of another origin fails, and nothing of the response is read", () =>
    Effect.gen(function*() {
      let read = 0
      let isCancelled = false
      const body = new ReadableStream({
        pull: (controller) => {
          controller.enqueue(new Uint8Array(1))
          read++
        },
        cancel: () => {
          isCancelled = true
        }
      }, { highWaterMark: 0 })
      const error = yield* Effect.flip(HttpFailure.typed(passing(from("https://other/models", body))).get(url))

      assert.nestedInclude(error, { "reason._tag": "InvalidUrlError" })
      assert.deepStrictEqual([read, isCancelled], [1, true])
    }))

  it.effect("of another origin fails after a second, if the response is silent", () =>
    Effect.gen(function*() {
      const response = from("https://other/models", new ReadableStream())
      const fiber = yield* Effect.forkChild(Effect.flip(HttpFailure.typed(passing(response)).get(url)))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      assert.nestedInclude(yield* Fiber.join(fiber), { "reason._tag": "InvalidUrlError" })
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
