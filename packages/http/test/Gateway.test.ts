import { Decode, Encode, Errors, OperationFailure, Retry, VeniceError } from "@effect-venice/core"
import { Failure, Gateway, VeniceClient } from "@effect-venice/http"
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Cause, Duration, Effect, Exit, Layer, Redacted, Schema } from "effect"
import { HttpBody, HttpClientError, HttpClientRequest, HttpServerResponse } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiSchema,
  HttpApiTest,
  OpenApi
} from "effect/http-api"
import { notJson } from "../src/internal/unexpectedBody.ts"
import { chat } from "./bodies.ts"
import { answer, serve } from "./server.ts"

const formats: ReadonlyArray<Encode.Format> = ["venice", "openai", "problem"]

const read = (response: HttpServerResponse.HttpServerResponse) =>
  Effect.promise(() => HttpServerResponse.toWeb(response).json())

describe("an answer", () => {
  it.effect.each(formats)("in the shape %s is decoded to the error again", (format) =>
    Effect.gen(function*() {
      for (const Class of VeniceError.byCode.values()) {
        const error = VeniceError.fromCode(Class.code)
        const response = HttpServerResponse.toWeb(Gateway.toResponse(error, format))
        const received = Decode.response({
          status: response.status,
          headers: response.headers,
          body: yield* Effect.promise(() => response.text()),
          now: 0
        })

        assert.strictEqual(received.constructor, Class)
        assert.strictEqual(received.message, error.message)
        assert.strictEqual(
          response.headers.get("content-type"),
          format === "problem" ? "application/problem+json" : "application/json"
        )
      }
    }))

  it.effect("leaves the failures that are not Venice's to the handler", () =>
    Effect.gen(function*() {
      const own = new Error("my own")
      const handler = (error: Error | Errors.ModelOffline) =>
        Effect.fail(error).pipe(Effect.as(HttpServerResponse.empty()), Gateway.respond("problem"))

      assert.strictEqual((yield* handler(new Errors.ModelOffline())).status, 503)
      assert.deepStrictEqual(yield* Effect.exit(handler(own)), Exit.fail(own))
    }))
})

describe("any failure of a call", () => {
  const request = HttpClientRequest.post("https://user:pass@internal.example/api/v1/chat/completions")

  const transport = (cause: unknown, sent = request) =>
    new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request: sent, cause }) })

  const input = { status: 200, body: "internal", operation: "POST /chat/completions", now: 0 }

  it.effect.each<[string, Failure.Failure, number, string]>([
    ["no answer", transport(new Error("connect ECONNREFUSED 10.0.0.7:443")), 502, "Upstream"],
    ["no answer in time", transport(new Cause.TimeoutError("internal")), 504, "Timeout"],
    ["a timeout of the caller's", new Cause.TimeoutError("internal"), 504, "Timeout"],
    ["an answer that cannot be read", notJson(input), 502, "Upstream"],
    [
      "a stream that was cut",
      new Failure.UnfinishedStream({ message: "cut", response: Decode.context(input), cause: "internal" }),
      502,
      "Upstream"
    ],
    [
      "a job that cannot be followed",
      new Failure.JobFailure({ job: { medium: "video", model: "m", queueId: "q" }, reason: transport("internal") }),
      502,
      "Upstream"
    ]
  ])("is an answer: %s", ([, failure, status, category]) =>
    Effect.gen(function*() {
      const error = Gateway.fromFailure(failure)
      const response = Gateway.toResponse(error)
      const text = JSON.stringify(yield* read(response))

      assert.strictEqual(error._tag, "UNRECOGNIZED_RESPONSE")
      assert.strictEqual(error.category, category)
      assert.strictEqual(response.status, status)
      assert.strictEqual(response.headers["x-should-retry"], "false")
      assert.isUndefined(Retry.kindOf(error))
      for (const secret of ["internal", "10.0.0.7", "pass"]) assert.notInclude(text, secret)
    }))

  it.each<[string, HttpClientError.HttpClientError, boolean]>([
    ["a read", transport(new Error("reset"), HttpClientRequest.get("https://api.venice.ai/api/v1/models")), true],
    ["a connection that was never made", transport(Object.assign(new Error("x"), { code: "ECONNREFUSED" })), true],
    ["a run that may be billed twice", transport(new Error("reset")), false]
  ])("may be repeated by the user's client: %s", (_, failure, isRepeatable) => {
    const error = Gateway.fromFailure(failure)

    assert.strictEqual(Gateway.toResponse(error).headers["x-should-retry"], isRepeatable ? undefined : "false")
    assert.strictEqual(Retry.isRepeatable(error), isRepeatable)
    assert.match(error.response.operation!, / \/(?:models|chat\/completions)$/)
  })

  it("is the error of a failed job", () => {
    const reason = new Errors.ContentPolicyViolation()
    const job = { medium: "video", model: "m", queueId: "q" } as const

    assert.strictEqual(Gateway.fromFailure(new Failure.JobFailure({ job, reason })), reason)
  })
})

