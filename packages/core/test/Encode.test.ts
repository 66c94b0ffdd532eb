import { Decode, Encode, Errors, ResponseContext, Retry, VeniceError } from "@effect-venice/core"
import { Arbitraries, Fixtures } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Record, Schema, Struct } from "effect"

const now = Date.UTC(2026, 0, 1)

const formats: ReadonlyArray<Encode.Format> = ["venice", "openai", "anthropic", "problem"]

const receive = (encoded: Encode.Encoded, operation?: string): VeniceError.VeniceError =>
  Decode.response({ ...encoded, body: JSON.stringify(encoded.body), operation, now })

const trip = (error: VeniceError.VeniceError, format: Encode.Format): VeniceError.VeniceError =>
  receive(Encode.response(error, format), error.response.operation)

/** The error as JSON, without the parts that describe the response it was decoded from. */
const essence = (error: VeniceError.VeniceError) => {
  const { matchedBy: _, attempts: __, response, ...rest } = JSON.parse(JSON.stringify(error))
  const { body: _b, bodyTruncated: _t, contentType: _c, delivered: _d, shouldRetry: _s, relay: _r, ...kept } = response
  return { ...rest, category: error.category, response: kept }
}

const assertSame = (actual: VeniceError.VeniceError, expected: VeniceError.VeniceError) => {
  assert.strictEqual(actual.constructor, expected.constructor)
  assert.deepStrictEqual(essence(actual), essence(expected))
}

/** Whether a header can have this value on the wire. */
const canBeSent = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

describe.each(formats)("an error in the format %s", (format) => {
  it.each(Fixtures.all.filter(({ status }) => status >= 400))("comes back as itself: $id", (fixture) => {
    const error = Fixtures.decode(fixture)

    assertSame(trip(error, format), error)
  })

  it.effect.prop(
    "comes back as itself, whatever response it was decoded from",
    [Arbitraries.anyResponse],
    ([received]) =>
      Effect.sync(() => {
        const headers = Record.filter(received.headers, canBeSent)
        const error = Decode.response({ ...received, headers, now })
        const status = Encode.status(error)

        assertSame(trip(error, format), status === received.status ? error : withStatus(error, status))
      }),
    { arbitrary: { runs: 1000 } }
  )

  it.effect.prop(
    "comes back as itself, whatever Venice answered",
    [Arbitraries.response],
    ([received]) =>
      Effect.sync(() => {
        const error = Decode.response({ ...received, now })

        assertSame(trip(error, format), error)
      }),
    { arbitrary: { runs: 2000 } }
  )

  it.effect.prop(
    "keeps its class and category however it was made, and changes no further",
    [Arbitraries.error],
    ([error]) =>
      Effect.sync(() => {
        const once = trip(error, format)
        const twice = trip(once, format)

        assert.strictEqual(once.constructor, error.constructor)
        assert.strictEqual(once.category, error.category)
        assert.deepStrictEqual(essence(twice), essence(once))
      }),
    { arbitrary: { runs: 1000 } }
  )

  it("has the code, the hint and the request id of any error", () => {
    for (const Class of VeniceError.byCode.values()) {
      const error = VeniceError.fromCode(Class.code)
      const { body, headers, status } = Encode.response(
        Object.assign(error, {
          response: { status: error.status, requestId: "r-1", retryAfter: Duration.seconds(7) }
        }),
        format
      )

      assert.strictEqual(body.code, Class.code)
      assert.strictEqual(body.request_id, "r-1")
      assert.strictEqual(headers["x-request-id"], "r-1")
      assert.strictEqual(headers["retry-after"], "7")
      assert.strictEqual(status, error.status)
    }
  })

  it("redacts credentials", () => {
    const key = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"
    const error = new Errors.ConsentRequired({
      message: `Bearer ${key}`,
      consent: { authorization: key, note: `the key ${key}` },
      response: { status: 409, requestId: key, deprecation: { warning: key } }
    })

    assert.notInclude(JSON.stringify(Encode.response(error, format)), key)
  })
})

