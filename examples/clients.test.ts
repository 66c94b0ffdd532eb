/** The examples for the clients of other vendors, against an emulator of Venice. */
import { Errors } from "@effect-venice/core"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import * as AiSdk from "./ai-sdk.ts"
import * as LangChain from "./langchain.ts"
import * as OpenAI from "./openai.ts"
import worker from "./worker.ts"

/** Calls with the settings of an emulator that sends the replies, and returns how often it was asked. */
const calling = <A>(
  call: (settings: { readonly apiKey: string; readonly baseURL: string }) => Promise<A>,
  ...replies: ReadonlyArray<Emulator.Reply>
) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(...replies)
    const answer = yield* Effect.promise(() => call({ apiKey: "emulated-key", baseURL: emulator.baseUrl }))
    return { answer, requests: (yield* emulator.received).length }
  }).pipe(Effect.provide(Emulator.layer))

const notFound = WireResponse.json(404, { error: "Specified model not found: lama. Did you mean: llama-3.3-70b?" })

const busyNow = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.millis(20) } })

describe("the example of openai's client", () => {
  it.live("answers", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        (yield* calling((settings) => OpenAI.ask(settings, "Hello"))).answer,
        "This is an emulated answer to: Hello"
      )
    }))

  it.live("knows the fields of an error", () =>
    Effect.gen(function*() {
      const { answer, requests } = yield* calling((settings) => OpenAI.ask(settings, "Hello", "lama"), notFound)

      assert.strictEqual(answer, "use llama-3.3-70b")
      assert.strictEqual(requests, 1)
    }))

  it.live("sends a request once if its account is empty", () =>
    Effect.gen(function*() {
      const { answer, requests } = yield* calling(
        (settings) => OpenAI.ask(settings, "Hello"),
        WireResponse.json(429, { error: "Insufficient USD or Diem balance to complete request" })
      )

      assert.match(answer, /^add credit or raise the key's limit \(INSUFFICIENT_BALANCE, request .+\)$/)
      assert.strictEqual(requests, 1)
    }))
})

describe("the example of the AI SDK", () => {
  const textOf = async (settings: AiSdk.Settings): Promise<string> => {
    let text = ""
    for await (const part of AiSdk.tell(settings, "Hello")) text += part
    return text
  }

  it.live("ends with the error in a stream", () =>
    Effect.gen(function*() {
      const { answer } = yield* calling(
        textOf,
        WireResponse.text(
          200,
          "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
            + "data: {\"error\":{\"message\":\"The model is overloaded\",\"code\":\"model_overloaded\",\"retry_after\":30}}\n\n",
          { "content-type": "text/event-stream" }
        )
      )

      assert.strictEqual(answer, "Hi\nMODEL_OVERLOADED: wait, or use another model")
    }))
})

describe("the example of LangChain's model", () => {
  it.live("asks another model if the first is busy", () =>
    Effect.gen(function*() {
      const { answer, requests } = yield* calling((settings) => LangChain.ask(settings, "Hello"), busyNow)

      assert.strictEqual(answer, "This is an emulated answer to: Hello")
      assert.strictEqual(requests, 2)
    }))
})

describe("the example of a worker", () => {
  const post = (signal: AbortSignal | null = null) =>
    new Request("https://worker.example/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello" }] }),
      signal
    })

  const envOf = ({ baseUrl }: Emulator.Service) => ({ VENICE_API_KEY: "emulated-key", VENICE_BASE_URL: baseUrl })

  const asking = (...replies: ReadonlyArray<Emulator.Reply>) =>
    calling(
      ({ apiKey, baseURL }) =>
        worker.fetch(post(), { VENICE_API_KEY: apiKey, VENICE_BASE_URL: baseURL }).then(async (response) => ({
          response,
          json: await response.json() as any
        })),
      ...replies
    ).pipe(Effect.map(({ answer }) => answer))

  it.live("passes a success and an error on", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* asking()).json.choices[0].message.content, "This is an emulated answer to: Hello")

      const { json, response } = yield* asking(notFound)
      assert.strictEqual(response.status, 404)
      assert.deepInclude(json.error, { code: "model_not_found", suggestions: ["llama-3.3-70b"] })
    }))

  it.live("passes a stream on as it arrives", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const event = (id: number) => ({ data: `data: {"id":${id}}\n\n` })
      yield* emulator.reply({
        status: 200,
        headers: { "content-type": "text/event-stream" },
        body: [event(1), { ...event(2), delay: Duration.hours(1) }]
      })
      const response = yield* Effect.promise(() => worker.fetch(post(), envOf(emulator)))
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()

      assert.strictEqual((yield* Effect.promise(() => reader.read())).value, "data: {\"id\":1}\n\n")
      yield* emulator.advance("1 hour")
      assert.strictEqual((yield* Effect.promise(() => reader.read())).value, "data: {\"id\":2}\n\n")
    }).pipe(Effect.provide(Emulator.layer)))

  it.live("interrupts the request to Venice if its user goes away", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /chat/completions", { delay: "1 hour" })
      const controller = new AbortController()
      const asked = worker.fetch(post(controller.signal), envOf(emulator)).then(() => "answered", () => "aborted")
      const ends = (outcome: string) =>
        Effect.repeat(emulator.journal(), {
          schedule: Schedule.spaced("10 millis"),
          until: ([entry]) => entry?.outcome === outcome
        })
      yield* ends("pending")
      controller.abort()

      assert.strictEqual(yield* Effect.promise(() => asked), "aborted")
      yield* ends("aborted")
    }).pipe(Effect.provide(Emulator.layer)))

  it.live("sends no request to Venice for another path", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const other = new Request("https://worker.example/v1/models")
      const { status } = yield* Effect.promise(() => worker.fetch(other, envOf(emulator)))

      assert.strictEqual(status, 404)
      assert.isEmpty(yield* emulator.received)
    }).pipe(Effect.provide(Emulator.layer)))

  it.live("conceals an error about its own account", () =>
    Effect.gen(function*() {
      const { json, response } = yield* asking(new Errors.InsufficientBalance())

      assert.strictEqual(response.status, 502)
      assert.notInclude(JSON.stringify(json), "balance")
    }))
})
