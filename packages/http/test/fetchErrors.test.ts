/** `VeniceFetch.errorOf` of values that no client throws, and of clients without our `fetch`. */
import { Errors, VeniceError } from "@effect-venice/core"
import { VeniceFetch } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"

const { errorOf } = VeniceFetch

/** What openai's client throws: it has these members. */
const apiError = (members: object) =>
  Object.assign(new Error("m"), { status: undefined, headers: undefined, requestID: null, error: undefined }, members)

/** What the AI SDK throws. */
const callError = (members: object) =>
  Object.assign(new Error("m"), {
    url: "https://api.venice.ai/api/v1/chat/completions",
    requestBodyValues: {},
    statusCode: undefined,
    responseHeaders: undefined,
    responseBody: undefined,
    isRetryable: false
  }, members)

const inner = { message: "m", code: "model_overloaded", venice_code: "MODEL_OVERLOADED", venice_status: 429 }

describe("an error is found", () => {
  it.each<[string, unknown]>([
    ["in openai's error", apiError({ status: 503, headers: new Headers(), error: inner })],
    [
      "in openai's error of a stream",
      apiError({ headers: new Headers({ "content-type": "text/event-stream" }), error: inner })
    ],
    ["in Anthropic's error", apiError({ status: 429, headers: new Headers(), error: { type: "error", error: inner } })],
    [
      "in the AI SDK's error",
      callError({ statusCode: 424, responseHeaders: {}, responseBody: JSON.stringify({ error: inner }) })
    ],
    ["in the error of an AI SDK's stream", { name: "AI_StreamProviderError", data: { message: "m", param: inner } }],
    ["in a part of its stream", { message: "m", type: "server_error", code: "model_overloaded", param: inner }],
    ["in the last error of several", { lastError: apiError({ status: 429, error: inner }) }],
    ["in a cause", new Error("a", { cause: new Error("b", { cause: apiError({ status: 429, error: inner }) }) })],
    ["as itself", new Errors.ModelOverloaded()],
    ["as a cause", new Error("a", { cause: new Errors.ModelOverloaded() })]
  ])("%s", (_, thrown) => {
    assert.instanceOf(errorOf(thrown), Errors.ModelOverloaded)
    assert.strictEqual(errorOf(thrown)?.response.status, 429)
  })

  it("in the errors of clients without our fetch", () => {
    assert.strictEqual(
      errorOf(
        apiError({
          status: 503,
          headers: new Headers({ "cf-ray": "r" }),
          error: "The model is at capacity. Please try again later."
        })
      )
        ?._tag,
      "MODEL_AT_CAPACITY"
    )
    const overload = callError({
      statusCode: 429,
      responseHeaders: { "retry-after": "30", "x-should-retry": "false" },
      responseBody: "{\"error\":\"The model is currently overloaded. Please try again later.\"}"
    })
    assert.strictEqual(String(errorOf(overload)?.response.retryAfter), "30000 millis")
    assert.isFalse(errorOf(overload)?.response.shouldRetry)
  })

  it("in an event of a stream that nobody recognizes", () => {
    const found = errorOf(apiError({ headers: new Headers(), error: { message: "m", code: "THEIRS" } }))

    assert.deepInclude(found, { _tag: "UNRECOGNIZED_RESPONSE", code: "THEIRS" })
  })

  it("in a success that the client could not read", () => {
    const response = { statusCode: 200, responseHeaders: {}, responseBody: "{\"error\":{\"code\":\"MODEL_OFFLINE\"}}" }

    assert.strictEqual(errorOf(callError(response))?._tag, "MODEL_OFFLINE")
    assert.isUndefined(errorOf(callError({ ...response, responseBody: "{\"choices\":1}" })))
  })

  it("of the class of this copy of core, if another made it", () => {
    const own = new Errors.ModelNotFound({ model: "m", suggestions: ["a"] })
    // Its class is another, and everything else is the same.
    const foreign = Object.assign(Object.create({ ...Object.getPrototypeOf(Object.getPrototypeOf(own)) }), {
      "~@effect-venice/core/VeniceError": "~@effect-venice/core/VeniceError",
      _tag: own._tag,
      response: own.response,
      toJSON: () => JSON.parse(JSON.stringify(own))
    })
    const found = errorOf(foreign)

    assert.isTrue(VeniceError.isVeniceError(foreign))
    assert.instanceOf(found, Errors.ModelNotFound)
    assert.deepInclude(found, { model: "m", suggestions: ["a"] })
  })
})

describe("nothing is found", () => {
  const cycle = new Error("a")
  cycle.cause = cycle
  const throwing = () => {
    throw new Error("hostile")
  }
  const hostile = new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing, ownKeys: throwing })
  const endless: object = new Proxy({}, { get: () => endless, has: () => true, ownKeys: () => [] })
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const deep = Array.from({ length: 20 }).reduce<Error>(
    (cause) => new Error("x", { cause }),
    apiError({ status: 429, error: inner })
  )

  it.each<[string, unknown]>([
    ["a text", "MODEL_OVERLOADED"],
    ["nothing", undefined],
    ["null", null],
    ["a function", () => inner],
    ["a cycle", cycle],
    ["a proxy that throws", hostile],
    ["a proxy of endless depth", endless],
    ["a deep cause", deep],
    ["an error without a response", apiError({ cause: new TypeError("fetch failed") })],
    ["an error of the AI SDK without a response", callError({ cause: new TypeError("fetch failed") })],
    [
      "an error of others",
      Object.assign(new Error("m"), { status: 404, statusCode: 404, data: { message: "m" }, error: "m" })
    ],
    ["a response of others", new Response("{\"error\":\"x\"}", { status: 500 })],
    ["an object with a code", { message: "m", code: "model_overloaded" }]
  ])("in %s", (_, thrown) => {
    assert.isUndefined(errorOf(thrown))
  })

  it("in what cannot be written as JSON", () => {
    const found = errorOf(apiError({ status: 429, headers: hostile, error: cyclic }))

    assert.strictEqual(found?._tag, "RATE_LIMIT_EXCEEDED")
  })

  it.effect.prop(
    "and nothing is thrown, for any JSON in any place",
    [Arbitrary.schema(Schema.Json)],
    ([json]) =>
      Effect.sync(() => {
        for (
          const thrown of [
            json,
            apiError({ status: json, error: json, headers: json }),
            callError({ responseBody: json, statusCode: 400 }),
            { data: json, cause: json }
          ]
        ) {
          errorOf(thrown)
        }
      }),
    { arbitrary: { runs: 300 } }
  )
})
