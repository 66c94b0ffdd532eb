import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { chat, form, make } from "./ask.ts"

const post = (body: unknown, headers?: Readonly<Record<string, string>>) =>
  Effect.flatMap(make(), ({ ask }) => ask("POST /chat/completions", { body, ...(headers && { headers }) }))

describe("the emulated Venice refuses", () => {
  it.effect("a body that is not JSON by its type", () =>
    Effect.gen(function*() {
      const { error, status } = yield* post("model=x", { "content-type": "application/x-www-form-urlencoded" })

      assert.strictEqual(status, 400)
      assert.strictEqual(error?._tag, "INVALID_CONTENT_TYPE")
      assert.strictEqual(error?.message, "'Content-Type' must be 'application/json'")
    }))

  it.effect("JSON that does not parse", () =>
    Effect.gen(function*() {
      const { error, status } = yield* post("{")

      assert.strictEqual(status, 400)
      assert.strictEqual(error?.message, "Invalid JSON request")
    }))

  it.effect.each([{}, null, [], "text", 1, { model: "" }])(
    "a body without a model: %j",
    (body) =>
      Effect.gen(function*() {
        const { json, status } = yield* post(JSON.stringify(body))

        assert.strictEqual(status, 400)
        assert.strictEqual(json.error, "model is required")
      })
  )

  it.effect("a model that is no text", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post({ ...chat, model: 1 })).json.error, "model must be a string")
    }))

  it.effect("an unknown model, and suggests those that may be meant", () =>
    Effect.gen(function*() {
      const { error, status } = yield* post({ ...chat, model: "lama-3.3-70b" })

      assert.strictEqual(status, 404)
      assert.strictEqual(error?._tag === "MODEL_NOT_FOUND" && error.model, "lama-3.3-70b")
      assert.deepStrictEqual(error?._tag === "MODEL_NOT_FOUND" && error.suggestions?.[0], "llama-3.3-70b")
      const other = yield* post({ ...chat, model: "something-else-entirely" })
      assert.strictEqual(other.json.error, "Specified model not found: something-else-entirely")
    }))

  it.effect("a model of another type", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post({ ...chat, model: "z-image-turbo" })).error?._tag, "INVALID_MODEL")
    }))

  it.effect("missing messages, in Zod's words", () =>
    Effect.gen(function*() {
      const { json } = yield* post({ model: chat.model })

      assert.deepStrictEqual(json, {
        error: "Invalid request parameters",
        details: { _errors: [], messages: { _errors: ["Required"] } },
        issues: [{
          code: "invalid_type",
          expected: "array",
          received: "undefined",
          path: ["messages"],
          message: "Required"
        }]
      })
    }))

  it.effect.each([
    [{ temperature: 3 }, ["temperature"], "Number must be less than or equal to 2"],
    [{ top_p: -1 }, ["top_p"], "Number must be greater than or equal to 0"],
    [{ messages: [] }, ["messages"], "Array must contain at least 1 element(s)"],
    [{ seed: 1.5 }, ["seed"], "Expected integer, received float"],
    [{ stream: "yes" }, ["stream"], "Expected boolean, received string"],
    [{ colour: "red" }, [], "Unrecognized key(s) in object: 'colour'"],
    [
      { venice_parameters: { enable_web_search: "maybe" } },
      ["venice_parameters", "enable_web_search"],
      "Invalid enum value. Expected 'off' | 'auto' | 'on', received 'maybe'"
    ]
  ])("%j at its path", ([fields, path, message]) =>
    Effect.gen(function*() {
      const { error, status } = yield* post({ ...chat, ...(fields as object) })

      assert.strictEqual(status, 400)
      assert.deepStrictEqual(
        error?._tag === "INVALID_REQUEST" ? error.issues.map(({ message, path }) => ({ message, path })) : [],
        [{ message: message as string, path: path as Array<string> }]
      )
    }))

  it.effect("what the model does not support, at the field that asks for it", () =>
    Effect.gen(function*() {
      const picture = [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }]
      const { error } = yield* post({ ...chat, messages: picture })
      const seen = yield* post({ ...chat, model: "mistral-31-24b", messages: picture })

      assert.deepStrictEqual(error?._tag === "INVALID_REQUEST" && error.issues[0]?.path, ["messages", 0, "content", 0])
      assert.strictEqual(seen.status, 200)
    }))

  it.effect("a prompt that is longer than the context of the model", () =>
    Effect.gen(function*() {
      const long = (tokens: number) => ({
        model: "qwen3-4b",
        messages: [{ role: "user", content: "x".repeat(Math.floor(tokens * 3.2)) }]
      })

      assert.strictEqual((yield* post(long(32_769))).error?._tag, "TOO_MANY_TOKENS")
      assert.strictEqual((yield* post(long(32_768))).status, 200)
    }))

  it.effect("more output than the model gives", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post({ ...chat, max_tokens: 32_769 })).error?._tag, "INVALID_REQUEST")
      assert.strictEqual((yield* post({ ...chat, max_tokens: 32_768 })).status, 200)
    }))

  it.effect("a route that Venice does not have", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()

      assert.strictEqual((yield* ask("GET /no/such/route")).status, 404)
    }))

  it.effect("an unknown character, an unknown job, and a wrong path parameter", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const character = yield* ask("GET /characters/nobody")
      const job = yield* ask("POST /video/retrieve", { body: { model: "wan-2-7-text-to-video", queue_id: "x" } })
      const network = yield* ask("POST /crypto/rpc/mars-mainnet", { body: { method: "eth_chainId", id: 1 } })
      const key = yield* ask("GET /api_keys/nothing")

      assert.strictEqual(character.error?._tag, "CHARACTER_NOT_FOUND")
      assert.strictEqual(job.error?._tag, "REQUEST_ID_NOT_FOUND")
      assert.strictEqual(network.json.error, "Unsupported network: mars-mainnet")
      assert.strictEqual(key.json.error, "API key not found")
    }))

  it.effect("an unknown type of models, as Venice does", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const { json, status } = yield* ask("GET /models?type=bogus")

      assert.strictEqual(status, 400)
      assert.strictEqual(json.issues[0].code, "invalid_union")
      assert.strictEqual(json.details.type._errors.length, 2)
    }))

  it.effect("a file that is no recording, one above 25 MB, and none", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const model = "nvidia/parakeet-tdt-0.6b-v3"
      const transcribe = (bytes: Uint8Array | string) =>
        ask("POST /audio/transcriptions", form({ model, file: { name: "a.mp3", bytes } }))
      const none = yield* ask("POST /audio/transcriptions", form({ model }))

      assert.strictEqual((yield* transcribe("no recording")).error?._tag, "INVALID_AUDIO_FORMAT")
      assert.strictEqual((yield* transcribe("")).error?._tag, "ASR_UPSTREAM_VALIDATION_FAILED")
      assert.strictEqual(none.json.error, "No audio file provided")
    }))
})