// Responses without a failing status are sent with one.
const withStatus = (error: VeniceError.VeniceError, status: number): VeniceError.VeniceError =>
  Schema.decodeUnknownSync(VeniceError.VeniceError)({
    ...JSON.parse(JSON.stringify(error)),
    response: { ...JSON.parse(JSON.stringify(error)).response, status }
  })

describe("the headers", () => {
  it("round the hint up to seconds, and have it in milliseconds too", () => {
    const error = new Errors.ModelOffline({ response: { status: 503, retryAfter: Duration.millis(1500) } })
    const encoded = Encode.response(error)

    assert.strictEqual(encoded.headers["retry-after"], "2")
    assert.strictEqual(encoded.headers["retry-after-ms"], "1500")
    assert.strictEqual(Duration.toMillis(receive(encoded).response.retryAfter!), 1500)
  })

  it("omit values that a header cannot have", () => {
    const headers = Encode.headers(
      new Errors.Gone({
        successor: "/a>; rel=\"b\"\r\nset-cookie: x",
        response: { status: 410, requestId: "a\r\nb", rayId: "ok", deprecation: { warning: "\u2028" } }
      })
    )

    assert.deepStrictEqual(headers, { "cf-ray": "ok" })
  })

  it("have the successor of a retired route", () => {
    const error = new Errors.Gone({
      successor: "/api/v1/billing/usage-history",
      sunset: DateTime.makeUnsafe("2026-09-16T00:00:00Z"),
      deprecated: DateTime.makeUnsafe("2026-07-09T00:00:00Z")
    })

    assert.deepStrictEqual(Encode.headers(error), {
      link: "</api/v1/billing/usage-history>; rel=\"successor-version\"",
      sunset: "Wed, 16 Sep 2026 00:00:00 GMT",
      deprecation: "@1783555200"
    })
  })

  it("keep the relation of a successor of any length", () => {
    const successor = (length: number) => {
      const encoded = Encode.response(new Errors.Gone({ successor: `/${"x".repeat(length - 1)}` }))
      const error = receive(encoded)
      return error._tag === "GONE" ? error.successor?.length : undefined
    }

    assert.strictEqual(successor(1000), 1000)
    assert.strictEqual(successor(1001), 1000)
  })

  it("omit a successor that is a credential", () => {
    const headers = Encode.headers(new Errors.Gone({ successor: `sk-${"aB1".repeat(8)}` }))

    assert.deepStrictEqual(headers, {})
  })

  it("omit an offer that is too long for a server", () => {
    const accepts = Array.from({ length: 50 }, (_, i) => ({ network: `eip155:${i}`, payTo: "0x".padEnd(42, "0") }))
    const error = new Errors.PaymentRequired({ reason: "insufficient_balance", offer: { accepts } })
    const encoded = Encode.response(error)

    assert.isUndefined(encoded.headers["payment-required"])
    assertSame(receive(encoded), error)
  })
})

describe("the status", () => {
  it.each<[VeniceError.VeniceError, number]>([
    [new Errors.InvalidContentType({ response: { status: 400 } }), 400],
    [new Errors.ContentPolicyViolation({ response: { status: 200 } }), 422],
    [new Errors.UnrecognizedResponse({ category: "Server", response: { status: 0 } }), 502],
    [new Errors.UnrecognizedResponse({ category: "InvalidRequest", response: { status: 302 } }), 502],
    [new Errors.UnrecognizedResponse({ category: "Server", response: { status: 999 } }), 502],
    [new Errors.UnrecognizedResponse({ category: "Server", response: { status: 520 } }), 520]
  ])("of %s is %d", (error, status) => {
    assert.strictEqual(Encode.status(error), status)
    assert.strictEqual(Encode.response(error, "problem").body.status, status)
  })
})

