import { Decode, Errors, VeniceError } from "@effect-venice/core"
import { Fixtures, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, BigDecimal, DateTime, Duration, Effect, Schema } from "effect"

const textOf = (body: WireResponse.WireResponse["body"]): string =>
  typeof body === "string" ? body : body instanceof Uint8Array ? new TextDecoder().decode(body) : ""

const decode = ({ body, headers, status }: WireResponse.WireResponse): VeniceError.VeniceError =>
  Decode.response({ status, headers, body: textOf(body), now: 0 })

type Json = Readonly<Record<string, unknown>>

const ofCaller = new Set(["operation", "delivered", "contentType", "body", "bodyTruncated", "relay"])

/** What an error has that its response must have too. */
const given = (error: VeniceError.VeniceError): { readonly fields: Json; readonly response: Json } => {
  const { attempts: _, matchedBy: __, response, ...fields } = JSON.parse(JSON.stringify(error))
  return {
    fields,
    response: Object.fromEntries(Object.entries(response).filter(([name]) => !ofCaller.has(name)))
  }
}

const assertArrives = (error: VeniceError.VeniceError): void => {
  const expected = given(error)
  const arrived = given(decode(WireResponse.fromError(error)))
  // The decoder may derive more than was given, such as a hint from an exhausted budget.
  const only = (all: Json, names: Json) => Object.fromEntries(Object.keys(names).map((name) => [name, all[name]]))

  assert.deepStrictEqual(only(arrived.fields, expected.fields), expected.fields)
  assert.deepStrictEqual(only(arrived.response, expected.response), expected.response)
}

const word = Arbitrary.schema(Schema.String.check(Schema.isPattern(/^[a-z][a-z -]{0,30}[a-z]$/)))
const count = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })))
const id = Arbitrary.schema(Schema.String.check(Schema.isPattern(/^[a-z0-9]{4,20}$/)))

const budget = Arbitrary.map(
  Arbitrary.all([count, count, count]),
  ([limit, remaining, reset]) => ({ limit, remaining, resetAt: DateTime.makeUnsafe(1.8e12 + reset) })
)

const context = Arbitrary.map(
  Arbitrary.all([
    id,
    id,
    count,
    budget,
    budget,
    count,
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({
      minimum: 0,
      maximum: 255
    })))
  ]),
  ([requestId, rayId, millis, requests, tokens, usd, present]) => {
    const has = (bit: number) => (present & (1 << bit)) !== 0
    return {
      ...(has(0) && { requestId }),
      ...(has(1) && { rayId }),
      ...(has(2) && { retryAfter: Duration.millis(millis) }),
      ...(has(3) &&
        {
          rateLimit: {
            requests,
            ...(has(4) && { tokens }),
            ...(has(5) && { failures: { remaining: requests.remaining, resetAt: requests.resetAt } })
          }
        }),
      ...(has(6) && { balance: { usd: BigDecimal.fromNumberUnsafe(usd / 100) } }),
      ...(has(7) && { shouldRetry: false as const })
    }
  }
)

/** The fields that a row declares, drawn at random and present at random. */
const fieldsOf = (Class: VeniceError.VeniceErrorClass, [a, b, n, bits]: readonly [string, string, number, number]) => {
  const values: Readonly<Record<string, unknown>> = {
    inputTokens: n,
    maxTokens: n + 1,
    model: a,
    suggestions: [a, b],
    creditsRefunded: n % 2 === 0,
    recommendedModel: b,
    suggestedPrompt: a,
    hint: b,
    limit: (["requests", "tokens", "concurrency", "failures"] as const)[n % 4],
    currentBalanceUsd: n / 100,
    minimumBalanceUsd: 0.1,
    suggestedTopUpUsd: 20,
    minimumTopUpUsd: 7,
    supportedTokens: [a],
    supportedChains: [b],
    consentFlow: a,
    faceMediaRoles: [b],
    consent: { provider: a },
    docsUrl: `https://docs.example/${n}`,
    successor: `/api/v1/${n}`
  }
  const names = Object.keys(Class["~row"].fields ?? {}).filter((name) => values[name] !== undefined)
  return Object.fromEntries(names.filter((_, i) => (bits & (1 << i)) !== 0).map((name) => [name, values[name]]))
}

