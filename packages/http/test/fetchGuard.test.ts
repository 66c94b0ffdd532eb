import { VeniceFetch } from "@effect-venice/http"
import { LockoutGuard } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"

const chat = "https://api.venice.ai/api/v1/chat/completions"

const unknownModel = () => new Response("{\"error\":\"Specified model not found: lama\"}", { status: 404 })

/** A `fetch` under a guard that allows two failures within 30 seconds, and what it sends. */
const guarding = (respond: () => Response = unknownModel, options: VeniceFetch.Options = {}, limit = 2) =>
  Effect.gen(function*() {
    const sent: Array<string> = []
    const guard = yield* LockoutGuard.make({ limit, spare: 0, spareOfRetries: 0 })
    const fetch = yield* VeniceFetch.makeEffect({
      ...options,
      guard,
      fetch: async (_, init) => {
        sent.push(String(init?.body))
        return respond()
      }
    })
    const post = (body: unknown, key = "sk-one", init: RequestInit = {}) =>
      Effect.promise(() =>
        fetch(chat, {
          method: "POST",
          headers: { authorization: `Bearer ${key}` },
          body: typeof body === "string" ? body : JSON.stringify(body),
          ...init
        })
      )
    return { guard, post, sent }
  })

const lama = { model: "lama" }

describe("a fetch with a lockout guard", () => {
  it.effect("sends nothing while the failures of the key are used up, and says until when", () =>
    Effect.gen(function*() {
      const { post, sent } = yield* guarding()
      yield* post(lama)
      yield* TestClock.adjust("10 seconds")
      yield* post(lama)
      const held = yield* post(lama)

      assert.strictEqual(sent.length, 2)
      assert.strictEqual(held.status, 429)
      assert.strictEqual(held.headers.get("retry-after"), "20")
      assert.strictEqual(held.headers.get("x-venice-code"), "RATE_LIMIT_EXCEEDED")
      const error = VeniceFetch.errorOf(held)
      assert.deepInclude({ ...error }, { _tag: "RATE_LIMIT_EXCEEDED", limit: "failures" })
    }))

  it.effect("sends again when the first failure is out of the window", () =>
    Effect.gen(function*() {
      const { post, sent } = yield* guarding()
      yield* post(lama)
      yield* post(lama)
      yield* TestClock.adjust("29999 millis")
      yield* post(lama)
      assert.strictEqual(sent.length, 2)
      yield* TestClock.adjust("1 millis")
      yield* post(lama)
      assert.strictEqual(sent.length, 3)
    }))

  it.effect("counts another key, model or user apart", () =>
    Effect.gen(function*() {
      const { post, sent } = yield* guarding()
      yield* post(lama)
      yield* post(lama)

      assert.strictEqual((yield* post(lama, "sk-two")).status, 404)
      assert.strictEqual((yield* post({ model: "other" })).status, 404)
      assert.strictEqual((yield* post({ ...lama, user: "u" })).status, 404)
      assert.strictEqual((yield* post(lama)).status, 429)
      assert.strictEqual(sent.length, 5)
    }))

  it.effect("counts a key once, however it is sent, and with the other calls of the guard", () =>
    Effect.gen(function*() {
      const { guard, post } = yield* guarding(unknownModel, {}, 9)
      const ways: ReadonlyArray<Record<string, string>> = [
        { authorization: "Bearer sk-one" },
        { Authorization: "bearer  sk-one" },
        { authorization: "sk-one" },
        { "x-api-key": "sk-one" }
      ]
      for (const headers of ways) yield* post(lama, "", { headers })
      yield* post(lama, "", { headers: { "x-api-key": "sk-two" } })
      yield* post(lama, "", { headers: { authorization: "bearersk-two" } })
      yield* post(lama, "", { headers: { authorization: "a bearer sk-two" } })
      yield* post(lama, "", { headers: { authorization: "a sk-two" } })
      yield* post(lama, "", { headers: {} })
      yield* post(lama, "", { headers: {} })

      assert.strictEqual(yield* guard.remaining({ ...lama, key: Redacted.make("sk-one") }), 5)
      assert.strictEqual(yield* guard.remaining({ ...lama, key: Redacted.make("sk-two") }), 8)
      assert.strictEqual(yield* guard.remaining({ ...lama, key: Redacted.make("a sk-two") }), 8)
      assert.strictEqual(yield* guard.remaining(lama), 7)
    }))

  it.effect("counts bodies without a model together", () =>
    Effect.gen(function*() {
      const { post } = yield* guarding()
      yield* post("not JSON")
      yield* post("{\"input\":1}")

      assert.strictEqual((yield* post("", "sk-one", { body: new FormData() })).status, 429)
    }))

  it.effect("does not print a body of bytes, which may be large", () =>
    Effect.gen(function*() {
      const { post } = yield* guarding()
      let printed = 0
      const body = Object.assign(new TextEncoder().encode("{\"model\":\"lama\"}"), {
        toString: () => {
          printed++
          return ""
        }
      })
      const fetching = yield* post("", "sk-one", { body })

      assert.strictEqual(fetching.status, 404)
      // The stub prints what it is sent.
      assert.strictEqual(printed, 1)
    }))

  it.effect("does not count what Venice does not count", () =>
    Effect.gen(function*() {
      const { post, sent } = yield* guarding(() => new Response("{\"error\":\"Rate limit exceeded\"}", { status: 429 }))
      for (let i = 0; i < 5; i++) yield* post(lama)

      assert.strictEqual(sent.length, 5)
    }))

  it.effect("believes the headers of a success", () =>
    Effect.gen(function*() {
      const { post, sent } = yield* guarding(() =>
        new Response("{}", { headers: { "x-ratelimit-remaining": "0", "x-ratelimit-resets": "30" } })
      )

      assert.strictEqual((yield* post(lama)).status, 200)
      assert.strictEqual((yield* post(lama)).status, 429)
      assert.strictEqual(sent.length, 1)
    }))

  it.effect("tells the hook of the error that the client gets", () =>
    Effect.gen(function*() {
      const errors: Array<string> = []
      const { post } = yield* guarding(unknownModel, { onError: ({ _tag }) => errors.push(_tag) })
      for (let i = 0; i < 3; i++) yield* post(lama)

      assert.deepStrictEqual(errors, ["MODEL_NOT_FOUND", "MODEL_NOT_FOUND", "RATE_LIMIT_EXCEEDED"])
    }))
})
