/** What is refused where it is given, before a request. */
import { Operation } from "@effect-venice/core"
import { Job, VeniceClient } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, type Duration, Effect, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { inspect } from "node:util"
import { chat } from "./bodies.ts"
import { answer, serve } from "./server.ts"

const urls = ["https://a.example/v1?token=of-a-secret", "https://a.example/v1#of-a-secret", "https://a.example/v1?"]

describe("a base URL with a query or a fragment", () => {
  it.each([...urls, ...urls.map((url) => new URL(url))])("is refused in the options: %s", (baseUrl) => {
    assert.throws(() => VeniceClient.make({ baseUrl }), RangeError, /^baseUrl must have no query and no fragment/)
  })

  it.effect.each(urls)("is refused in the environment, without a word of it: %s", (url) =>
    Effect.gen(function*() {
      const env = { VENICE_API_KEY: "key-of-a-test", VENICE_BASE_URL: url }

      const error = yield* Effect.flip(
        Effect.provideService(VeniceClient.config, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
      )

      assert.include(String(error), "VENICE_BASE_URL must have no query and no fragment")
      assert.notInclude(inspect(error, { depth: 20 }), "of-a-secret")
    }))
})

describe("a path", () => {
  it.live.each(
    [
      ["GET /characters/{constructor}", {}, "needs a value for constructor"],
      ["GET /characters/{toString}", undefined, "needs a value for toString"],
      ["GET /characters/.\t./models", {}, "has a path with white space or a control character in it"],
      ["GET /characters/.\n/models", {}, "has a path with white space or a control character in it"],
      ["GET /characters/a b", {}, "has a path with white space or a control character in it"]
    ] as const
  )("calls no other operation: %j %j", ([operation, path, problem]) =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* VeniceClient.make({ baseUrl: server.url })

      const error = yield* Effect.flip(venice.request(Operation.custom(operation) as Operation.AnyOperation, { path }))

      assert.include(error.message, problem)
      assert.strictEqual(server.got.length, 0)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe.each<Duration.Input>(["nonsense" as "1 second", -1, { seconds: -1 }])("the duration %j", (duration) => {
  it.effect("is refused as a timeout", () =>
    Effect.gen(function*() {
      const venice = yield* VeniceClient.make()
      const options = { body: chat, timeout: duration }
      const expected = /^timeout must be a duration that is not negative, and is .+$/

      assert.throws(() => venice.request("POST /chat/completions", options), RangeError, expected)
      assert.throws(
        () => venice.execute("POST /chat/completions", { ...options, success: Schema.Unknown }),
        RangeError,
        expected
      )
      assert.throws(
        () => venice.stream("POST /chat/completions", { ...options, event: Schema.Unknown }),
        RangeError,
        expected
      )
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.each(["every", "atMost"])("is refused as %s of a job that is not queued yet", (name) => {
    const expected = new RegExp(`^${name} must be a duration`)

    assert.throws(() => Job.run("video", {}, { [name]: duration }), RangeError, expected)
    assert.throws(
      () => Job.wait({ medium: "video", model: "m", queueId: "q" }, { [name]: duration }),
      RangeError,
      expected
    )
  })
})
