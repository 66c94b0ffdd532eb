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

const marked = JSON.stringify({ error: inner })

/** An error with these members of openai's, of a response that is not marked. */
const apiErrorOf = (names: ReadonlyArray<string>) => {
  const members = {
    requestID: null,
    request_id: null,
    headers: {},
    error: "The model is currently overloaded",
    status: 429
  }
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)))
}

/** The same of the AI SDK's. */
const callErrorOf = (names: ReadonlyArray<string>) => ({
  ...Object.fromEntries(names.map((name) => [name, {}])),
  statusCode: 429,
  responseBody: "{\"error\":\"The model is currently overloaded\"}"
})

const causes = (depth: number, cause: unknown): unknown =>
  depth === 0 ? cause : new Error("x", { cause: causes(depth - 1, cause) })

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
    ["in openai's older error", apiErrorOf(["request_id", "headers", "error", "status"])],
    ["in a success that the client could not read", callError({ statusCode: 200, responseBody: marked })],
    ["in a part whose error is null", { ...inner, error: null }],
    [
      "in events that the client took for JSON",
      callError({
        statusCode: 200,
        responseHeaders: { "content-type": "text/event-stream" },
        responseBody: `data: ${marked}\n\n`
      })
    ],
    ["in openai's error with a status that is none", apiError({ status: 99, error: inner })],
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
    const headers = new Headers({ "content-type": "text/event-stream", "cf-ray": "r" })
    const found = errorOf(apiError({ headers, error: { message: "m", code: "THEIRS" } }))

    assert.deepInclude(found, { _tag: "UNRECOGNIZED_RESPONSE", code: "THEIRS" })
    assert.deepInclude(found?.response, { status: 200, requestId: "r" })
  })

  it("with the headers of the response, as an object of fetch or a record in any case", () => {
    for (
      const headers of [new Headers({ "CF-Ray": "r", "Retry-After": "30" }), { "CF-Ray": "r", "Retry-After": "30" }]
    ) {
      for (
        const thrown of [
          apiError({ status: 429, headers, error: "Rate limit exceeded" }),
          apiError({ status: 429, headers, error: inner }),
          callError({ statusCode: 429, responseHeaders: headers, responseBody: "{\"error\":\"Rate limit exceeded\"}" }),
          callError({ statusCode: 424, responseHeaders: headers, responseBody: marked })
        ]
      ) {
        const { requestId, retryAfter } = errorOf(thrown)!.response

        assert.deepStrictEqual([requestId, String(retryAfter)], ["r", "30000 millis"])
      }
    }
  })

  it("with 200 headers at most, of which those that are no text do not count", () => {
    const others = Array.from({ length: 199 }, (_, i) => [`x-${i}`, "a"] as const)
    const found = (...headers: ReadonlyArray<readonly [string, unknown]>) =>
      errorOf(callError({ statusCode: 429, responseHeaders: Object.fromEntries(headers) }))?.response.requestId

    assert.strictEqual(found(...others, ["cf-ray", "r"]), "r")
    assert.isUndefined(found(...others, ["x-199", "a"], ["cf-ray", "r"]))
    assert.isUndefined(found(["cf-ray", ["r"]]))
    assert.strictEqual(found(["x-a", 1], ["x-b", ["a"]], ["cf-ray", "r"]), "r")
  })

  it("by the type of openai's error, also if that has an error that is null", () => {
    const error = { message: "m", type: "provider_content_policy" }

    for (const kept of [error, { ...error, error: null }]) {
      assert.strictEqual(errorOf(apiError({ status: 400, error: kept }))?._tag, "CONTENT_POLICY_VIOLATION")
    }
  })

  it("with headers that never end", () => {
    const headers = {
      *[Symbol.iterator]() {
        for (;;) yield ["cf-ray", "r"]
      }
    }

    assert.strictEqual(errorOf(apiError({ status: 429, headers }))?.response.requestId, "r")
  })

  it("by its status where the client kept no body", () => {
    const empty = [
      apiError({ status: 503 }),
      apiError({ status: 503, error: null }),
      callError({ statusCode: 503 }),
      callError({ statusCode: 503, responseBody: { error: "m" } })
    ]
    for (const thrown of empty) assert.strictEqual(errorOf(thrown)?.message, "HTTP 503 with an empty body")
  })

  it("without what our response told the client about repeats", () => {
    for (const name of ["x-should-retry", "X-Should-Retry"]) {
      const thrown = callError({ statusCode: 424, responseHeaders: { [name]: "false" }, responseBody: marked })

      assert.notProperty(errorOf(thrown)!.response, "shouldRetry")
    }
  })

  it("as the same object, if it is of this copy", () => {
    const own = new Errors.ModelOverloaded()

    assert.strictEqual(errorOf(new Error("a", { cause: own })), own)
  })

  it("in a success, by our mark alone", () => {
    const error = {
      message: "m",
      code: "unrecognized_response",
      venice_code: "UNRECOGNIZED_RESPONSE",
      venice_status: 418
    }
    const found = errorOf(callError({ statusCode: 200, responseBody: JSON.stringify({ error }) }))

    assert.deepInclude(found, { _tag: "UNRECOGNIZED_RESPONSE", message: "m" })
    assert.strictEqual(found?.response.status, 418)
  })

  it("up to eight causes deep", () => {
    const thrown = apiError({ status: 429, error: inner })

    assert.instanceOf(errorOf(causes(8, thrown)), Errors.ModelOverloaded)
    assert.isUndefined(errorOf(causes(9, thrown)))
    assert.instanceOf(
      errorOf(Array.from({ length: 8 }).reduce((lastError) => ({ lastError }), thrown)),
      Errors.ModelOverloaded
    )
  })

  it.each([[100, true], [199, true], [200, false], [299, false], [300, true], [400, true]])(
    "in any response but a success that hides none: %d, %j",
    (statusCode, isError) => {
      assert.strictEqual(errorOf(callError({ statusCode, responseBody: "{\"choices\":1}" })) !== undefined, isError)
    }
  )

  it("in what the client kept, if a response has other parts than ours", () => {
    const partsKey = Symbol.for("@effect-venice/http/VeniceFetch/parts")
    for (
      const parts of [{ status: 503 }, { status: 503, body: 1 }, { status: "503", body: "" }, { body: "" }, null, 1]
    ) {
      assert.instanceOf(errorOf(apiError({ status: 429, error: inner, [partsKey]: parts })), Errors.ModelOverloaded)
    }
  })

  it("in a success that the client could not read", () => {
    const response = { statusCode: 200, responseHeaders: {}, responseBody: "{\"error\":{\"code\":\"MODEL_OFFLINE\"}}" }

    assert.strictEqual(errorOf(callError(response))?._tag, "MODEL_OFFLINE")
    assert.isUndefined(errorOf(callError({ ...response, responseBody: "{\"choices\":1}" })))
  })

  it("with the type of what the client kept of a stream, which is the JSON of an event", () => {
    const headers = new Headers({ "content-type": "text/event-stream", "cf-ray": "9f-EWR" })
    const error = errorOf(apiError({ headers, error: inner }))

    assert.strictEqual(error?.response.contentType, "application/json")
    assert.strictEqual(error?.response.rayId, "9f-EWR")
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
    ["an error of the AI SDK with a status that is none", callError({ statusCode: 99, responseBody: marked })],
    ["an error of the AI SDK with half a status", callError({ statusCode: 400.5, responseBody: marked })],
    ["an error with null in place of openai's", apiError({ error: null })],
    ["openai's error without a request id", apiErrorOf(["headers", "error", "status"])],
    ["openai's error without headers", apiErrorOf(["requestID", "error", "status"])],
    ["openai's error without an error", apiErrorOf(["requestID", "headers", "status"])],
    ["openai's error without a status", apiErrorOf(["requestID", "headers", "error"])],
    ["the AI SDK's error without the request", callErrorOf(["responseHeaders", "isRetryable"])],
    ["the AI SDK's error without headers", callErrorOf(["requestBodyValues", "isRetryable"])],
    ["the AI SDK's error without advice", callErrorOf(["requestBodyValues", "responseHeaders"])],
    ["a function in place of the error", { error: Object.assign(() => {}, inner) }],
    ["an error of a newer copy of core", {
      "~@effect-venice/core/VeniceError": "~@effect-venice/core/VeniceError",
      _tag: "NEWER",
      response: { status: 500 }
    }],
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
    for (const headers of [hostile, null, "a", 1, [1]]) {
      assert.instanceOf(errorOf(apiError({ status: 429, headers, error: inner })), Errors.ModelOverloaded)
    }
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