const anyError: Arbitrary.Arbitrary<VeniceError.VeniceError> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(
      Schema.Literals(Array.from(VeniceError.byCode.keys()).filter((code) => code !== "UNRECOGNIZED_RESPONSE"))
    ),
    Arbitrary.schema(Schema.Boolean),
    word,
    context,
    Arbitrary.all([id, id, count, Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 511 })))])
  ]),
  ([code, isDocumented, message, response, parts]) => {
    const Class = VeniceError.byCode.get(code)! as unknown as {
      new(fields: unknown): VeniceError.VeniceError
      readonly status: number
      readonly defaultMessage: string
    }
    return new Class({
      ...fieldsOf(VeniceError.byCode.get(code)!, parts),
      message: isDocumented ? Class.defaultMessage : message,
      response: { status: Class.status, ...response }
    })
  }
)

describe("WireResponse.fromError", () => {
  it.effect.prop(
    "sends every error so that it arrives field by field",
    [anyError],
    ([error]) => Effect.sync(() => assertArrives(error)),
    { arbitrary: { runs: 600 } }
  )

  it.each(Fixtures.errors)("sends the example of $_tag so that it arrives field by field", (error) => {
    assertArrives(error)
  })

  it.each(Array.from(VeniceError.byCode.keys()).filter((code) => VeniceError.isCode(code)))(
    "sends %s with a status of its own",
    (code) => {
      for (const status of [200, 400, 418, 429, 500, 529]) {
        assertArrives(Object.assign(VeniceError.fromCode(code), { response: { status } }))
      }
    }
  )

  it.each([
    ["only the message, as Venice does", new Errors.ModelOffline(), {
      error: "The model is temporarily offline. Please try again later."
    }],
    [
      "what the message says without repeating it",
      new Errors.ModelNotFound({
        message: "Specified model not found: lama. Did you mean: a, b?",
        model: "lama",
        suggestions: ["a", "b"]
      }),
      { error: "Specified model not found: lama. Did you mean: a, b?" }
    ],
    ["the fields that the message does not say", new Errors.ModelNotFound({ model: "lama" }), {
      error: "Specified model not found",
      model: "lama"
    }],
    [
      "the code of a message that Venice never sends",
      new Errors.ModelOffline({ message: "On holiday" }),
      { error: "On holiday", code: "MODEL_OFFLINE" }
    ],
    ["no code where the status says the error", new Errors.RequestTimeout({ message: "Too slow" }), {
      error: "Too slow"
    }],
    ["OpenAI's object for an overflow, with its limit", new Errors.TooManyTokens({ maxTokens: 32 }), {
      error: {
        message: Errors.TooManyTokens.defaultMessage,
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
        max_tokens: 32
      }
    }],
    [
      "an overflow in a provider's words as that provider's",
      new Errors.TooManyTokens({
        message: "The input (35034 tokens) is longer than the model's context length (32768 tokens).",
        inputTokens: 35_034,
        maxTokens: 32_768
      }),
      { error: "The input (35034 tokens) is longer than the model's context length (32768 tokens)." }
    ],
    [
      "an unknown code beside the message",
      new Errors.Unauthorized({ response: { status: 403, upstreamCode: "MODEL_PRIVACY_RESTRICTED" } }),
      { error: "Unauthorized access", code: "MODEL_PRIVACY_RESTRICTED" }
    ]
  ])("writes %s", (_, error, body) => {
    assert.deepStrictEqual(JSON.parse(textOf(WireResponse.fromError(error).body)), body)
  })

  it("exhausts the budget that a rate limit names", () => {
    const { headers } = WireResponse.fromError(new Errors.RateLimitExceeded({ limit: "tokens" }))

    assert.strictEqual(headers["x-ratelimit-remaining-tokens"], "0")
  })

  it("counts the answer itself into the failure budget", () => {
    const error = new Errors.InvalidModel({ response: { status: 400, rateLimit: { failures: { remaining: 3 } } } })

    assert.strictEqual(WireResponse.fromError(error).headers["x-ratelimit-remaining"], "4")
  })

  it.each([
    [403, "<html><head><title>Blocked</title></head></html>", "Blocked"],
    [502, "no healthy upstream", "no healthy upstream"],
    [503, "", "HTTP 503 with an empty body"]
  ])("sends an unrecognized %i as it was", (status, body, message) => {
    const decoded = Decode.response({ status, body, now: 0 })
    const wire = WireResponse.fromError(decoded)

    assert.strictEqual(wire.body, body)
    assert.strictEqual(decode(wire).message, message)
  })

  it("sends an unrecognized error that was made by hand", () => {
    for (const code of [undefined, "SOMETHING_NEW"]) {
      assertArrives(
        new Errors.UnrecognizedResponse({
          category: "Upstream",
          message: "Failed to fetch",
          ...(code !== undefined && { code }),
          response: { status: 502 }
        })
      )
    }
  })
})

