import { VeniceClient } from "@effect-venice/http"
import { Emulator, Journal } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

const embed = (input: string, headers: Record<string, string> = {}) =>
  Effect.flatMap(
    VeniceClient,
    (venice) => venice.request("POST /embeddings", { body: { model: "text-embedding-bge-m3", input }, headers })
  ).pipe(Effect.exit)

const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.execute(request))

describe("the journal", () => {
  it.effect("has the request and the answer, what answered, and when", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /embeddings", { fail: "MODEL_OFFLINE" })
      yield* TestClock.adjust("1 minute")
      yield* embed("a")
      const [entry] = yield* emulator.journal()

      assert.deepInclude(entry, { id: 1, attempt: 1, source: "rule", outcome: "completed" })
      assert.strictEqual(entry!.rule, "POST /embeddings: fail with MODEL_OFFLINE")
      assert.strictEqual(DateTime.toEpochMillis(entry!.receivedAt), 60_000)
      assert.strictEqual(DateTime.toEpochMillis(entry!.endedAt!), 60_000)
      assert.strictEqual(entry!.request.operation, "POST /embeddings")
      assert.strictEqual(entry!.request.model, "text-embedding-bge-m3")
      assert.strictEqual(entry!.request.body.text, "{\"model\":\"text-embedding-bge-m3\",\"input\":\"a\"}")
      assert.strictEqual(entry!.response?.status, 503)
      assert.match(entry!.response!.body.text!, /temporarily offline/)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("counts the attempts of a request", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (const input of ["a", "b", "a", "a"]) yield* embed(input)
      yield* embed("c", { "idempotency-key": "k" })
      yield* embed("d", { "idempotency-key": "k" })

      assert.deepStrictEqual((yield* emulator.journal()).map(({ attempt }) => attempt), [1, 1, 2, 3, 1, 2])
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("is read by filters and in pages", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.on("POST /embeddings", { times: 2, fail: "MODEL_OFFLINE" })
      for (const input of ["a", "b", "c"]) yield* embed(input)
      yield* venice.request("GET /models")
      const ids = (filter: Journal.Filter) => Effect.map(emulator.journal(filter), (all) => all.map(({ id }) => id))
      const first = yield* emulator.journalPage({ operation: "POST /embeddings", limit: 2 })
      const second = yield* emulator.journalPage({ operation: "POST /embeddings", limit: 2, after: first.next })

      assert.deepStrictEqual(yield* ids({ status: 503 }), [1, 2])
      assert.deepStrictEqual(yield* ids({ source: "venice" }), [3, 4])
      assert.deepStrictEqual(yield* ids({ method: "get", outcome: "completed" }), [4])
      assert.deepStrictEqual(first.entries.map(({ id }) => id), [1, 2])
      assert.deepStrictEqual(second.entries.map(({ id }) => id), [3])
      assert.isUndefined(second.next)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("drops its oldest entries, and counts them", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (const input of ["a", "b", "c", "d"]) yield* embed(input)
      const { dropped, entries, total } = yield* emulator.journalPage()

      assert.deepStrictEqual(entries.map(({ id }) => id), [3, 4])
      assert.deepStrictEqual([total, dropped], [4, 2])
      assert.lengthOf(yield* emulator.received, 2)
    }).pipe(Effect.provide(Emulator.layerInProcessWith({ journal: { entries: 2 } }))))

  it.effect("is bounded in bytes, and cuts long bodies", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (let i = 0; i < 10; i++) yield* embed("x".repeat(5000))
      const { entries, total } = yield* emulator.journalPage()

      assert.strictEqual(total, 10)
      assert.isBelow(entries.length, 5)
      assert.deepStrictEqual(entries.at(-1)!.request.body.isCut, true)
      assert.strictEqual(entries.at(-1)!.request.body.text!.length, 100)
      assert.isAbove(entries.at(-1)!.request.body.bytes, 5000)
    }).pipe(Effect.provide(Emulator.layerInProcessWith({ journal: { bytes: 30_000, body: 100 } }))))

  it.effect("encodes to JSON and back", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* embed("a")
      const entries = yield* emulator.journal()
      const codec = Schema.toCodecJson(Schema.Array(Journal.Entry))
      const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(entries)))

      assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(json), entries)
    }).pipe(Effect.provide(Emulator.layerInProcess)))
})

describe("the journal has no secrets", () => {
  const key = "my-secret-key-0123456789"

  const journalOf = (request: HttpClientRequest.HttpClientRequest, respond: object = {}) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("*", { respond })
      yield* send(request).pipe(Effect.exit)
      return yield* emulator.journal()
    }).pipe(Effect.provide(Emulator.layerInProcess))

  const post = HttpClientRequest.post("http://any/api/v1/chat/completions")

  const base64 = Buffer.from(key).toString("base64")

  const cases: ReadonlyArray<readonly [string, HttpClientRequest.HttpClientRequest, object?]> = [
    ["a header", HttpClientRequest.bearerToken(post, key)],
    ["an x-api-key", HttpClientRequest.setHeader(post, "x-api-key", key)],
    ["a cookie", HttpClientRequest.setHeader(post, "cookie", `a=b; session=${key}`)],
    ["basic credentials", HttpClientRequest.basicAuth(post, "user", key)],
    [
      "a text body that repeats it",
      post.pipe(HttpClientRequest.bearerToken(key), HttpClientRequest.bodyText(`the key is ${key}`))
    ],
    [
      "base64 in a body",
      post.pipe(HttpClientRequest.bearerToken(key), HttpClientRequest.bodyText(`{"a":"${base64}"}`))
    ],
    [
      "a binary body",
      post.pipe(
        HttpClientRequest.bearerToken(key),
        HttpClientRequest.setBody(HttpBody.uint8Array(Uint8Array.from([255, 254, ...Buffer.from(key), 0, 128])))
      )
    ],
    ["a query", post.pipe(HttpClientRequest.bearerToken(key), HttpClientRequest.setUrlParam("q", key))],
    ["a member that is named so", HttpClientRequest.bodyText(post, `{"apiKey":"${key}"}`)],
    ["the answer", HttpClientRequest.bearerToken(post, key), { body: `you sent ${key}`, headers: { "x-echo": key } }],
    ["a new key in the answer", post, { json: { data: { apiKey: "VENICE-INFERENCE-KEY-abcdefghij" } } }],
    [
      "a long body, at its cut",
      post.pipe(HttpClientRequest.bearerToken(key), HttpClientRequest.bodyText("x".repeat(65_530) + key))
    ]
  ]
  for (const [name, request, respond] of cases) {
    it.effect(`in ${name}`, () =>
      Effect.map(journalOf(request, respond), (entries) => {
        const text = JSON.stringify(entries)
        const binary = entries.map(({ request }) => Buffer.from(request.body.base64 ?? "", "base64").toString("latin1"))

        assert.lengthOf(entries, 1)
        for (const secret of [key, base64, key.slice(0, 8), "abcdefghij"]) {
          assert.notInclude(text, secret)
          assert.notInclude(binary.join(""), secret)
        }
      }))
  }
})
