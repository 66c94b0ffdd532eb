/** Clients that nobody here wrote, against the rules of an emulator behind a real socket. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import Anthropic from "@anthropic-ai/sdk"
import { Emulator } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { generateText, streamText } from "ai"
import { Effect } from "effect"
import OpenAI from "openai"

const messages = [{ role: "user" as const, content: "Hello, Venice" }]

const model = "llama-3.3-70b"

const soon = { code: "MODEL_OVERLOADED", retryAfter: "5 millis" } as const

const failing = async (call: () => PromiseLike<unknown>): Promise<any> => {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}

const openai = (baseURL: string, maxRetries = 2) => new OpenAI({ apiKey: "a-key", baseURL, maxRetries })

const ai = (baseURL: string) => createOpenAICompatible({ name: "venice", baseURL, apiKey: "a-key" })(model)

const attempts = (emulator: Emulator.Service) =>
  Effect.map(emulator.journal(), (all) => all.map(({ attempt, response }) => [attempt, response?.status]))

const test = (name: string, body: (emulator: Emulator.Service) => Effect.Effect<void, unknown>) =>
  it.live(name, () => Effect.provide(Effect.flatMap(Emulator.Emulator, body), Emulator.layer))

describe("openai", () => {
  test("retries until a rule is used up", (emulator) =>
    Effect.gen(function*() {
      yield* emulator.on("POST /chat/completions", { times: 2, fail: soon })
      const { choices } = yield* Effect.promise(() =>
        openai(emulator.baseUrl).chat.completions.create({ model, messages })
      )

      assert.match(choices[0]!.message.content!, /emulated/)
      assert.deepStrictEqual(yield* attempts(emulator), [[1, 429], [2, 429], [3, 200]])
    }))

  test("repeats a request whose answer is lost, and the emulator has both", (emulator) =>
    Effect.gen(function*() {
      yield* emulator.on("POST /embeddings", { times: 1, disconnect: "within-header" })
      yield* Effect.promise(() =>
        openai(emulator.baseUrl).embeddings.create({ model: "text-embedding-bge-m3", input: "a" })
      )

      assert.deepStrictEqual((yield* emulator.journal()).map(({ outcome }) => outcome), ["disconnected", "completed"])
    }))

  test("gets the events before a stream is cut", (emulator) =>
    Effect.gen(function*() {
      yield* emulator.on("POST /chat/completions", { disconnect: { afterEvents: 3 } })
      let count = 0
      const error = yield* Effect.promise(() =>
        failing(async () => {
          const stream = await openai(emulator.baseUrl).chat.completions.create({ model, messages, stream: true })
          for await (const _ of stream) count++
        })
      )

      assert.strictEqual(count, 3)
      assert.match(String(error), /terminated|Connection/)
    }))

  test("has an emulator of its own in each scope", (emulator) =>
    Effect.gen(function*() {
      const [first, second] = [yield* emulator.scoped(), yield* emulator.scoped()]
      yield* first.on("POST /chat/completions", { fail: "TOO_MANY_TOKENS", form: "openAi" })
      const ask = ({ baseUrl }: Emulator.Service) =>
        Effect.promise(() => failing(() => openai(baseUrl, 0).chat.completions.create({ model, messages })))
      const [failed, succeeded] = yield* Effect.all([ask(first), ask(second)], { concurrency: 2 })

      assert.strictEqual(failed.code, "context_length_exceeded")
      assert.isUndefined(succeeded)
    }).pipe(Effect.scoped))
})

describe("the AI SDK", () => {
  test("retries until a rule is used up", (emulator) =>
    Effect.gen(function*() {
      yield* emulator.on("POST /chat/completions", { times: 1, fail: soon })
      const { text } = yield* Effect.promise(() => generateText({ model: ai(emulator.baseUrl), prompt: "Hello" }))

      assert.match(text, /emulated/)
      assert.lengthOf(yield* emulator.received, 2)
    }))

  test("streams at a pace, and reports an event that is an error", (emulator) =>
    Effect.gen(function*() {
      yield* emulator.on("POST /chat/completions", {
        pace: { perSecond: 1000 },
        respond: {
          events: [
            { id: "1", model, choices: [{ index: 0, delta: { role: "assistant", content: "Hel" } }] },
            { error: { message: "The model is overloaded", code: "model_overloaded", type: "server_error" } },
            "[DONE]"
          ]
        }
      })
      const parts = yield* Effect.promise(async () => {
        const out: Array<string> = []
        const { fullStream } = streamText({ model: ai(emulator.baseUrl), prompt: "Hello", onError: () => {} })
        for await (const part of fullStream) if (/^(?:text-delta|error)$/.test(part.type)) out.push(part.type)
        return out
      })

      assert.deepStrictEqual(parts, ["text-delta", "error"])
    }))
})

describe("Anthropic's client", () => {
  test("gets an answer on its route from a rule, because Venice has no such route", (emulator) =>
    Effect.gen(function*() {
      const call = () =>
        new Anthropic({ apiKey: "a-key", baseURL: emulator.baseUrl.replace("/v1", ""), maxRetries: 0 }).messages.create(
          {
            model,
            max_tokens: 10,
            messages
          }
        )
      const missing = yield* Effect.promise(() => failing(call))
      yield* emulator.on("*", {
        path: "/messages",
        respond: { json: { type: "message", role: "assistant", content: [{ type: "text", text: "Hi" }] } }
      })
      const message = yield* Effect.promise(call)

      assert.strictEqual(missing.status, 404)
      assert.deepStrictEqual(message.content, [{ type: "text", text: "Hi" }] as any)
    }))
})
