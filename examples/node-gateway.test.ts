import { Errors } from "@effect-venice/core"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, ManagedRuntime, References, Schedule } from "effect"
import type { AddressInfo } from "node:net"
import { make } from "./node-gateway.ts"

/** A gateway on a free port, until the scope closes. Its log is silent. */
const gateway = Effect.gen(function*() {
  const { baseUrl } = yield* Emulator.Emulator
  const client = Emulator.layerClient.pipe(
    Layer.provide(Layer.succeed(Emulator.Emulator, yield* Emulator.Emulator)),
    Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "None"))
  )
  const server = make(ManagedRuntime.make(client))
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answers`, baseUrl }
})

const ask = (url: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, { method: "POST", body: JSON.stringify({ question: "Why?" }), ...init })
    return { response, text: await response.text() }
  })

const replying = (...replies: ReadonlyArray<Emulator.Reply>) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(...replies)
    const { url } = yield* gateway
    const { response, text } = yield* ask(url)
    return { response, text, json: JSON.parse(text), requests: (yield* emulator.received).length }
  }).pipe(Effect.provide(Emulator.layer))

it.live("answers", () =>
  Effect.gen(function*() {
    const { json, response } = yield* replying()

    assert.strictEqual(response.status, 200)
    assert.strictEqual(json.answer, "This is an emulated answer to: Why?")
  }))

it.live("passes an error on as a problem, with its status and its hint", () =>
  Effect.gen(function*() {
    const { json, requests, response } = yield* replying(
      new Errors.ModelOverloaded({
        message: "The model is busy",
        response: { status: 429, retryAfter: Duration.millis(29_500), requestId: "r-1" }
      })
    )

    assert.strictEqual(response.status, 429)
    assert.strictEqual(response.headers.get("content-type"), "application/problem+json")
    assert.strictEqual(response.headers.get("retry-after"), "30")
    assert.strictEqual(response.headers.get("x-request-id"), "r-1")
    assert.deepInclude(json, {
      type: new Errors.ModelOverloaded().docs,
      status: 429,
      detail: "The model is busy",
      code: "MODEL_OVERLOADED"
    })
    assert.strictEqual(requests, 1)
  }))

it.live("retries what it may, before the client hears of it", () =>
  Effect.gen(function*() {
    const { requests, response } = yield* replying(new Errors.InferenceFailed())

    assert.strictEqual(response.status, 200)
    assert.strictEqual(requests, 2)
  }))

describe("conceals", () => {
  const secret = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"

  for (
    const [name, reply] of [
      [
        "the balance of its account",
        WireResponse.json(402, { error: `No credit for ${secret}` }, { "x-venice-balance-usd": "0.02" })
      ],
      ["its key", WireResponse.json(401, { error: `bad key ${secret}` })],
      ["a page of a proxy", WireResponse.text(502, `<p>${secret} 10.0.0.7</p>`, { "content-type": "text/html" })],
      ["what it cannot read", WireResponse.text(200, `${secret} 10.0.0.7`)]
    ] as const
  ) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { response, text } = yield* replying(reply)

        assert.strictEqual(response.status, 502)
        assert.notInclude(text + JSON.stringify([...response.headers]), secret)
        assert.notMatch(text, /10\.0\.0\.7|credit|key/)
        assert.isNull(response.headers.get("x-venice-balance-usd"))
      }))
  }
})

it.live("tells a client not to send again what may be billed twice", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on("POST /chat/completions", { disconnect: "before-header" })
    const { response } = yield* ask((yield* gateway).url)

    assert.strictEqual(response.status, 502)
    assert.strictEqual(response.headers.get("x-should-retry"), "false")
    assert.lengthOf(yield* emulator.received, 1)
  }).pipe(Effect.provide(Emulator.layer)))

it.live("interrupts the request to Venice if the client goes away", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on("POST /chat/completions", { delay: "1 hour" })
    const { url } = yield* gateway
    const controller = new AbortController()
    const asked = fetch(url, { method: "POST", body: "{\"question\":\"Why?\"}", signal: controller.signal }).catch(
      () => {}
    )
    const outcome = (wanted: string) =>
      emulator.journal().pipe(
        Effect.flatMap(([entry]) => entry?.outcome === wanted ? Effect.succeed(wanted) : Effect.fail("not yet")),
        Effect.retry({ schedule: Schedule.spaced("10 millis") })
      )
    yield* outcome("pending")
    controller.abort()
    yield* outcome("aborted")
    yield* Effect.promise(() => asked)
  }).pipe(Effect.provide(Emulator.layer)))

it.live("refuses what is no question, without a request to Venice", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    const { url } = yield* gateway
    const bad = yield* ask(url, { body: "{\"question\": 1}" })
    assert.strictEqual(bad.response.status, 400)
    assert.strictEqual(JSON.parse(bad.text).code, "INVALID_REQUEST")

    const large = yield* ask(url, { body: JSON.stringify({ question: "?".repeat(2 * 1024 * 1024) }) })
    assert.strictEqual(large.response.status, 413)
    assert.strictEqual((yield* ask(`${url}/1`)).response.status, 404)
    assert.isEmpty(yield* emulator.received)
  }).pipe(Effect.provide(Emulator.layer)))
