import { Emulator, Script } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"

const ask = (method: "DELETE" | "GET" | "POST" | "PUT", path: string, body?: unknown) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const request = HttpClientRequest.make(method)(`http://emulator.test${path}`).pipe(
      body === undefined
        ? (same) => same
        : HttpClientRequest.bodyText(typeof body === "string" ? body : JSON.stringify(body))
    )
    const response = yield* client.execute(request)
    const text = yield* response.text
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) as any }
  })

const admin = (method: "GET" | "POST" | "PUT", path: string, body?: unknown) => ask(method, `/__emulator${path}`, body)

const models = Effect.map(ask("GET", "/api/v1/models"), ({ status }) => status)

const test = (name: string, body: Effect.Effect<void, unknown, Emulator.Emulator | HttpClient.HttpClient>) =>
  it.effect(name, () => Effect.provide(body, Emulator.layerInProcess))

describe("the API of the emulator", () => {
  test(
    "says that it is there, and where",
    Effect.gen(function*() {
      yield* models

      assert.deepStrictEqual(yield* admin("GET", "/health"), {
        status: 200,
        body: { status: "ok", baseUrl: "http://emulator.test/api/v1", requests: 1, scopes: 0 }
      })
    })
  )

  test(
    "replaces and extends the script, and returns it as it can be sent back",
    Effect.gen(function*() {
      const first = { seed: 7, rules: [{ on: "GET /models", times: 1, fail: "MODEL_OFFLINE" }] }
      assert.strictEqual((yield* admin("PUT", "/script", first)).status, 200)
      assert.deepStrictEqual([yield* models, yield* models], [503, 200])
      yield* admin("POST", "/script", { rules: [{ on: "GET /models", fail: { code: "UNAUTHORIZED" } }] })
      assert.strictEqual(yield* models, 403)
      const { body } = yield* admin("GET", "/script")

      assert.deepStrictEqual(body.used, [1, 1])
      assert.strictEqual(body.script.seed, 7)
      assert.deepStrictEqual(Script.validate(body.script), [])
      yield* admin("PUT", "/script", body.script)
      assert.deepStrictEqual([yield* models, yield* models], [503, 403])
    })
  )

  const invalid: ReadonlyArray<readonly ["GET" | "POST" | "PUT", string, unknown, number, RegExp]> = [
    ["PUT", "/script", "{", 400, /not JSON/],
    ["PUT", "/script", { rules: [{ on: "*", fail: "NOPE" }] }, 400, /"path":"rules\[0\]\.fail"/],
    ["POST", "/clock", {}, 400, /move of the clock/],
    ["POST", "/clock", { advance: "soon" }, 400, /move of the clock/],
    ["POST", "/clock", { set: "yesterday" }, 400, /ISO date/],
    ["GET", "/journal?limit=many", undefined, 400, /"path":"limit"/],
    ["GET", "/journal?operations=GET", undefined, 400, /"path":"operations"/],
    ["GET", "/jurnal", undefined, 404, /did you mean \/journal\?/],
    ["GET", "/toString", undefined, 404, /No path/],
    ["POST", "/journal", undefined, 405, /use GET/]
  ]
  for (const [method, path, body, status, message] of invalid) {
    test(
      `answers ${method} ${path} ${body === undefined ? "" : JSON.stringify(body)} with ${status}`,
      Effect.gen(function*() {
        const answer = yield* admin(method, path, body)

        assert.strictEqual(answer.status, status)
        assert.match(JSON.stringify(answer.body), message)
      })
    )
  }

  test(
    "does not apply an invalid script",
    Effect.gen(function*() {
      yield* admin("PUT", "/script", { rules: [{ on: "GET /models", fail: "MODEL_OFFLINE" }] })
      yield* admin("PUT", "/script", { rules: [{ on: "GET /models", fail: "NOPE" }] })

      assert.strictEqual(yield* models, 503)
    })
  )

  test(
    "pages through the journal",
    Effect.gen(function*() {
      for (let i = 0; i < 3; i++) yield* models
      const { body: first } = yield* admin("GET", "/journal?limit=2&operation=GET%20/models")
      const { body: second } = yield* admin("GET", `/journal?limit=2&after=${first.next}`)

      assert.deepStrictEqual(first.entries.map(({ id }: any) => id), [1, 2])
      assert.deepStrictEqual(second.entries.map(({ id }: any) => id), [3])
      assert.strictEqual(second.total, 3)
    })
  )

  test(
    "resets, and verifies",
    Effect.gen(function*() {
      yield* admin("POST", "/script", { rules: [{ on: "GET /models", times: 2, fail: "MODEL_OFFLINE" }] })
      yield* models
      assert.deepStrictEqual(yield* admin("GET", "/verify"), {
        status: 409,
        body: { ok: false, unused: ["GET /models: fail with MODEL_OFFLINE, used 1 of 2 times"], unmatched: [] }
      })
      yield* admin("POST", "/reset")

      assert.deepStrictEqual(yield* admin("GET", "/verify"), {
        status: 200,
        body: { ok: true, unused: [], unmatched: [] }
      })
      assert.strictEqual(yield* models, 200)
    })
  )

  test(
    "moves the clock, and wakes what waits",
    Effect.gen(function*() {
      yield* admin("PUT", "/script", { rules: [{ on: "GET /models", delay: "1 minute" }] })
      const call = yield* Effect.forkChild(models)
      yield* Effect.yieldNow
      yield* admin("POST", "/clock", { advance: "59 seconds" })
      yield* Effect.yieldNow
      assert.isUndefined(call.pollUnsafe())
      const { body } = yield* admin("POST", "/clock", { advance: 1000 })

      assert.deepStrictEqual(body, { now: 60_000, iso: "1970-01-01T00:01:00.000Z" })
      assert.strictEqual(yield* Fiber.join(call), 200)
      const set = yield* admin("POST", "/clock", { set: "2026-01-01T00:00:00Z" })
      assert.strictEqual(set.body.iso, "2026-01-01T00:00:00.000Z")
    })
  )

  test(
    "has every path for a scope as well, until it is deleted",
    Effect.gen(function*() {
      const scope = "/__emulator/scopes/my%20test"
      yield* ask("PUT", `${scope}/script`, { rules: [{ on: "GET /models", fail: "MODEL_OFFLINE" }] })

      assert.strictEqual((yield* ask("GET", `${scope}/health`)).body.baseUrl, `http://emulator.test${scope}/api/v1`)
      assert.strictEqual((yield* ask("GET", `${scope}/api/v1/models`)).status, 503)
      assert.strictEqual(yield* models, 200)
      assert.strictEqual((yield* ask("DELETE", scope)).status, 204)
      assert.strictEqual((yield* ask("GET", `${scope}/api/v1/models`)).status, 200)
    })
  )

  test(
    "refuses more scopes than it can keep",
    Effect.gen(function*() {
      const statuses = yield* Effect.forEach(
        Array.from({ length: 1001 }, (_, i) => i),
        (i) => Effect.map(ask("GET", `/__emulator/scopes/s${i}/verify`), ({ status }) => status)
      )

      assert.deepStrictEqual(statuses.slice(-2), [200, 429])
    })
  )
})
