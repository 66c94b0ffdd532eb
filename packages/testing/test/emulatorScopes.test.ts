import { Errors } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Emulator, Script, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"

const models = (headers: Record<string, string> = {}) =>
  Effect.flatMap(VeniceClient, (venice) => venice.request("GET /models", { headers })).pipe(
    Effect.match({
      onFailure: (error) => error._tag === "HttpClientError" ? 0 : error.response.status,
      onSuccess: ({ status }) => status
    })
  )

describe("verify", () => {
  it.effect("fails with the replies and rules that were not used up", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(new Errors.ModelOffline(), WireResponse.json(200, {}))
      yield* emulator.on("GET /models", { times: 2, fail: "MODEL_OFFLINE" })
      yield* emulator.on("POST /embeddings", { delay: "1 second" })
      yield* Effect.all([models(), models(), models()])
      const unmet = yield* Effect.flip(emulator.verify)

      assert.deepStrictEqual(unmet.unused, [
        "GET /models: fail with MODEL_OFFLINE, used 1 of 2 times",
        "POST /embeddings: delay, used 0 times"
      ])
      assert.match(unmet.message, /^Unused:\n {2}GET \/models/)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("passes when everything is used up, and whatever chaos drew", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script(Script.make({ rules: Script.chaos({ MODEL_OFFLINE: 0.01 }) }))
      yield* emulator.reply(new Errors.ModelOffline())
      yield* emulator.on("GET /models", { times: 1 })
      yield* Effect.all([models(), models()])

      yield* emulator.verify
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("returns to the rules it was made with on reset, without what was left over", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(new Errors.ModelOverloaded(), new Errors.ModelOverloaded())
      yield* emulator.on("GET /models", { fail: "UNKNOWN_ERROR" })
      assert.strictEqual(yield* models(), 429)
      yield* emulator.reset

      assert.lengthOf(yield* emulator.received, 0)
      assert.deepStrictEqual(yield* Effect.all([models(), models()]), [503, 200])
    }).pipe(Effect.provide(Emulator.layerInProcessWith({
      script: Script.make({ rules: [Script.on("GET /models", { times: 1, fail: "MODEL_OFFLINE" })] })
    }))))
})

describe("a strict emulator", () => {
  const strict = Emulator.layerInProcessWith({
    script: Script.make({
      strict: true,
      rules: [
        Script.on("POST /embeddings", { model: "b", fail: "MODEL_OFFLINE" }),
        Script.on("GET /models", { times: 1 }),
        Script.on("GET /models", { headers: { "x-tenant": "a" } })
      ]
    })
  })

  it.effect("lets a request fail that no rule matches, and names the nearest rules", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      assert.deepStrictEqual(yield* Effect.all([models(), models()]), [200, 400])
      const [message] = (yield* Effect.flip(emulator.verify)).unmatched

      assert.strictEqual(
        message,
        [
          "The emulator is strict, and no rule matches GET /models.",
          "The nearest rules:",
          "  2. GET /models: pass",
          "     it is used up after 1",
          "  3. GET /models, header x-tenant: pass",
          "     the header x-tenant is absent",
          "  1. POST /embeddings, model \"b\": fail with MODEL_OFFLINE",
          "     the request is GET /models; the model is absent"
        ].join("\n")
      )
    }).pipe(Effect.provide(strict)))

  it.effect("is strict, or not, for one request", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* models(), 200)
      assert.strictEqual(yield* models({ "x-emulate-strict": "false" }), 200)
      assert.strictEqual(yield* models({ "x-emulate-strict": "true" }), 400)
    }).pipe(Effect.provide(strict)))
})

describe("a scope", () => {
  it.effect("sees only its own replies, rules and requests", () =>
    Effect.gen(function*() {
      const root = yield* Emulator.Emulator
      const client = yield* HttpClient.HttpClient
      const status = ({ baseUrl }: Emulator.Service) =>
        Effect.map(client.get(`${baseUrl}/models`), ({ status }) => status)
      const [first, second] = [yield* root.scoped(), yield* root.scoped()]
      yield* first.on("GET /models", { fail: "MODEL_OFFLINE" })
      yield* second.reply(new Errors.InferenceFailed())

      assert.deepStrictEqual(yield* Effect.all([root, first, second, second].map(status), { concurrency: 4 }), [
        200,
        503,
        500,
        200
      ])
      assert.lengthOf(yield* root.journal(), 1)
      assert.lengthOf(yield* first.journal({ path: "/api/v1/models" }), 1)
      assert.lengthOf(yield* second.received, 2)
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerInProcess)))

  it.effect("is chosen by a header, too", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const headers = { "x-emulate-scope": "mine" }
      yield* models(headers)
      yield* models()
      const journal = yield* client.get("http://any/__emulator/scopes/mine/journal")
      const { total } = (yield* journal.json) as { total: number }

      assert.strictEqual(total, 1)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("is forgotten when its layer closes", () =>
    Effect.gen(function*() {
      const test = Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.reply(new Errors.ModelOffline(), new Errors.ModelOffline())
        return yield* models()
      }).pipe(Effect.provide(Layer.provideMerge(Emulator.layerHttpClient, Emulator.layerScoped)))

      assert.deepStrictEqual([yield* test, yield* test], [503, 503])
      yield* (yield* Emulator.Emulator).verify
      assert.strictEqual(yield* models(), 200)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("has a clock of its own", () =>
    Effect.gen(function*() {
      const root = yield* Emulator.Emulator
      const client = yield* HttpClient.HttpClient
      const scope = yield* root.scoped()
      yield* scope.setTime("2030-01-01T00:00:00Z")
      const now = (base: string) =>
        Effect.flatMap(client.get(`${base}/clock`), ({ json }) => Effect.map(json, (body) => (body as any).iso))

      assert.strictEqual(yield* now(scope.baseUrl.replace("/api/v1", "")), "2030-01-01T00:00:00.000Z")
      assert.strictEqual(yield* now("http://any/__emulator"), "1970-01-01T00:00:00.000Z")
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerInProcess)))
})