it("keeps a budget of failures that is below zero", () => {
  const headers = { "x-venice-is-content-violation": "true", "x-ratelimit-remaining": "-1" }
  const error = Decode.response({ status: 200, headers, body: "{}", now })

  assert.strictEqual(error.response.rateLimit?.failures?.remaining, 0)
  assert.strictEqual(trip(error, "venice").response.rateLimit?.failures?.remaining, 0)
})

describe("OpenAI's format", () => {
  it.each<[VeniceError.VeniceError, object]>([
    [new Errors.AuthenticationFailed(), { type: "invalid_request_error", code: "invalid_api_key" }],
    [new Errors.InsufficientBalance(), { type: "insufficient_quota", code: "insufficient_quota" }],
    [new Errors.RateLimitExceeded({ limit: "tokens" }), { type: "tokens", code: "rate_limit_exceeded" }],
    [new Errors.TooManyTokens(), {
      type: "invalid_request_error",
      code: "context_length_exceeded",
      param: "messages"
    }],
    [new Errors.ModelNotFound(), { type: "invalid_request_error", code: "model_not_found" }],
    [new Errors.InferenceFailed(), { type: "server_error", code: "inference_failed" }]
  ])("names %s as OpenAI does", (error, expected) => {
    assert.deepInclude(Encode.response(error, "openai").body.error, {
      message: error.message,
      param: null,
      ...expected
    })
  })

  it("has a word of its own for every code", () => {
    const words = [...VeniceError.byCode.keys()].map((code) =>
      (Encode.response(VeniceError.fromCode(code as VeniceError.Code), "openai").body.error as { code: string }).code
    )

    assert.strictEqual(new Set(words).size, words.length)
  })

  it("names the first field of a rejected request", () => {
    const error = Decode.response({
      status: 400,
      body: "{\"issues\":[{\"path\":[\"messages\",0,\"role\"],\"message\":\"Required\"}]}",
      now
    })

    assert.deepInclude(Encode.response(error, "openai").body.error, { param: "messages.0.role" })
  })
})

