import { Decode, Encode, Errors, OperationFailure, Retry, VeniceError } from "@effect-venice/core"
import { Failure, Gateway, VeniceClient } from "@effect-venice/http"
import { Fixtures, Laws } from "@effect-venice/testing"
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, expect, it } from "@effect/vitest"
import { BigDecimal, Cause, Context, Duration, Effect, Exit, Layer, Option, Redacted, Schema, Stream } from "effect"
import { HttpBody, HttpClientError, HttpClientRequest, HttpClientResponse, HttpServerResponse } from "effect/http"
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
import { ahead, late, open } from "./unsent.ts"

const formats: ReadonlyArray<Encode.Format> = ["venice", "openai", "anthropic", "problem"]

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

  it("is a rate limit of what a part of resilience counted", () => {
    assert.deepInclude({ ...Gateway.fromFailure(ahead) }, { _tag: "RATE_LIMIT_EXCEEDED", limit: "failures" })
    assert.deepInclude({ ...Gateway.fromFailure(late) }, { _tag: "RATE_LIMIT_EXCEEDED", limit: "requests" })
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

  it("passes on the words of an unrecognized error that is not about a body", () => {
    const error = new Errors.UnrecognizedResponse({ category: "Server", message: "busy", response: { status: 500 } })

    assert.strictEqual(Gateway.conceal(error).message, "busy")
    const response = { status: 500, body: "busy" }
    assert.notStrictEqual(Gateway.conceal(new Errors.UnrecognizedResponse({ ...error, response })).message, "busy")
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

  it.effect.each(formats)(
    "name the status under which they are declared, in the shape %s",
    (format) =>
      Effect.gen(function*() {
        const statuses = (value: unknown): ReadonlyArray<unknown> =>
          typeof value !== "object" || value === null ?
            [] :
            Object.entries(value).flatMap(([name, inner]) =>
              name === "status" || name === "venice_status" ? [inner] : statuses(inner)
            )
        const response = { status: 503, operation: "POST /audio/speech" }
        const schemas = Gateway.errors("POST /audio/speech", format)
        const error = new Errors.RateLimitExceeded({ response })
        const encoded = yield* Effect.forEach(
          schemas,
          (schema) => Effect.option(Schema.encodeEffect(schema)(error as never))
        )
        const bodies = encoded.flatMap(Option.toArray) as ReadonlyArray<{ readonly body: object }>

        assert.strictEqual(bodies.length, 1)
        const found = statuses(bodies[0]!.body)
        assert.deepStrictEqual([...new Set(found)], format === "venice" ? [] : [429])
      })
  )

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
    const sameStatus = codes.filter((_, i) => statuses[i] === 429).map((code) => VeniceError.byCode.get(code)!)
    assert.isAbove(sameStatus.length, 1)
    assert.sameMembers(
      responses["429"]!.description.split("\n"),
      sameStatus.map(({ code, defaultMessage }) => `${code}: ${defaultMessage}`)
    )
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

const describeError = (error: VeniceError.VeniceError): string => {
  const { category, matchedBy, response: { operation, retryAfter, shouldRetry, status } } = error
  return [
    `${error._tag} in ${category} by ${matchedBy}: ${error.message}`,
    `HTTP ${status}`,
    ...(operation === undefined ? [] : [operation]),
    ...(retryAfter === undefined ? [] : [`after ${Duration.format(retryAfter)}`]),
    ...(shouldRetry === undefined ? [] : [shouldRetry ? "retry" : "no retry"])
  ].join(", ")
}

const context = { status: 200, operation: "POST /chat/completions" }

const job = { medium: "video", model: "m", queueId: "q" } as const

const failures: ReadonlyArray<readonly [string, Failure.Failure]> = ((): ReadonlyArray<
  readonly [string, Failure.Failure]
> => {
  const request = HttpClientRequest.post("https://host/api/v1/chat/completions")
  const response = HttpClientResponse.fromWeb(request, new Response("x"))
  const failed = (reason: HttpClientError.HttpClientErrorReason) => new HttpClientError.HttpClientError({ reason })
  const lost = (cause: unknown) => failed(new HttpClientError.TransportError({ request, cause }))
  const coded = (code: string) => lost(Object.assign(new Error("x"), { code }))
  const named = (name: string) => lost(Object.assign(new Error("x"), { name }))
  return [
    ["an error", new Errors.ModelOffline()],
    ["lost", failed(new HttpClientError.TransportError({ request }))],
    ["lost by a read", failed(new HttpClientError.TransportError({ request: HttpClientRequest.get("/models") }))],
    ["not encoded", failed(new HttpClientError.EncodeError({ request }))],
    ["not a URL", failed(new HttpClientError.InvalidUrlError({ request }))],
    ["not decoded", failed(new HttpClientError.DecodeError({ request, response }))],
    ...["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ECONNRESET"].map(
      (code) => [`code ${code}`, coded(code)] as const
    ),
    ["name TimeoutError", named("TimeoutError")],
    ["name AbortError", named("AbortError")],
    [
      "a timeout behind an error",
      lost(new Error("x", { cause: Object.assign(new Error("y"), { code: "ETIMEDOUT" }) }))
    ],
    ["a cause that is no error", lost({ name: "TimeoutError", code: "ETIMEDOUT" })],
    ["a timeout of the caller", new Cause.TimeoutError("late")],
    ["unexpected", new Failure.UnexpectedBody({ message: "no", differences: [], response: context })],
    ["unfinished", new Failure.UnfinishedStream({ message: "cut", response: context })],
    ["a call that a guard did not send", ahead],
    ["a call that a breaker did not send", open],
    ["a call whose turn did not come", late],
    ["a node", new Failure.JsonRpcError({ message: "reverted", response: context })],
    ["a node without an operation", new Failure.JsonRpcError({ message: "reverted", response: { status: 200 } })],
    ["a job", new Failure.JobFailure({ job, reason: new Errors.InferenceFailed() })],
    ["a job out of time", new Failure.JobFailure({ job, reason: new Cause.TimeoutError("late") })]
  ]
})()

it.effect.each(formats)("every failure of a stream becomes a response in the shape %s", (format) =>
  Laws.check(
    Laws.channel((call) =>
      call.pipe(
        Effect.as(HttpServerResponse.empty()),
        Effect.mapError(Gateway.fromFailure),
        Gateway.respond(format)
      ), { kind: "stream" }),
    { runs: 20 }
  ))

it("every failure is this error, and this one without what is the owner's", async () => {
  const lines = [
    ...failures.map(([name, failure]) => `${name} → ${describeError(Gateway.fromFailure(failure))}`),
    ...Fixtures.errors.map((error) => `${error._tag}, concealed → ${describeError(Gateway.conceal(error))}`)
  ]
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/gateway.txt")
})

it("the errors of an endpoint have these schemas", async () => {
  const lines = formats.flatMap((format) => {
    const endpoint = HttpApiEndpoint.get("list", "/list", { error: Gateway.errors("GET /models", format) })
    const { paths } = OpenApi.fromApi(HttpApi.make("test").add(HttpApiGroup.make("g").add(endpoint)))
    return Object.entries(paths["/list"]!.get!.responses).filter(([status]) => status !== "204").map(
      ([status, { content, description, headers }]) =>
        [
          `${format} ${status} → ${description}`,
          `headers ${Object.keys(headers ?? {}).join(" ")}`,
          JSON.stringify(content)
        ].join("; ")
    )
  })
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/gateway-schemas.txt")
})

it.effect("is in Venice's shape where no format is given", () =>
  Effect.gen(function*() {
    const error = new Errors.ModelOffline()
    const responses = [
      Gateway.toResponse(error),
      yield* Gateway.respond()(Effect.as(Effect.fail(error), HttpServerResponse.empty()))
    ]
    const [declared] = Gateway.errors("GET /models")

    for (const response of responses) {
      assert.deepStrictEqual(yield* read(response), { error: error.message, code: "MODEL_OFFLINE" })
    }
    assert.deepInclude(yield* Schema.encodeEffect(declared!)(new Errors.InvalidRequest() as never), {
      body: { error: "Invalid request parameters", code: "INVALID_REQUEST" }
    })
  }))

describe("a stream for a user", () => {
  const textOf = (events: Stream.Stream<Schema.Json, Failure.Failure>) =>
    Gateway.streamed(events).pipe(
      Effect.flatMap((response) => Effect.promise(() => HttpServerResponse.toWeb(response).text())),
      Effect.scoped
    )

  it.effect("has its events and its end", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* textOf(Stream.make(1, { a: "b" })),
        "data: 1\n\ndata: {\"a\":\"b\"}\n\ndata: [DONE]\n\n"
      )
      assert.strictEqual(yield* textOf(Stream.empty), "data: [DONE]\n\n")
    }))

  it.effect("ends with a failure that comes later", () =>
    Effect.gen(function*() {
      const text = yield* textOf(
        Stream.concat(Stream.make(1), Stream.fail(new Errors.ModelOffline({ message: "off" })))
      )
      const [first, failure, end] = text.split("\n\n")

      assert.deepStrictEqual([first, end], ["data: 1", "data: [DONE]"])
      assert.include(failure, "\"message\":\"off\"")
    }))

  it.effect("fails with a failure before its first event", () =>
    Effect.gen(function*() {
      const error = new Errors.ModelOffline()

      assert.strictEqual(yield* Effect.flip(textOf(Stream.fail(error))), error)
    }))

  it.effect("has the services of its handler", () =>
    Effect.gen(function*() {
      class Word extends Context.Service<Word, string>()("test/Word") {}
      const events = Stream.make(1, 2).pipe(Stream.mapEffect((n) => Effect.map(Word, (word) => `${word} ${n}`)))
      const response = yield* Gateway.streamed(events).pipe(Effect.provideService(Word, "event"))

      assert.include(
        yield* Effect.promise(() => HttpServerResponse.toWeb(response).text()),
        "data: \"event 2\"\n\n"
      )
    }).pipe(Effect.scoped))

  it.effect("is of the type of events", () =>
    Effect.gen(function*() {
      const { headers, status } = yield* Effect.scoped(Gateway.streamed(Stream.make(1)))

      assert.deepInclude({ status, type: headers["content-type"] }, { status: 200, type: "text/event-stream" })
    }))
})

it.effect("an endpoint of several operations names none in its errors", () =>
  Effect.gen(function*() {
    const [single] = Gateway.errors("GET /models")
    const [several] = Gateway.errors(["GET /models", "POST /embeddings"])
    const decode = (schema: Schema.Codec<unknown, unknown>) =>
      Schema.decodeUnknownEffect(schema)({
        body: { error: "no", code: "INVALID_REQUEST" },
        headers: {}
      }) as Effect.Effect<VeniceError.VeniceError, unknown>

    assert.strictEqual((yield* decode(single!)).response.operation, "GET /models")
    assert.isUndefined((yield* decode(several!)).response.operation)
  }))