describe("conceal", () => {
  const response = {
    status: 429,
    requestId: "r-1",
    body: "from Venice",
    retryAfter: Duration.seconds(2),
    balance: { usd: BigDecimal.fromStringUnsafe("24.5") },
    rateLimit: { requests: { remaining: 0 } }
  }

  it("keeps what the user can act on, and drops what is the owner's", () => {
    const attempts = { made: [{ code: "MODEL_OFFLINE" }], omitted: 0, reason: "attempts" as const }
    const error = new Errors.RateLimitExceeded({ limit: "requests", message: "slow down", response, attempts })
    const shown = Gateway.conceal(error)

    assert.instanceOf(shown, Errors.RateLimitExceeded)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(shown)), {
      _tag: "RATE_LIMIT_EXCEEDED",
      message: "slow down",
      matchedBy: "code",
      limit: "requests",
      response: { status: 429, requestId: "r-1", retryAfter: 2000 }
    })
  })

  it.each(["AUTHENTICATION_FAILED", "PRO_ONLY_MODEL", "INSUFFICIENT_BALANCE", "PAYMENT_REQUIRED"] as const)(
    "says nothing of %s",
    (code) => {
      const shown = Gateway.conceal(VeniceError.fromCode(code))

      assert.strictEqual(shown._tag, "UNRECOGNIZED_RESPONSE")
      assert.strictEqual(shown.response.status, 502)
      assert.strictEqual(shown.message, "The service cannot use Venice at present")
      assert.notInclude(JSON.stringify(shown), code)
      assert.isUndefined(Retry.kindOf(shown))
    }
  )

  it("does not pass on words that nobody recognised", () => {
    const body = "<title>wallet 0xabc has $3.20</title>"
    const shown = Gateway.conceal(Decode.response({ status: 409, body, bodyTruncated: true, now: 0 }))

    assert.notMatch(JSON.stringify(shown), /wallet|3\.20|bodyTruncated/)
    assert.strictEqual(shown.category, "InvalidRequest")
  })

  it("asks the user for the consent that is the user's to give", () => {
    assert.strictEqual(Gateway.conceal(new Errors.ConsentRequired({ docsUrl: "u" }))._tag, "CONSENT_REQUIRED")
  })
})