describe("the inner object of OpenAI's format", () => {
  const headerOnly = ["rayId", "rateLimit", "balance", "deprecation", "relay"] as const

  const kept = (error: VeniceError.VeniceError) => {
    const { response, ...rest } = essence(error)
    return { ...rest, response: Struct.omit(response, headerOnly) }
  }

  const innerOf = (error: VeniceError.VeniceError) => Encode.response(error, "openai").body.error as Schema.JsonObject

  const alone = (json: Schema.Json, more: Partial<Decode.Input> = {}) =>
    Decode.response({ status: 0, body: JSON.stringify(json), now, ...more })

  it.effect.prop("is the error on its own", [Arbitraries.response], ([received]) =>
    Effect.sync(() => {
      const error = Decode.response({ ...received, now })

      assert.deepStrictEqual(kept(alone({ error: innerOf(error) })), kept(error))
    }), { arbitrary: { runs: 1000 } })

  it("is the error also where a client keeps four members of it", () => {
    for (const code of VeniceError.byCode.keys()) {
      const error = VeniceError.fromCode(code as VeniceError.Code)
      const inner = innerOf(error)
      const received = alone({ error: { message: inner.message!, type: inner.type!, param: inner } })

      assert.deepStrictEqual(kept(received), kept(error))
    }
  })

  it("has the fields that a response has in its headers", () => {
    const error = new Errors.Gone({ successor: "/b", sunset: DateTime.makeUnsafe("2026-09-16T00:00:00.5Z") })

    assert.deepStrictEqual(kept(alone({ error: innerOf(error) })), kept(error))
  })

  it.each([[1000, 1000], [1001, 1000]])("has a successor of %d characters up to %d", (length, kept) => {
    const error = alone({ error: { venice_code: "GONE", message: "m" }, successor: "s".repeat(length) })

    assert.strictEqual(error._tag === "GONE" && error.successor, "s".repeat(kept))
  })

  it("has the status and the operation of the response", () => {
    const error = new Errors.InvalidContentType({ response: { status: 400, operation: "POST /chat/completions" } })
    const { response } = alone({ error: innerOf(error) })

    assert.strictEqual(response.status, 400)
    assert.strictEqual(response.operation, "POST /chat/completions")
  })

  it("is the error with what a proxy adds around it", () => {
    const error = innerOf(new Errors.ModelOffline())
    const { response } = alone({ error, request_id: "of the proxy", retry_after: 3 })

    assert.strictEqual(response.requestId, "of the proxy")
    assert.deepStrictEqual(response.retryAfter, Duration.seconds(3))
  })

  it("does not replace what the caller knows of the response", () => {
    const inner = innerOf(new Errors.ModelOffline({ response: { status: 429, operation: "GET /models" } }))
    const known = alone({ error: inner }, { status: 500, operation: "POST /video/queue" })
    const unnamed = alone({ error: inner }, { status: 500 })
    const named = alone({ error: inner }, { operation: "POST /video/queue" })

    assert.deepInclude(known.response, { status: 500, operation: "POST /video/queue" })
    assert.isFalse(Retry.isRepeatable(known))
    assert.isUndefined(unnamed.response.operation)
    assert.deepInclude(named.response, { status: 429, operation: "POST /video/queue" })
  })

  it.each([{ venice_status: "429" }, { venice_status: 99 }, { venice_status: 600 }, { venice_status: 4.5 }])(
    "has no status from %o",
    (members) => {
      const { response } = alone({ error: { message: "m", venice_code: "GONE", ...members, operation: 1 } })

      assert.strictEqual(response.status, 0)
      assert.isUndefined(response.operation)
    }
  )

  it.each([[99, 99], [100, 100], [101, 100]])(
    "has a code of another vendor of %i characters up to %i",
    (length, kept) => {
      const error = alone({
        error: { venice_code: "UNRECOGNIZED_RESPONSE", message: "m" },
        upstream_code: "u".repeat(length)
      })

      assert.strictEqual(error._tag === "UNRECOGNIZED_RESPONSE" && error.code, "u".repeat(kept))
    }
  )

  it("has the status zero in its message if it has no other", () => {
    assert.strictEqual(alone({ venice_code: "UNRECOGNIZED_RESPONSE" }).message, "HTTP 0 with an unknown JSON body")
  })
})

describe("Anthropic's format", () => {
  it.each<[VeniceError.VeniceError, string]>([
    [new Errors.AuthenticationFailed(), "authentication_error"],
    [new Errors.ProOnlyModel(), "permission_error"],
    [new Errors.InsufficientBalance(), "billing_error"],
    [new Errors.ModelNotFound(), "not_found_error"],
    [new Errors.PayloadTooLarge(), "request_too_large"],
    [new Errors.InvalidRequest(), "invalid_request_error"],
    [new Errors.RateLimitExceeded(), "rate_limit_error"],
    [new Errors.ModelOverloaded(), "overloaded_error"],
    [new Errors.InferenceFailed(), "api_error"],
    [new Errors.RequestTimeout(), "timeout_error"]
  ])("names %s as Anthropic does", (error, type) => {
    const { body, headers } = Encode.response(
      Object.assign(error, { response: { ...error.response, requestId: "r" } }),
      "anthropic"
    )

    assert.strictEqual(body.type, "error")
    assert.deepStrictEqual(body.error, {
      type,
      message: error.message,
      details: { error_code: error._tag.toLowerCase() }
    })
    assert.strictEqual(body.request_id, "r")
    assert.strictEqual(headers["request-id"], "r")
  })
})