const overloaded = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(12) } })
const lockedOut = new Errors.RateLimitExceeded({ message: "Rate limit exceeded", limit: "failures" })
const invalid = Fixtures.error("INVALID_REQUEST")
const { forms } = WireResponse

describe("WireResponse.forms", () => {
  it.each(
    [
      ["venice", overloaded, "MODEL_OVERLOADED", "message"],
      ["messageOnly", overloaded, "MODEL_OVERLOADED", "message"],
      ["customMessage", lockedOut, "RATE_LIMIT_EXCEEDED", "message"],
      ["openAi", overloaded, "MODEL_OVERLOADED", "code"],
      ["discovery", new Errors.PaymentRequired({ message: "Authentication required" }), "PAYMENT_REQUIRED", "message"],
      ["bareCode", overloaded, "MODEL_OVERLOADED", "code"],
      ["unknownCode", overloaded, "MODEL_OVERLOADED", "message"],
      ["zodOnly", invalid, "INVALID_REQUEST", "shape"],
      ["cloudflare", new Errors.Unauthorized(), "UNRECOGNIZED_RESPONSE", "none"],
      ["cloudflare", new Errors.RequestTimeout(), "REQUEST_TIMEOUT", "status"],
      ["openRouter", overloaded, "MODEL_OVERLOADED", "message"],
      ["liteLlm", overloaded, "MODEL_OVERLOADED", "message"],
      ["doubleEncoded", overloaded, "MODEL_OVERLOADED", "message"],
      ["truncated", overloaded, "RATE_LIMIT_EXCEEDED", "status"],
      ["empty", new Errors.ModelOffline(), "UNRECOGNIZED_RESPONSE", "none"],
      ["eventStream", overloaded, "MODEL_OVERLOADED", "code"],
      ["insideStream", overloaded, "MODEL_OVERLOADED", "code"],
      ["failedResponse", overloaded, "MODEL_OVERLOADED", "code"],
      ["blockedImage", new Errors.ContentPolicyViolation(), "CONTENT_POLICY_VIOLATION", "shape"]
    ] as const
  )("%s of %o decodes to %s by %s", (form, error, code, matchedBy) => {
    const arrived = decode(forms[form](error))

    assert.strictEqual(arrived._tag, code)
    assert.strictEqual(arrived.matchedBy, matchedBy)
  })

  it("keeps the hint in every form that has its headers or its event", () => {
    for (
      const form of [
        "openAi",
        "openRouter",
        "liteLlm",
        "doubleEncoded",
        "truncated",
        "eventStream",
        "insideStream"
      ] as const
    ) {
      assert.deepStrictEqual(decode(forms[form](overloaded)).response.retryAfter, Duration.seconds(12), form)
    }
  })

  it("names the lockout in customMessage, and its wait", () => {
    const error = decode(forms.customMessage(lockedOut))

    assert.strictEqual(error.message, "Rate limit exceeded")
    assert.strictEqual(error._tag === "RATE_LIMIT_EXCEEDED" && error.limit, "failures")
    assert.deepStrictEqual(error.response.retryAfter, Duration.seconds(30))
  })

  it("names the relay", () => {
    assert.strictEqual(decode(forms.openRouter(overloaded)).response.relay, "OpenRouter")
    assert.strictEqual(decode(forms.liteLlm(overloaded)).response.relay, "LiteLLM")
    assert.strictEqual(decode(forms.doubleEncoded(overloaded)).response.relay, "unknown")
  })

  it("offers payment in the discovery body and its header", () => {
    const { body, headers, status } = forms.discovery(new Errors.PaymentRequired())
    const error = decode({ body, headers, status })

    assert.strictEqual(status, 402)
    assert.strictEqual(error._tag === "PAYMENT_REQUIRED" && error.reason, "authentication")
    assert.strictEqual(error._tag === "PAYMENT_REQUIRED" && error.offer?.accepts.length, 2)
    assert.isString(headers["payment-required"])
  })

  it("keeps an unknown code readable", () => {
    assert.strictEqual(decode(forms.unknownCode(overloaded)).response.upstreamCode, "SOMETHING_NEW")
  })

  it("has no error member in the Zod-only form", () => {
    const body = JSON.parse(textOf(forms.zodOnly(invalid).body))

    assert.deepStrictEqual(Object.keys(body).sort(), ["details", "issues"])
  })

  it.each(Fixtures.errors)("makes a response of $_tag in every form", (error) => {
    for (const make of Object.values(forms)) {
      const { body, status } = make(error)

      assert.isTrue(status === 200 || status >= 400)
      assert.isTrue(typeof body === "string" || body instanceof Uint8Array)
    }
  })
})