describe("credentials", () => {
  const keys = [
    { value: "right" },
    { value: "inactive", isInactive: true },
    { value: "free", isFree: true },
    { value: "private", privacy: "PRIVATE_ONLY" as const },
    { value: "VENICE_INFERENCE_KEY_x" }
  ]

  it.effect("are missing: 402 with an offer, on routes that only take a key too", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      for (const route of ["POST /chat/completions", "GET /api_keys", "GET /billing/balance"]) {
        const { error, headers, status } = yield* ask(route, { key: undefined })

        assert.strictEqual(status, 402, route)
        assert.strictEqual(error?._tag === "PAYMENT_REQUIRED" && error.reason, "authentication")
        assert.strictEqual(error?._tag === "PAYMENT_REQUIRED" && error.offer?.accepts.length, 2)
        assert.isString(headers["payment-required"])
      }
    }))

  it.effect("are any key by default, and only the listed ones if there is a list", () =>
    Effect.gen(function*() {
      const open = yield* make()
      const closed = yield* make({ keys })
      const ask = (client: typeof open, key: string) => client.ask("POST /chat/completions", { body: chat, key })

      assert.strictEqual((yield* ask(open, "whatever")).status, 200)
      assert.strictEqual((yield* ask(closed, "right")).status, 200)
      assert.strictEqual((yield* ask(closed, "wrong")).error?._tag, "AUTHENTICATION_FAILED")
      assert.strictEqual((yield* ask(closed, "inactive")).error?._tag, "AUTHENTICATION_FAILED_INACTIVE_KEY")
    }))

  it.effect("are a header of another scheme: 401", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const { status } = yield* ask("POST /chat/completions", {
        body: chat,
        key: undefined,
        headers: { authorization: "Basic abc" }
      })

      assert.strictEqual(status, 401)
    }))

  it.effect("decide which models and operations are open", () =>
    Effect.gen(function*() {
      const { ask } = yield* make({ keys })
      const pro = yield* ask("POST /chat/completions", { body: { ...chat, model: "claude-opus-4-7" }, key: "free" })
      const anonymous = yield* ask("POST /chat/completions", {
        body: { ...chat, model: "openai-gpt-52" },
        key: "private"
      })
      const admin = yield* ask("GET /api_keys", { key: "VENICE_INFERENCE_KEY_x" })
      const listed = yield* ask("GET /models", { key: "private" })

      assert.strictEqual(pro.error?._tag, "PRO_ONLY_MODEL")
      assert.strictEqual(anonymous.error?._tag, "UNAUTHORIZED")
      assert.strictEqual(admin.json.error, "Admin API key required")
      assert.isTrue(listed.json.data.every(({ model_spec }: any) => model_spec.privacy === "private"))
    }))

  it.effect("are created, used, limited in time, and revoked", () =>
    Effect.gen(function*() {
      const { ask } = yield* make({ keys })
      const created = yield* ask("POST /api_keys", {
        body: { apiKeyType: "INFERENCE", description: "short", expiresAt: "1970-01-01T00:01:00Z" },
        key: "right"
      })
      const { apiKey, id } = created.json.data
      const use = ask("POST /chat/completions", { body: chat, key: apiKey })

      assert.strictEqual((yield* use).status, 200)
      yield* TestClock.adjust(Duration.seconds(60))
      assert.strictEqual((yield* use).status, 401)
      const removed = yield* ask(`DELETE /api_keys?id=${id}`, { key: "right" })
      assert.strictEqual(removed.json.error, "API key could not be found")
    }))

  it.effect("never show their secret again", () =>
    Effect.gen(function*() {
      const { ask } = yield* make({ keys })
      const { text } = yield* ask("GET /api_keys", { key: "right" })

      for (const { value } of keys) assert.isFalse(text.includes(`"${value}"`))
    }))
})

describe("a deprecated model", () => {
  it.effect("is announced in the list and in the headers, and not found once it is retired", () =>
    Effect.gen(function*() {
      const { ask } = yield* make()
      const use = ask("POST /chat/completions", { body: { ...chat, model: "llama-3.1-405b" } })
      const before = yield* use
      const list = yield* ask("GET /models")
      const listed = list.json.data.find(({ id }: any) => id === "llama-3.1-405b")

      assert.strictEqual(before.status, 200)
      assert.strictEqual(before.headers["x-venice-model-deprecation-date"], "1970-01-15T00:00:00.000Z")
      assert.strictEqual(before.headers["x-venice-deprecated-replacement"], "qwen3-235b")
      assert.deepStrictEqual(listed.model_spec.deprecation, { date: "1970-01-15T00:00:00.000Z" })

      yield* TestClock.adjust(Duration.days(14))
      const { error } = yield* use
      assert.deepStrictEqual(error?._tag === "MODEL_NOT_FOUND" && error.suggestions, ["qwen3-235b"])
    }))
})