describe("a repeat", () => {
  const advice = (error: VeniceError.VeniceError) => Encode.response(error).headers["x-should-retry"]

  const answered = (status: number, operation: string) => ({ response: { status, operation } })

  it("is advised against if it cannot help, or may be charged or done twice", () => {
    assert.strictEqual(advice(new Errors.ConsentRequired()), "false")
    assert.strictEqual(advice(new Errors.InsufficientBalance({ response: { status: 429 } })), "false")
    assert.strictEqual(advice(new Errors.InferenceFailed(answered(500, "POST /video/queue"))), "false")
    assert.strictEqual(advice(new Errors.ModelOffline({ response: { status: 200, delivered: 3 } })), "false")
  })

  it("is left to the client for other errors", () => {
    assert.isUndefined(advice(new Errors.ModelOverloaded()))
    assert.isUndefined(advice(new Errors.ModelOffline(answered(503, "POST /video/queue"))))
    assert.isUndefined(advice(new Errors.InferenceFailed(answered(500, "POST /chat/completions"))))
  })

  it("is not made by a policy of the client", () => {
    const received = trip(new Errors.InferenceFailed(answered(500, "POST /video/queue")), "openai")

    assert.isFalse(received.response.shouldRetry)
    assert.isUndefined(Retry.kindOf(received))
    assert.isTrue(Retry.isRepeatable(trip(new Errors.ModelOffline(), "openai")))
  })
})

describe("problem details", () => {
  it("have a type and a title for each code, and the message as detail", () => {
    const { body, headers } = Encode.response(
      new Errors.ModelNotFound({ message: "Specified model not found: x", model: "x" }),
      "problem"
    )

    assert.strictEqual(headers["content-type"], "application/problem+json")
    assert.deepStrictEqual(body, {
      type: Errors.ModelNotFound.docs,
      title: "Specified model not found",
      status: 404,
      detail: "Specified model not found: x",
      code: "MODEL_NOT_FOUND",
      model: "x"
    })
  })

  it("are decoded whatever their type is", () => {
    const { body, status } = Encode.response(new Errors.ModelNotFound({ model: "x" }), "problem")

    for (const type of ["https://docs.venice.ai/api-reference/error-codes#MODEL_NOT_FOUND", "about:blank", undefined]) {
      const error = Decode.response({ status, body: JSON.stringify({ ...body, type }), now })
      assert.deepStrictEqual([error._tag, error.matchedBy], ["MODEL_NOT_FOUND", "code"])
    }
  })

  it("of other servers are decoded too", () => {
    const error = Decode.response({ status: 404, body: "{\"title\":\"Not Found\",\"detail\":\"No such user\"}", now })

    assert.strictEqual(error._tag, "UNRECOGNIZED_RESPONSE")
    assert.strictEqual(error.message, "No such user")
  })
})

describe("an event", () => {
  it("decodes to the same error", () => {
    for (const Class of VeniceError.byCode.values()) {
      const error = VeniceError.fromCode(Class.code)
      const received = Decode.event(Encode.event(error), { status: 200, now })

      assert.strictEqual(received?.constructor, Class)
      assert.strictEqual(received?.message, error.message)
    }
  })

  it("has the name that the clients of its format expect", () => {
    const error = new Errors.ModelOffline()

    assert.strictEqual(Encode.serverSentEvent(error), `data: ${Encode.event(error)}\n\n`)
    assert.strictEqual(
      Encode.serverSentEvent(error, "anthropic"),
      `event: error\ndata: ${Encode.event(error, "anthropic")}\n\n`
    )
    assert.strictEqual(
      Decode.event(Encode.event(error, "anthropic"), { status: 200, now }, "error")?._tag,
      "MODEL_OFFLINE"
    )
  })

  it("has the hint", () => {
    const error = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.millis(1250) } })
    const received = Decode.event(Encode.event(error), { status: 200, now })

    assert.strictEqual(Duration.toMillis(received!.response.retryAfter!), 1250)
  })
})

it("keeps a message of the maximum length", () => {
  const error = new Errors.InvalidRequest({ message: "m".repeat(ResponseContext.maxMessageLength) })

  assert.strictEqual(trip(error, "venice").message, error.message)
})
