import { Errors } from "@effect-venice/core"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { Routes } from "./gateway.ts"

const request = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }

/** Sends a request to a gateway on a free port, whose Venice is an emulator that sends the replies. */
const fetching = (body: object, ...replies: ReadonlyArray<Emulator.Reply>) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    for (const reply of replies) yield* emulator.reply(reply)
    const { address } = yield* HttpServer.HttpServer
    const response = yield* Effect.promise(() =>
      fetch(`${HttpServer.formatAddress(address)}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body)
      })
    )
    return { response, text: yield* Effect.promise(() => response.text()) }
  }).pipe(Effect.provide(
    HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0 })),
      Layer.provideMerge(Emulator.layerClient),
      Layer.provideMerge(Emulator.layer)
    )
  ))

const post = (...replies: ReadonlyArray<Emulator.Reply>) =>
  Effect.map(fetching(request, ...replies), ({ response, text }) => ({ response, json: JSON.parse(text) as any }))

const stream = (...replies: ReadonlyArray<Emulator.Reply>) => fetching({ ...request, stream: true }, ...replies)

it.live("passes on the success of Venice", () =>
  Effect.gen(function*() {
    const { json, response } = yield* post()

    assert.strictEqual(response.status, 200)
    assert.match(json.choices[0].message.content, /^This is an emulated answer/)
  }))

it.live("sends an error in OpenAI's shape, with the fields of Venice's", () =>
  Effect.gen(function*() {
    const { json, response } = yield* post(
      WireResponse.json(400, {
        error: "The input (35034 tokens) is longer than the model's context length (32768 tokens)."
      })
    )

    assert.strictEqual(response.status, 400)
    assert.deepInclude(json.error, { type: "invalid_request_error", code: "context_length_exceeded" })
    assert.strictEqual(json.max_tokens, 32_768)
  }))

it.live("passes on the hint", () =>
  Effect.gen(function*() {
    const busy = WireResponse.json(429, { error: "The model is currently overloaded. Please try again later." }, {
      "retry-after": "30",
      "x-venice-balance-usd": "24.5"
    })
    const { json, response } = yield* post(busy)

    assert.strictEqual(response.status, 429)
    assert.strictEqual(response.headers.get("retry-after"), "30")
    assert.isNull(response.headers.get("x-venice-balance-usd"))
    assert.strictEqual(json.code, "MODEL_OVERLOADED")
  }))

it.live("keeps the members that it does not read", () =>
  Effect.gen(function*() {
    const { json } = yield* post(WireResponse.json(200, { id: "a", venice_parameters: { web: true }, usage: {} }))

    assert.deepStrictEqual(json, { id: "a", venice_parameters: { web: true }, usage: {} })
  }))

it.live("tells a client not to retry what may be billed twice", () =>
  Effect.gen(function*() {
    const { response } = yield* post(WireResponse.text(200, "cut off"))

    assert.strictEqual(response.status, 502)
    assert.strictEqual(response.headers.get("x-should-retry"), "false")
  }))

const events = (...data: ReadonlyArray<string>) =>
  WireResponse.text(200, data.map((event) => `data: ${event}\n\n`).join(""), { "content-type": "text/event-stream" })

it.live("streams, and ends a failed stream with an error event of OpenAI", () =>
  Effect.gen(function*() {
    const overloaded = JSON.stringify({ error: { message: "busy", code: "model_overloaded", retry_after: 30 } })
    const { text } = yield* stream(events("{\"id\":1}", overloaded))
    const [first, second, end] = text.split("\n\n")

    assert.strictEqual(first, "data: {\"id\":1}")
    assert.deepInclude(JSON.parse(second!.slice(6)).error, {
      code: "model_overloaded",
      message: "busy",
      retry_after: 30
    })
    assert.strictEqual(end, "data: [DONE]")
  }))

it.live("responds with an error status if a stream fails before its first event", () =>
  Effect.gen(function*() {
    const missing = new Errors.ModelNotFound({ message: "Specified model not found: x" })
    const { response, text } = yield* stream(missing)

    assert.strictEqual(response.status, 404)
    assert.strictEqual(JSON.parse(text).error.code, "model_not_found")
  }))

it.live("conceals errors about the account", () =>
  Effect.gen(function*() {
    const { json, response } = yield* post(new Errors.InsufficientBalance())

    assert.strictEqual(response.status, 502)
    assert.notInclude(JSON.stringify(json), "balance")
  }))

const secret = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"

const hostile: ReadonlyArray<readonly [string, WireResponse.WireResponse]> = [
  ["a key", WireResponse.json(401, { error: `bad key ${secret}` })],
  ["a page of a proxy", WireResponse.text(502, `<p>${secret}</p>`, { "content-type": "text/html" })],
  ["a megabyte", WireResponse.text(500, secret.repeat(25_000))],
  ["a success that is no JSON", WireResponse.text(200, `{"key": "${secret}`)],
  [
    "headers",
    WireResponse.json(404, { error: "Specified model not found: x" }, { "x-key": secret, "set-cookie": secret })
  ]
]

for (const [name, reply] of hostile) {
  it.live(`a hostile Venice cannot send a user ${name}`, () =>
    Effect.gen(function*() {
      for (const { response, text } of [yield* fetching(request, reply), yield* stream(reply)]) {
        assert.isAtLeast(response.status, 400)
        assert.notInclude(text + JSON.stringify([...response.headers]), secret)
        assert.isBelow(text.length, 2000)
      }
    }))
}

it.live("conceals errors about the account in a stream that has begun", () =>
  Effect.gen(function*() {
    const poor = JSON.stringify({ error: { message: "Insufficient balance: 0.02 USD", code: "INSUFFICIENT_BALANCE" } })
    const { response, text } = yield* stream(events("{\"id\":1}", poor))

    assert.strictEqual(response.status, 200)
    assert.include(text, "{\"id\":1}")
    assert.notMatch(text, /balance|USD/i)
    assert.include(text, "The service cannot use Venice at present")
  }))
