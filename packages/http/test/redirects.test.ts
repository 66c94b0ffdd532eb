/**
 * A redirect takes the body of a request, and what it is paid with, to another server.
 */
import { Retry } from "@effect-venice/core"
import { Gateway, HttpFailure, VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted, Schema, Tracer } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { answer, serve } from "./server.ts"

const headers = { "PAYMENT-SIGNATURE": "signed", "SIGN-IN-WITH-X": "signed" }

const followRedirects = (layer: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) => HttpClient.followRedirects(client))
  ).pipe(Layer.provide(layer))

/** A server that redirects to another, which would answer with a success. */
const redirecting = (status: number) =>
  Effect.gen(function*() {
    const other = yield* serve((response) => answer(response, 200, {}))
    const server = yield* serve((response) => answer(response, status, "", { location: `${other.url}/video/queue` }))
    return { other, server }
  })

const viaService = (url: string) =>
  Effect.flatMap(
    VeniceClient.make({ baseUrl: url }),
    (venice) => venice.request("POST /video/queue", { body: {}, headers })
  )

const viaEnvironment = (url: string) =>
  Effect.flatMap(VeniceClient, (venice) => venice.execute("GET /models", { success: Schema.Unknown })).pipe(
    Effect.provide(VeniceClient.layerHttpClient),
    Effect.provideService(
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env: { VENICE_API_KEY: "key-of-a-test", VENICE_BASE_URL: url } })
    )
  )

const viaTyped = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => HttpFailure.typed(client).post(`${url}/video/queue`, { headers }))

const ways: ReadonlyArray<
  readonly [string, (url: string) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>]
> = [["VeniceClient.make", viaService], ["VeniceClient.layerHttpClient", viaEnvironment], [
  "HttpFailure.typed",
  viaTyped
]]

describe.each([
  ["fetch", FetchHttpClient.layer],
  [
    "fetch that is told to follow",
    Layer.provide(
      FetchHttpClient.layer,
      Layer.succeed(FetchHttpClient.RequestInit, { redirect: "follow" })
    )
  ],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
])("over %s", (_, layer) => {
  it.live.each(ways.flatMap(([name, call]) => [302, 307, 308].map((status) => [name, status, call] as const)))(
    "%s does not follow a %i",
    ([, status, call]) =>
      Effect.gen(function*() {
        const { other, server } = yield* redirecting(status)

        const error = yield* Effect.flip(Effect.retry(call(server.url), Retry.eager))

        assert.include(error, { _tag: "UNRECOGNIZED_RESPONSE" })
        assert.strictEqual(server.got.length, 1)
        assert.strictEqual(other.got.length, 0)
      }).pipe(Effect.provide(layer))
  )
})

const followsItself: typeof fetch = (input, init) => fetch(input, { ...init, redirect: "follow" })

describe.each([
  ["fetch", followRedirects(FetchHttpClient.layer)],
  ["undici", followRedirects(NodeHttpClient.layerUndici)],
  ["node:http", followRedirects(NodeHttpClient.layerNodeHttp)]
])("a client that follows redirects over %s", (_, layer) => {
  it.live.each(ways.flatMap(([name, call]) => [false, true].map((disabled) => [name, disabled, call] as const)))(
    "sends nothing to another origin: %s, without tracing: %j",
    ([, disabled, call]) =>
      Effect.gen(function*() {
        const { other, server } = yield* redirecting(307)

        const error = yield* Effect.flip(Effect.retry(call(server.url), Retry.eager)).pipe(
          Effect.provideService(Tracer.DisablePropagation, disabled)
        ) as Effect.Effect<never>

        assert.include(String(error), new URL(other.url).origin)
        assert.nestedInclude(error, { "reason._tag": "InvalidUrlError" })
        assert.strictEqual(server.got.length, 1)
        assert.strictEqual(other.got.length, 0)
        assert.include(Gateway.fromFailure(error).response, { status: 502, shouldRetry: false })
      }).pipe(Effect.provide(layer))
  )

  it.live.each(ways)("sends a request once, also at the same origin: %s", ([, call]) =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 308, "", { location: "/elsewhere" }))

      const error = yield* Effect.flip(call(server.url))

      assert.nestedInclude(error, { "reason._tag": "InvalidUrlError" })
      assert.strictEqual(server.got.length, 1)
    }).pipe(Effect.provide(layer)))
})

describe("a transport that follows redirects itself", () => {
  it.live.each(ways)(
    "does not pass the response of another origin for one of Venice: %s",
    ([, call]) =>
      Effect.gen(function*() {
        const { other, server } = yield* redirecting(307)

        const error = yield* Effect.flip(Effect.retry(call(server.url), Retry.eager)) as Effect.Effect<never>

        assert.include(String(error), new URL(other.url).origin)
        assert.nestedInclude(error, { "reason._tag": "InvalidUrlError" })
        assert.strictEqual(other.got.length, 1)
        assert.include(Gateway.fromFailure(error).response, { status: 502, shouldRetry: false })
        yield* other.released
      }).pipe(Effect.provideService(FetchHttpClient.Fetch, followsItself), Effect.provide(FetchHttpClient.layer))
  )
})

it.live("leaves the options that a layer of fetch was built with", () =>
  Effect.gen(function*() {
    const server = yield* serve((response) => answer(response, 200, {}))
    const built = Layer.provide(
      FetchHttpClient.layer,
      Layer.succeed(FetchHttpClient.RequestInit, { headers: { "x-of-the-layer": "kept" } })
    )
    const venice = yield* Effect.provide(
      VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make("key-of-a-test") }),
      built
    )

    yield* venice.request("GET /models")
    yield* Effect.provideService(venice.request("GET /models"), FetchHttpClient.RequestInit, {
      headers: { "x-of-the-call": "kept" }
    })

    assert.include(server.got[0]?.headers, { "x-of-the-layer": "kept" })
    assert.include(server.got[1]?.headers, { "x-of-the-call": "kept" })
  }))