describe("the errors of an endpoint", () => {
  const api = (format: Encode.Format) =>
    HttpApi.make("test").add(
      HttpApiGroup.make("speech").add(
        HttpApiEndpoint.post("speak", "/speak", {
          payload: Schema.Struct({ code: Schema.String }),
          error: Gateway.errors("POST /audio/speech", format)
        })
      )
    )

  const codes = [...OperationFailure.codes("POST /audio/speech")]

  const layerOf = (format: Encode.Format) =>
    HttpApiBuilder.group(api(format), "speech", (handlers) =>
      handlers.handle("speak", ({ payload }) =>
        Effect.fail(
          Object.assign(VeniceError.fromCode(payload.code as VeniceError.Code), {
            response: { status: 400, requestId: "r-1", retryAfter: Duration.millis(1500) }
          }) as OperationFailure.Of<"POST /audio/speech">
        )))

  it.effect.each(formats)("are typed again in a generated client, in the shape %s", (format) =>
    Effect.gen(function*() {
      const client = yield* HttpApiTest.groups(api(format), ["speech"])
      for (const code of codes) {
        const error = yield* Effect.flip(client.speech.speak({ payload: { code } }))

        assert.isTrue(VeniceError.isVeniceError(error), String(error))
        if (!VeniceError.isVeniceError(error)) continue
        assert.strictEqual(error._tag, code)
        assert.strictEqual(error.message, VeniceError.byCode.get(code)!.defaultMessage)
        assert.strictEqual(error.response.requestId, "r-1")
        assert.strictEqual(Duration.toMillis(error.response.retryAfter!), 1500)
      }
    }).pipe(Effect.provide([layerOf(format), NodeHttpServer.layerHttpServices]), Effect.scoped))

  it.each(formats)("are in its OpenAPI under their statuses, in the shape %s", (format) => {
    const { responses } = OpenApi.fromApi(api(format)).paths["/speak"]!.post!
    const statuses = codes.map((code) => code === "UNRECOGNIZED_RESPONSE" ? 502 : VeniceError.byCode.get(code)!.status)

    assert.deepStrictEqual(
      Object.keys(responses).filter((status) => status >= "401"),
      [
        ...new Set(statuses.map(String).filter((status) => status >= "401"))
      ].sort()
    )
    for (const code of codes) assert.include(JSON.stringify(responses), `${code}: `)
    assert.isDefined(responses["429"]!.headers?.["retry-after"])
    assert.hasAllKeys(responses["429"]!.content, [
      format === "problem" ? "application/problem+json" : "application/json"
    ])
  })
})

it("are those of several operations, where an endpoint calls several", () => {
  const endpoint = HttpApiEndpoint.post("both", "/both", {
    error: [
      ...Gateway.errors(["POST /audio/speech", "POST /video/queue"], "problem"),
      Schema.Struct({ mine: Schema.String }).pipe(HttpApiSchema.status(400))
    ]
  })
  const { responses } = OpenApi.fromApi(HttpApi.make("test").add(HttpApiGroup.make("g").add(endpoint)))
    .paths["/both"]!.post!

  assert.includeMembers(Object.keys(responses), ["400", "409", "422", "502"])
  assert.hasAllKeys(responses["400"]!.content, ["application/problem+json", "application/json"])
})

it.live("passes an error of Venice on over HTTP as it came", () =>
  Effect.gen(function*() {
    const venice = yield* serve((response) =>
      answer(response, 404, { error: "Specified model not found: lama. Did you mean: llama-3.3-70b?" }, {
        "cf-ray": "91dbd54fa83f8cbd-EWR"
      })
    )
    const gateway = yield* serve((response, got) => {
      const call = Effect.gen(function*() {
        const client = yield* VeniceClient.make({ apiKey: Redacted.make("key-123456"), baseUrl: venice.url })
        return yield* client.execute("POST /chat/completions", {
          body: HttpBody.uint8Array(got.body),
          success: Schema.Unknown
        })
      }).pipe(Effect.mapError(Gateway.fromFailure), Effect.flip, Effect.provide(NodeHttpClient.layerUndici))
      void Effect.runPromise(call).then((error) => {
        const { body, headers, status } = Encode.response(error)
        answer(response, status, body, headers)
      })
    })
    const client = yield* VeniceClient.make({ baseUrl: gateway.url })
    const error = yield* Effect.flip(client.request("POST /chat/completions", { body: chat }))

    assert.strictEqual(error._tag, "MODEL_NOT_FOUND")
    if (error._tag !== "MODEL_NOT_FOUND") return
    assert.deepStrictEqual(error.suggestions, ["llama-3.3-70b"])
    assert.strictEqual(error.response.rayId, "91dbd54fa83f8cbd-EWR")
  }).pipe(Effect.provide(Layer.mergeAll(NodeHttpClient.layerUndici)), Effect.scoped))
