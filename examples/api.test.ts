import { Errors } from "@effect-venice/core"
import { Assertions, Emulator, WireResponse } from "@effect-venice/testing"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, References } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { createServer } from "node:http"
import { Api, Routes } from "./api.ts"

const Served = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0 })),
  Layer.provideMerge(Emulator.layerClient),
  Layer.provideMerge(Emulator.layer),
  Layer.provideMerge(FetchHttpClient.layer),
  Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "None"))
)

const text = "The invoice of March is missing."

const origin = Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))

/** What a client that is generated from the API does. */
const summarize = (text: string) =>
  Effect.gen(function*() {
    const { summaries } = yield* HttpApiClient.make(Api, { baseUrl: yield* origin })
    return yield* summaries.summarize({ payload: { text } })
  })

/** What any other client sees. */
const post = Effect.gen(function*() {
  const url = `${yield* origin}/summaries`
  const response = yield* Effect.promise(() =>
    fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) })
  )
  return { response, body: yield* Effect.promise(() => response.text()) }
})

const replying = (...replies: ReadonlyArray<Emulator.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.reply(...replies))

it.live("summarises a text", () =>
  Effect.gen(function*() {
    const { summary } = yield* summarize(text)

    assert.include(summary, "emulated answer")
  }).pipe(Effect.provide(Served)))

describe("a client of the API", () => {
  it.live("is told to shorten a text that is too long", () =>
    Effect.gen(function*() {
      yield* Assertions.fails(summarize("A long story. ".repeat(100_000)), "TextTooLong")
    }).pipe(Effect.provide(Served)))

  it.live("is told why a text is refused", () =>
    Effect.gen(function*() {
      yield* replying(new Errors.ContentPolicyViolation({ message: "Your prompt violates the content policy" }))
      const { detail } = yield* Assertions.fails(summarize(text), "TextRefused")

      assert.strictEqual(detail, "Your prompt violates the content policy")
    }).pipe(Effect.provide(Served)))

  it.live("is told when to come back", () =>
    Effect.gen(function*() {
      yield* replying(new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.millis(29_500) } }))
      const { retryAfter } = yield* Assertions.fails(summarize(text), "Busy")

      assert.deepStrictEqual(retryAfter, Duration.seconds(30))
      assert.lengthOf(yield* (yield* Emulator.Emulator).received, 1)
    }).pipe(Effect.provide(Served)))

  it.live("does not notice a failure that a retry mends", () =>
    Effect.gen(function*() {
      yield* replying(new Errors.InferenceFailed())
      yield* summarize(text)

      assert.lengthOf(yield* (yield* Emulator.Emulator).received, 2)
    }).pipe(Effect.provide(Served)))
})

describe("on the wire", () => {
  it.live("an error is a problem with the status and the hint", () =>
    Effect.gen(function*() {
      yield* replying(new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } }))
      const { body, response } = yield* post

      assert.strictEqual(response.status, 503)
      assert.strictEqual(response.headers.get("retry-after"), "30")
      assert.strictEqual(response.headers.get("content-type"), "application/problem+json")
      assert.deepStrictEqual(JSON.parse(body), {
        type: "https://summaries.example/problems/busy",
        status: 503,
        title: "Too many summaries are asked for"
      })
    }).pipe(Effect.provide(Served)))

  it.live("the OpenAPI document has every problem", () =>
    Effect.gen(function*() {
      const url = `${yield* origin}/openapi.json`
      const { paths } = yield* Effect.promise(() => fetch(url).then((response) => response.json() as any))
      const { responses } = paths["/summaries"].post

      for (const status of [413, 422, 502, 503]) {
        assert.property(responses[status].content, "application/problem+json")
      }
      assert.property(responses[503].headers, "retry-after")
    }).pipe(Effect.provide(Served)))
})

describe("a hostile Venice", () => {
  const secret = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"

  const hostile: ReadonlyArray<readonly [string, WireResponse.WireResponse]> = [
    ["about the account", WireResponse.json(402, { error: `No credit for ${secret}`, balance: 0 })],
    ["about a key", WireResponse.json(401, { error: `bad key ${secret}` })],
    ["in HTML", WireResponse.text(502, `<script>alert("${secret}")</script>`, { "content-type": "text/html" })],
    ["of a megabyte", WireResponse.text(500, secret.repeat(25_000))],
    ["that is no JSON", WireResponse.text(200, `{"choices": [${secret}`)],
    ["with another shape", WireResponse.json(200, { choices: [], key: secret })],
    ["with a nested error", WireResponse.json(200, { error: { message: secret, code: 502 } })]
  ]

  for (const [name, reply] of hostile) {
    it.live(`a response ${name} becomes a problem without its texts`, () =>
      Effect.gen(function*() {
        yield* replying(reply)
        const { body, response } = yield* post

        assert.strictEqual(response.status, 502)
        assert.deepStrictEqual(JSON.parse(body), {
          type: "https://summaries.example/problems/unavailable",
          status: 502,
          title: "Summaries are not available"
        })
        assert.notInclude(JSON.stringify([...response.headers]), secret)
      }).pipe(Effect.provide(Served)))
  }

  for (const disconnect of ["before-header", "within-header", { afterBytes: 20 }] as const) {
    it.live(`a connection that ends ${JSON.stringify(disconnect)} is no success, and is not sent again`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.on("POST /chat/completions", { disconnect })
        const { response } = yield* post

        assert.strictEqual(response.status, 502)
        assert.lengthOf(yield* emulator.received, 1)
      }).pipe(Effect.provide(Served)))
  }
})
