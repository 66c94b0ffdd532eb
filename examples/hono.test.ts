import { Errors } from "@effect-venice/core"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, it, vi } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import app from "./hono.ts"

const silent = Effect.acquireRelease(
  Effect.sync(() => vi.spyOn(console, "warn").mockImplementation(() => {})),
  (spy) => Effect.sync(() => spy.mockRestore())
)

const ask = (emulator: Emulator.Service, init: RequestInit = {}) =>
  Effect.promise(async () =>
    app.request(
      "/answers",
      { method: "POST", body: "{\"question\":\"Why?\"}", ...init },
      { VENICE_API_KEY: "emulated-key", VENICE_BASE_URL: emulator.baseUrl }
    )
  )

const replying = (...replies: ReadonlyArray<Emulator.Reply>) =>
  Effect.gen(function*() {
    yield* silent
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(...replies)
    const response = yield* ask(emulator)
    const text = yield* Effect.promise(() => response.text())
    return { response, text, json: JSON.parse(text), requests: (yield* emulator.received).length }
  }).pipe(Effect.provide(Emulator.layer))

it.live("answers", () =>
  Effect.gen(function*() {
    const { json, response } = yield* replying()

    assert.strictEqual(response.status, 200)
    assert.deepStrictEqual(json, { answer: "This is an emulated answer to: Why?" })
  }))

it.live("passes an error on as a problem, with its status and its hint", () =>
  Effect.gen(function*() {
    const { json, requests, response } = yield* replying(
      new Errors.ModelOverloaded({
        message: "The model is busy",
        response: { status: 429, retryAfter: Duration.seconds(30) }
      })
    )

    assert.strictEqual(response.status, 429)
    assert.strictEqual(response.headers.get("content-type"), "application/problem+json")
    assert.strictEqual(response.headers.get("retry-after"), "30")
    assert.deepInclude(json, { status: 429, detail: "The model is busy", code: "MODEL_OVERLOADED" })
    assert.strictEqual(json.type, new Errors.ModelOverloaded().docs)
    assert.strictEqual(requests, 1)
  }))

it.live("retries what it may, before the client hears of it", () =>
  Effect.gen(function*() {
    const { requests, response } = yield* replying(new Errors.InferenceFailed())

    assert.strictEqual(response.status, 200)
    assert.strictEqual(requests, 2)
  }))

const secret = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"

for (
  const [name, reply] of [
    [
      "about its account",
      WireResponse.json(402, { error: `No credit for ${secret}` }, { "x-venice-balance-usd": "0.02" })
    ],
    ["of a proxy", WireResponse.text(502, `<p>${secret}</p>`, { "content-type": "text/html" })],
    ["that is no JSON", WireResponse.text(200, secret)],
    ["that is no completion", WireResponse.json(200, { choices: [], key: secret })]
  ] as const
) {
  it.live(`conceals a response ${name}`, () =>
    Effect.gen(function*() {
      const { json, response } = yield* replying(reply)

      assert.strictEqual(response.status, 502)
      assert.deepStrictEqual(json, { title: "Answers are not available", status: 502 })
      assert.notInclude(JSON.stringify([...response.headers]), secret)
      assert.isNull(response.headers.get("x-venice-balance-usd"))
    }))
}

it.live("tells a client not to send again what may be billed twice", () =>
  Effect.gen(function*() {
    yield* silent
    const emulator = yield* Emulator.Emulator
    yield* emulator.on("POST /chat/completions", { disconnect: "before-header" })
    const response = yield* ask(emulator)

    assert.strictEqual(response.status, 502)
    assert.strictEqual(response.headers.get("x-should-retry"), "false")
    assert.lengthOf(yield* emulator.received, 1)
  }).pipe(Effect.provide(Emulator.layer)))

it.live("interrupts the request to Venice if the client goes away", () =>
  Effect.gen(function*() {
    yield* silent
    const emulator = yield* Emulator.Emulator
    yield* emulator.on("POST /chat/completions", { delay: "1 hour" })
    const controller = new AbortController()
    const asked = Effect.runPromise(ask(emulator, { signal: controller.signal }))
    const ends = (outcome: string) =>
      Effect.repeat(emulator.journal(), {
        schedule: Schedule.spaced("10 millis"),
        until: ([entry]) => entry?.outcome === outcome
      })
    yield* ends("pending")
    controller.abort()
    yield* ends("aborted")
    yield* Effect.promise(() => asked)
  }).pipe(Effect.provide(Emulator.layer)))

it.live("refuses what is no question, without a request to Venice", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    assert.strictEqual((yield* ask(emulator, { body: "{\"question\": 1}" })).status, 400)
    assert.strictEqual((yield* ask(emulator, { body: "?" })).status, 400)
    assert.isEmpty(yield* emulator.received)
  }).pipe(Effect.provide(Emulator.layer)))
