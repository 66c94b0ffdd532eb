import { Decode, Errors, ResponseContext, VeniceError } from "@effect-venice/core"
import { Arbitraries, Fixtures, Laws } from "@effect-venice/testing"
import { assert, describe, it, vi } from "@effect/vitest"
import { DateTime, Effect, Equal, Schema } from "effect"
import { inspect } from "node:util"
import { codes } from "./fixtures/read.ts"
import { isTotal, millis } from "./totality.ts"

const now = Date.UTC(2026, 0, 1)

const decode = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Decode.response({ status, headers, body: typeof body === "string" ? body : JSON.stringify(body), now })

const recognition = (status: number, body: unknown, headers?: Record<string, string>) => {
  const { _tag, matchedBy } = decode(status, body, headers)
  return `${_tag} by ${matchedBy}`
}

/** Narrows to a class, or fails the test. */
const expectError = <Tag extends VeniceError.Code>(
  error: VeniceError.VeniceError,
  tag: Tag
): Extract<VeniceError.VeniceError, { readonly _tag: Tag }> => {
  assert.strictEqual(error._tag, tag)
  return error as Extract<VeniceError.VeniceError, { readonly _tag: Tag }>
}

describe("recorded and documented responses", () => {
  it.each(Fixtures.all)("$id is $code", (fixture) => {
    const { body, category, code, operation, retryAfterMillis, status } = fixture
    const error = Fixtures.decode(fixture)

    assert.strictEqual(error._tag, code)
    assert.strictEqual(error.category, category)
    assert.strictEqual(millis(error), retryAfterMillis)
    assert.strictEqual(error.response.status, status)
    assert.strictEqual(error.response.operation, operation)
    assert.strictEqual(error.response.body, body === "" ? undefined : body)
  })

  it.each(codes)("the message of $code identifies it", ({ code, message, status }) => {
    const error = decode(status, { error: message })

    assert.strictEqual(error._tag, code)
    assert.strictEqual(error.matchedBy, "message")
    assert.strictEqual(error.message, message)
    assert.strictEqual(decode(status, { error: { message } })._tag, code)
    assert.strictEqual(decode(status, { error: message.toUpperCase() })._tag, code)
    assert.strictEqual(decode(status, { error: message.replace(/\.$/, "") })._tag, code)
  })

  it.each(codes)("the code $code wins over the message and the status", ({ code }) => {
    const error = { error: "Rate limit exceeded" }

    assert.strictEqual(recognition(400, { ...error, code }), `${code} by code`)
    assert.strictEqual(
      recognition(599, { error: { ...error, message: "Rate limit exceeded", code } }),
      `${code} by code`
    )
    assert.strictEqual(recognition(429, { error: code }), `${code} by code`)
  })
})

describe("machine codes", () => {
  it.each<[unknown, number, string]>([
    [{ error: { message: "any", code: "context_length_exceeded" } }, 400, "TOO_MANY_TOKENS"],
    [{ error: { code: "needs_consent", message: "any" } }, 409, "CONSENT_REQUIRED"],
    [{ error: "any", code: "X402_SIGN_IN_EXPIRED" }, 401, "X402_INVALID_SIGN_IN"],
    [{ error: "any", code: "X402_CONCURRENCY_LIMIT" }, 429, "RATE_LIMIT_EXCEEDED"],
    [{ error: "Payment required", code: "PAYMENT_REQUIRED" }, 402, "PAYMENT_REQUIRED"],
    [{ error: "PAYMENT_REQUIRED", message: "any" }, 402, "PAYMENT_REQUIRED"],
    [{ error: { message: "any", type: "provider_content_policy" } }, 422, "CONTENT_POLICY_VIOLATION"],
    [{ error: "any", context: { errorCode: "CORRUPTED_IMAGE" } }, 400, "CORRUPTED_IMAGE"],
    [{ error: { message: "any", code: "insufficient_quota" } }, 429, "INSUFFICIENT_BALANCE"],
    [{ error: { message: "any", code: "model_not_found" } }, 404, "MODEL_NOT_FOUND"]
  ])("%j under %i is %s", (body, status, tag) => {
    assert.strictEqual(recognition(status, body), `${tag} by code`)
  })

  it("does not match in lower case under another status", () => {
    assert.strictEqual(
      recognition(401, { error: { message: "any", code: "unauthorized" } }),
      "AUTHENTICATION_FAILED by shape"
    )
  })

  it.each<[unknown, number, string]>([
    [{ error: { message: "CONTENT_POLICY_VIOLATION" } }, 422, "CONTENT_POLICY_VIOLATION"],
    [{ message: "CONTENT_POLICY_VIOLATION" }, 422, "CONTENT_POLICY_VIOLATION"],
    [{ error: "content_policy_violation" }, 422, "CONTENT_POLICY_VIOLATION"],
    [{ error: "CONTENT_POLICY_VIOLATION." }, 422, "CONTENT_POLICY_VIOLATION"],
    [{ error: { message: "MODEL_OVERLOADED" } }, 429, "MODEL_OVERLOADED"],
    [{ error: { message: "any", code: "context_length_exceeded" }, code: "INVALID_MODEL" }, 400, "INVALID_MODEL"]
  ])("in the place of a message, and before others' names: %j under %i is %s", (body, status, tag) => {
    assert.strictEqual(recognition(status, body), `${tag} by code`)
  })

  it("keeps an unknown code", () => {
    const error = expectError(
      decode(409, { error: "PAYMENT_IN_PROGRESS", message: "Still settling" }),
      "UNRECOGNIZED_RESPONSE"
    )

    assert.strictEqual(error.code, "PAYMENT_IN_PROGRESS")
    assert.strictEqual(error.message, "Still settling")
    assert.strictEqual(error.category, "InvalidRequest")
  })

  it("does not read the code of a Zod issue as one", () => {
    assert.strictEqual(recognition(400, { issues: [{ code: "INVALID_MODEL", path: [] }] }), "INVALID_REQUEST by shape")
  })
})

describe("wordings", () => {
  it.each<[number, string, string]>([
    [401, "Authenticated failed", "AUTHENTICATION_FAILED"],
    [401, "Authentication failed - your plan has ended", "AUTHENTICATION_FAILED_INACTIVE_KEY"],
    [401, "Sign-in-with-X authentication failed", "X402_INVALID_SIGN_IN"],
    [402, "Insufficient USD or VCU balance to complete request", "INSUFFICIENT_BALANCE"],
    [402, "Insufficient USD or Diem balance to complete request. Top up.", "INSUFFICIENT_BALANCE"],
    [402, "Authentication required", "PAYMENT_REQUIRED"],
    [403, "API access has been disabled for this account.", "API_ACCESS_DISABLED"],
    [403, "You can only access transactions for your own wallet", "X402_WALLET_MISMATCH"],
    [400, "Invalid request parameters. For assistance, please reach out to support@venice.ai", "INVALID_REQUEST"],
    [400, "Invalid model id", "INVALID_MODEL"],
    [415, "Request encoding is not supported", "INVALID_CONTENT_TYPE"],
    [400, "The input (35034 tokens) is longer than the model's context length (32768 tokens).", "TOO_MANY_TOKENS"],
    [404, "Model old-one has been deprecated. Please use new-one.", "MODEL_NOT_FOUND"],
    [404, "Media could not be found. Request may be invalid, expired, or deleted.", "MEDIA_NOT_FOUND"],
    [413, "File size exceeds maximum limit", "PAYLOAD_TOO_LARGE"],
    [422, "Your input was blocked by content moderation.", "CONTENT_POLICY_VIOLATION"],
    [422, "Your generation was blocked due to the model provider\u2019s content policies.", "CONTENT_POLICY_VIOLATION"],
    [429, "Rate limit exceeded. Please try again later.", "RATE_LIMIT_EXCEEDED"],
    [429, "Insufficient USD or Diem balance to complete request", "INSUFFICIENT_BALANCE"],
    [500, "Inference failed", "INFERENCE_FAILED"],
    [
      504,
      "The request took too long to complete and was timed-out. For long-running inference requests, use the streaming API by setting stream=true in your request.",
      "REQUEST_TIMEOUT"
    ],
    [410, "GET /billing/usage was retired on 2026-09-16. Use GET /billing/usage-history.", "GONE"],
    [410, "The model llama-3.1-405b has been retired.", "GONE"],
    [410, "Model llama-3.3-70b is no longer available", "GONE"],
    [410, "/api/v1/x402/old.json has been retired", "GONE"],
    [410, "Download expired", "GONE"],
    [410, "Gone", "GONE"],
    [410, "Gone.", "GONE"],
    [404, "The requested model llama has been deprecated. Please use qwen.", "MODEL_NOT_FOUND"],
    [404, "This model has been deprecated. Please use qwen.", "MODEL_NOT_FOUND"],
    [403, `You can only access ${"x".repeat(500)} for your own wallet`, "X402_WALLET_MISMATCH"]
  ])("%i %s is %s", (status, message, tag) => {
    assert.strictEqual(recognition(status, { error: message }), `${tag} by message`)
    assert.strictEqual(recognition(status, { error: { message } }), `${tag} by message`)
  })

  it("do not match in the middle of a provider's text", () => {
    const prose = (text: string) => ({ error: `The provider said: ${text}` })

    assert.strictEqual(recognition(400, prose("Invalid model specified")), "INVALID_REQUEST by shape")
    assert.strictEqual(recognition(503, prose("The model is at capacity.")), "UNRECOGNIZED_RESPONSE by none")
    assert.strictEqual(recognition(429, prose("The model is currently overloaded.")), "RATE_LIMIT_EXCEEDED by status")
  })

  it("do not match under another status", () => {
    assert.strictEqual(recognition(503, { error: "Rate limit exceeded" }), "UNRECOGNIZED_RESPONSE by none")
    assert.strictEqual(recognition(400, { error: "Specified model not found" }), "INVALID_REQUEST by shape")
  })

  it("are looked for in the first 1024 characters of a message", () => {
    const beginning = (spaces: number) =>
      decode(429, { error: `${" ".repeat(spaces)}The model is currently overloaded` })

    assert.strictEqual(beginning(990)._tag, "MODEL_OVERLOADED")
    assert.strictEqual(beginning(1024)._tag, "RATE_LIMIT_EXCEEDED")
  })

  it("end where a word ends", () => {
    assert.strictEqual(recognition(400, { error: "Invalid model identifier" }), "INVALID_REQUEST by shape")
    assert.strictEqual(recognition(400, { error: "Invalid model id: x" }), "INVALID_MODEL by message")
  })
})

describe("without a code", () => {
  it.each<[number, string, string]>([
    [400, "INVALID_REQUEST by shape", "UNRECOGNIZED_RESPONSE by none"],
    [401, "AUTHENTICATION_FAILED by shape", "UNRECOGNIZED_RESPONSE by none"],
    [402, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [403, "UNAUTHORIZED by shape", "UNRECOGNIZED_RESPONSE by none"],
    [404, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [409, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [410, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [413, "PAYLOAD_TOO_LARGE by status", "PAYLOAD_TOO_LARGE by status"],
    [415, "INVALID_CONTENT_TYPE by status", "INVALID_CONTENT_TYPE by status"],
    [422, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [429, "RATE_LIMIT_EXCEEDED by status", "RATE_LIMIT_EXCEEDED by status"],
    [500, "UNKNOWN_ERROR by shape", "UNRECOGNIZED_RESPONSE by none"],
    [502, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [503, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"],
    [504, "REQUEST_TIMEOUT by status", "REQUEST_TIMEOUT by status"],
    [520, "UNRECOGNIZED_RESPONSE by none", "UNRECOGNIZED_RESPONSE by none"]
  ])("%i is %s in Venice's shape, else %s", (status, shaped, other) => {
    for (const body of [{ error: "words" }, { message: "words" }, { details: {} }, { issues: [] }]) {
      assert.strictEqual(recognition(status, body), shaped)
    }
    for (const body of ["", "words", "<html>", "[]", "{}", "null", "{\"error\":", "\"Rate limit exceeded\""]) {
      assert.strictEqual(recognition(status, body), other)
    }
  })

  it.each<[number, string]>([
    [402, "Billing"],
    [404, "NotFound"],
    [410, "NotFound"],
    [408, "Timeout"],
    [409, "InvalidRequest"],
    [418, "InvalidRequest"],
    [422, "InvalidRequest"],
    [425, "Timeout"],
    [502, "Upstream"],
    [503, "Capacity"],
    [524, "Timeout"],
    [525, "Server"],
    [529, "Capacity"],
    [501, "Server"],
    [999, "Server"],
    [302, "InvalidRequest"]
  ])("%i is in category %s", (status, category) => {
    assert.strictEqual(decode(status, "").category, category)
  })

  it("describes a body without a message", () => {
    assert.strictEqual(decode(400, "").message, "HTTP 400 with an empty body")
    assert.strictEqual(decode(503, "temporarily unavailable\n").message, "temporarily unavailable")
    assert.strictEqual(decode(403, "<html><title> Blocked </title>").message, "Blocked")
    assert.strictEqual(decode(403, "<title></title><svg><title>Blocked</title></svg>").message, "Blocked")
    assert.strictEqual(decode(403, "<p>").message, "HTTP 403 with an HTML page")
    assert.strictEqual(decode(418, "{}").message, "HTTP 418 with an unknown JSON body")
    assert.strictEqual(decode(413, "<p>").message, Errors.PayloadTooLarge.defaultMessage)
  })
})

describe("extra fields", () => {
  it("INVALID_REQUEST has a tree and a flat list", () => {
    const error = expectError(
      decode(400, {
        error: "Invalid request parameters",
        details: {
          _errors: ["Together"],
          messages: { _errors: [], 0: { content: { _errors: ["Required", "Too short"] } } },
          __proto__: { _errors: ["ignored, it is no own property here"] }
        },
        issues: [
          { code: "invalid_type", path: ["messages", 0, "content"], message: "Required", expected: "string" },
          { code: "too_big", maximum: 4096, path: ["input"] }
        ]
      }),
      "INVALID_REQUEST"
    )

    assert.deepStrictEqual(error.details, {
      errors: ["Together"],
      fields: {
        messages: {
          errors: [],
          fields: { 0: { errors: [], fields: { content: { errors: ["Required", "Too short"], fields: {} } } } }
        }
      }
    })
    assert.deepStrictEqual(error.issues, [
      { path: ["messages", 0, "content"], message: "Required", code: "invalid_type" },
      { path: ["input"], message: "too_big (maximum 4096)", code: "too_big" },
      { path: [], message: "Together" },
      { path: ["messages", 0, "content"], message: "Too short", code: "invalid_type" }
    ])
  })

  it("INVALID_REQUEST has the message of the first issue if the body has none", () => {
    assert.strictEqual(decode(400, { issues: [{ message: "Bad field", path: ["a"] }] }).message, "Bad field")
    assert.strictEqual(decode(400, { details: { a: { _errors: ["Bad field"] } } }).message, "Bad field")
    assert.strictEqual(decode(400, { error: [{ message: "Bad field", path: ["a"] }] }).message, "Bad field")
    assert.strictEqual(decode(400, { details: "Bad field" }).message, "Bad field")
    assert.strictEqual(decode(400, { details: "" }).message, Errors.InvalidRequest.defaultMessage)
  })

  it("INVALID_REQUEST keeps its issues through JSON", () => {
    const error = decode(400, { error: "x", details: { a: { _errors: ["b"] } }, issues: [{ path: ["a"], code: "c" }] })
    const text = Schema.fromJsonString(VeniceError.VeniceError)
    const again = expectError(Schema.decodeSync(text)(Schema.encodeSync(text)(error)), "INVALID_REQUEST")

    assert.deepStrictEqual(again.issues, [{ path: ["a"], message: "b", code: "c" }])
  })

  it("TOO_MANY_TOKENS has the counts of its message", () => {
    const message = "The input (35034 tokens) is longer than the model's context length (32768 tokens)."
    const plain = expectError(decode(400, { error: message, request_id: "abc" }), "TOO_MANY_TOKENS")
    const coded = expectError(decode(400, { error: { message, code: "context_length_exceeded" } }), "TOO_MANY_TOKENS")

    for (const error of [plain, coded]) {
      assert.strictEqual(error.inputTokens, 35034)
      assert.strictEqual(error.maxTokens, 32768)
    }
    assert.strictEqual(plain.response.requestId, "abc")
  })

  it("MODEL_NOT_FOUND has the model and Venice's suggestions", () => {
    const of = (message: string) => {
      const { model, suggestions } = expectError(decode(404, { error: message }), "MODEL_NOT_FOUND")
      return { model, suggestions }
    }

    assert.deepStrictEqual(of("Specified model not found: qwen-2.5-vl. Did you mean: a.1, b?"), {
      model: "qwen-2.5-vl",
      suggestions: ["a.1", "b"]
    })
    assert.deepStrictEqual(
      of("The specified model `m` has been deprecated. Please use \"n-1.5\". See https://docs.venice.ai."),
      {
        model: "m",
        suggestions: ["n-1.5"]
      }
    )
    assert.deepStrictEqual(of("Specified model not found: nope"), { model: "nope", suggestions: undefined })
    assert.deepStrictEqual(of("Specified model not found"), { model: undefined, suggestions: undefined })
    assert.deepStrictEqual(of("Model m-1.0 has been deprecated. Please use m-2.0 instead."), {
      model: "m-1.0",
      suggestions: ["m-2.0"]
    })
  })

  it("CONTENT_POLICY_VIOLATION has the refund, the model, the prompt and the hint", () => {
    const flat = expectError(
      decode(422, {
        error: "x",
        code: "CONTENT_POLICY_VIOLATION",
        credits_refunded: false,
        suggested_prompt: "p",
        hint: "h"
      }),
      "CONTENT_POLICY_VIOLATION"
    )
    const nested = expectError(
      decode(422, {
        error: { message: "x", type: "provider_content_policy", credits_refunded: true, recommended_model: "m" }
      }),
      "CONTENT_POLICY_VIOLATION"
    )

    assert.deepStrictEqual([flat.creditsRefunded, flat.suggestedPrompt, flat.hint], [false, "p", "h"])
    assert.deepStrictEqual([nested.creditsRefunded, nested.recommendedModel], [true, "m"])
  })

  it.each<[string, Record<string, string>, unknown]>([
    ["Too many failed attempts (> 50).", {}, "failures"],
    ["Another request for this user is in flight", {}, "concurrency"],
    ["Too many concurrent requests", {}, "concurrency"],
    ["Rate limit exceeded", {}, undefined],
    ["Rate limit exceeded", { "x-ratelimit-remaining-requests": "5" }, undefined],
    ["Rate limit exceeded", { "x-ratelimit-remaining-requests": "0" }, "requests"],
    ["Rate limit exceeded", { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-remaining-requests": "1" }, "tokens"],
    ["Rate limit exceeded", { "x-ratelimit-remaining": "0", "x-ratelimit-resets": "1780567876726" }, "failures"],
    ["Rate limit exceeded", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1780567876" }, "requests"]
  ])("RATE_LIMIT_EXCEEDED %j with %j is limited by %s", (message, headers, limit) => {
    assert.strictEqual(expectError(decode(429, { error: message }, headers), "RATE_LIMIT_EXCEEDED").limit, limit)
  })

  it("PAYMENT_REQUIRED has the offer of the body or of the header", () => {
    const offer = { x402Version: 2, accepts: [{ scheme: "exact", network: "eip155:8453", amount: "5000000" }] }
    const inBody = expectError(decode(402, { ...offer, error: "Authentication required" }), "PAYMENT_REQUIRED")
    const inHeader = expectError(
      decode(402, {
        error: "Payment required",
        code: "PAYMENT_REQUIRED",
        reason: "insufficient_balance",
        minimumTopUpUsd: 5
      }, {
        "PAYMENT-REQUIRED": btoa(JSON.stringify(offer))
      }),
      "PAYMENT_REQUIRED"
    )

    assert.deepStrictEqual(inBody.offer, offer)
    assert.strictEqual(inBody.reason, "authentication")
    assert.deepStrictEqual(inHeader.offer, offer)
    assert.strictEqual(inHeader.reason, "insufficient_balance")
    assert.strictEqual(inHeader.minimumTopUpUsd, 5)
    assert.strictEqual(recognition(402, "", { "payment-required": "not base64" }), "PAYMENT_REQUIRED by shape")
  })

  it("CONSENT_REQUIRED has the details of the consent", () => {
    const error = expectError(
      decode(409, {
        error: { code: "needs_consent", message: "Faces" },
        consent_flow: "attestation",
        face_media_roles: ["image_url"],
        consent: { seedance: { accepted: false } },
        docs_url: "https://docs.venice.ai"
      }),
      "CONSENT_REQUIRED"
    )

    assert.deepStrictEqual(
      [error.message, error.consentFlow, error.faceMediaRoles, error.consent, error.docsUrl],
      ["Faces", "attestation", ["image_url"], { seedance: { accepted: false } }, "https://docs.venice.ai"]
    )
  })

  it("GONE has its successor and its dates", () => {
    const error = expectError(
      decode(410, { error: "Migrate, please" }, {
        Deprecation: "@1783555200",
        Sunset: "Wed, 16 Sep 2026 00:00:00 GMT",
        Link:
          "</api/v1/billing/usage-history>; rel=\"successor-version\", <https://docs.venice.ai>; rel=\"deprecation\"; type=\"text/html\""
      }),
      "GONE"
    )

    assert.strictEqual(error.matchedBy, "shape")
    assert.strictEqual(error.successor, "/api/v1/billing/usage-history")
    assert.strictEqual(DateTime.formatIso(error.sunset!), "2026-09-16T00:00:00.000Z")
    assert.strictEqual(DateTime.formatIso(error.deprecated!), "2026-07-09T00:00:00.000Z")
  })
})

describe("context", () => {
  it.each<[string, Record<string, string>, unknown, string | undefined]>([
    ["X-Request-ID first", { "X-Request-ID": "a", "CF-RAY": "c" }, { error: "x", request_id: "b" }, "a"],
    ["then the body", { "CF-RAY": "c" }, { error: "x", request_id: "b" }, "b"],
    [
      "then the message",
      { "CF-RAY": "c" },
      { error: "Invalid request parameters. … reference request ID: r-1" },
      "r-1"
    ],
    ["then CF-RAY", { "CF-RAY": "c" }, { error: "x" }, "c"],
    ["nothing", {}, { error: "x" }, undefined]
  ])("takes the request id from %s", (_, headers, body, id) => {
    const { rayId, requestId } = decode(400, body, headers).response

    assert.strictEqual(requestId, id)
    assert.strictEqual(rayId, headers["CF-RAY"])
  })

  it("reads balances and deprecation", () => {
    const { balance, deprecation } = decode(400, { error: "x" }, {
      "x-venice-balance-usd": "12.50",
      "x-venice-balance-diem": "1e999999999",
      "x-venice-model-deprecation-warning": "old",
      "x-venice-model-deprecation-date": "2026-03-01",
      "x-venice-deprecated-replacement": "new"
    }).response

    assert.strictEqual(String(balance?.usd), "BigDecimal(12.5)")
    assert.isUndefined(balance?.diem)
    assert.deepStrictEqual(deprecation, { warning: "old", date: "2026-03-01", replacement: "new" })
  })

  it.each<[string, number, Record<string, string>, unknown, number | undefined]>([
    [
      "Retry-After wins",
      429,
      { "Retry-After": "7", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "90" },
      { error: "Rate limit exceeded" },
      7000
    ],
    [
      "the latest reset of an exhausted budget",
      429,
      {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": String(now + 5000),
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "90"
      },
      { error: "Rate limit exceeded" },
      90_000
    ],
    [
      "no reset of a budget with something left",
      429,
      { "x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": String(now + 5000) },
      { error: "Rate limit exceeded" },
      undefined
    ],
    [
      "no reset on another status",
      503,
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(now + 5000) },
      { error: "x" },
      undefined
    ],
    [
      "a reset in the past is zero",
      429,
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(now - 5000) },
      { error: "Rate limit exceeded" },
      0
    ],
    [
      "a lockout names its wait",
      429,
      {},
      { error: "Too many failed attempts (> 20) … Please wait 45s and try again." },
      45_000
    ],
    ["a lockout in words", 429, {}, {
      error: "Too many failed attempts (> 50) … Please wait 30 seconds and try again."
    }, 30_000],
    ["a lockout that names its window first", 429, {}, {
      error: "Too many failed attempts (> 50) in 30s. Please wait 60s."
    }, 60_000],
    [
      "a lockout by the hour",
      429,
      {},
      { error: "Too many failed attempts (> 50). Please wait for 1.5 hours" },
      5_400_000
    ],
    ["a lockout without a number", 429, {}, { error: "Too many failed attempts (> 50). Try again later." }, 30_000],
    [
      "Retry-After wins over the lockout",
      429,
      { "retry-after": "2" },
      { error: "Too many failed attempts (> 50)." },
      2000
    ],
    ["an unusable Retry-After is none", 429, { "retry-after": "soon" }, { error: "Rate limit exceeded" }, undefined]
  ])("reads the hint: %s", (_, status, headers, body, expected) => {
    assert.strictEqual(millis(decode(status, body, headers)), expected)
  })
})

describe("inside a success", () => {
  const stream = (...lines: ReadonlyArray<string>) => lines.join("\n")

  it.each<[string, string, string]>([
    [
      "a code",
      "{\"error\":{\"message\":\"busy\",\"code\":\"model_overloaded\",\"retry_after\":30}}",
      "MODEL_OVERLOADED"
    ],
    [
      "a refusal",
      "{\"error\":{\"message\":\"x\",\"code\":\"content_blocked_by_provider\"}}",
      "CONTENT_POLICY_VIOLATION"
    ],
    ["a filter", "{\"error\":{\"message\":\"x\",\"type\":\"content_filter_error\"}}", "CONTENT_POLICY_VIOLATION"],
    ["a string", "{\"error\":\"Inference processing failed\"}", "INFERENCE_FAILED"],
    [
      "a failed response",
      "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"model_overloaded\",\"message\":\"x\"}}}",
      "MODEL_OVERLOADED"
    ],
    ["an unknown error", "{\"error\":{\"message\":\"x\",\"code\":\"upstream_error\"}}", "UNRECOGNIZED_RESPONSE"]
  ])("finds %s in a stream", (_, data, tag) => {
    const body = stream(
      ": comment",
      "data: {\"choices\":[{\"delta\":{\"content\":\"the word \\\"error\\\": is no error\"}}]}",
      "",
      "event: response.failed",
      `data: ${data}`,
      "",
      "data: [DONE]",
      ""
    )

    assert.strictEqual(decode(200, body)._tag, tag)
    assert.strictEqual(decode(200, body.replaceAll("\n", "\r\n"))._tag, tag)
    assert.strictEqual(decode(200, stream(`data: ${data}`))._tag, tag)
  })

  it("reads the hint and the category of a stream's error", () => {
    const busy = decode(
      200,
      "data: {\"error\":{\"message\":\"busy\",\"code\":\"model_overloaded\",\"retry_after\":1.5}}\n\n"
    )
    const upstream = decode(200, "data: {\"error\":{\"message\":\"x\",\"code\":\"upstream_error\"}}\n\n")
    const other = decode(200, "data: {\"error\":\"x\"}\n\n")

    assert.strictEqual(millis(busy), 1500)
    assert.strictEqual(upstream.category, "Upstream")
    assert.strictEqual(other.category, "Server")
  })

  it("recognizes a blocked image by the headers", () => {
    assert.strictEqual(
      recognition(200, "\u0089PNG", { "x-venice-is-content-violation": "true" }),
      "CONTENT_POLICY_VIOLATION by shape"
    )
  })

  it("decodes a success without an error to an unrecognized response", () => {
    assert.strictEqual(recognition(200, "{\"choices\":[]}"), "UNRECOGNIZED_RESPONSE by none")
    assert.strictEqual(decode(200, "{\"choices\":[]}").category, "InvalidRequest")
  })
})

describe("secrets", () => {
  const key = "VENICE_INFERENCE_KEY_abcdefghijklmnop0123456789"
  const secrets = [
    key,
    "sk-abcdefghijklmnopqrstuvwxyz",
    `eyJhbGciOiJIUzI1NiJ9.${"a".repeat(40)}.${"b".repeat(40)}`,
    btoa(JSON.stringify({ message: "sign in", signature: "s".repeat(60) })),
    `0x${"ab".repeat(65)}`
  ]

  const everywhere = (error: VeniceError.VeniceError) =>
    [
      error.message,
      String(error),
      error.stack,
      JSON.stringify(error),
      inspect(error, { depth: 10, showHidden: true }),
      inspect(error, { depth: 10, customInspect: false }),
      error._tag === "INVALID_REQUEST" ? JSON.stringify([error.issues, error.details]) : ""
    ].join("\n")

  it.each(secrets)("%s is redacted everywhere in an error, wherever the server echoes it", (secret) => {
    const bodies: ReadonlyArray<unknown> = [
      { error: `Invalid key ${secret} given` },
      { error: "Invalid request parameters", details: { authorization: { _errors: [`got Bearer ${secret}`] } } },
      { error: "x", issues: [{ path: ["headers", secret], message: secret, received: secret }] },
      { error: "x", request: { headers: { authorization: `Bearer ${secret}`, "x-api-key": secret } } },
      { error: { message: "x", code: "needs_consent" }, consent: { [secret]: secret } },
      `proxy error\nauthorization: Bearer ${secret}\n`,
      JSON.stringify({ error: `Bearer ${secret}` }).replaceAll("e", "\\u0065"),
      { error: "x", padding: "p".repeat(ResponseContext.maxBodyLength - 40), key: secret }
    ]

    for (const body of bodies) {
      for (const status of [400, 401, 409, 500]) {
        const error = decode(status, body, { "x-request-id": secret, "content-type": `a/b; key=${secret}` })
        assert.notInclude(everywhere(error), secret)
        assert.notInclude(everywhere(error), secret.slice(0, 24))
      }
    }
  })

  it("that the caller names are redacted in any form", () => {
    const error = Decode.response({
      status: 401,
      headers: { "cf-ray": "correct-horse" },
      body: "{\"error\":\"Unknown key correct-horse\"}",
      now,
      secrets: ["correct-horse", "", "ab"]
    })

    assert.notInclude(everywhere(error), "correct-horse")
    assert.strictEqual(error.message, "Unknown key <redacted>")
  })

  const plain = "aZ3fK9tXhIVDm2j4vN8cQwYt"

  it.each<[string, unknown]>([
    ["a field of the details", { details: { apiKey: plain } }],
    ["what an issue received", { issues: [{ path: ["apiKey"], code: "invalid", received: plain }] }],
    ["an echo of headers as lists", { error: "x", headers: { "x-api-key": [plain] } }],
    ["an echo of headers as pairs", { error: "x", headers: [["x-api-key", plain], ["PAYMENT-SIGNATURE", plain]] }],
    ["an echo of headers as objects", { error: "x", headers: [{ name: "Cookie", value: plain }] }],
    ["prose with quotes", { error: `bad apiKey: "${plain}"` }],
    ["prose with other quotes", { error: `bad api key='${plain}'` }],
    ["a payment header", `PAYMENT-REQUIRED: ${plain}`],
    ["a URL", { error: `could not reach https://user:${plain}@host/path` }],
    ["hexadecimal", { error: `signature ${"0123456789abcdef".repeat(5)}` }]
  ])("without a typical form are redacted by their name: %s", (_, body) => {
    for (const status of [400, 409, 500]) {
      const text = everywhere(decode(status, body))
      assert.notInclude(text, plain)
      assert.notInclude(text, "0123456789abcdef0123456789abcdef")
    }
  })

  it.each([
    "authorization",
    "Proxy-Authorization",
    "x-api-key",
    "payment-signature",
    "PAYMENT-REQUIRED",
    "x-payment",
    "sign-in-with-x",
    "siwx",
    "Set-Cookie",
    "api_key",
    "signature",
    "clientSecret",
    "private_key",
    "mnemonic",
    "password",
    "TOKEN",
    "refresh_token"
  ])("behind the name %s are taken out of a message and of a body", (name) => {
    for (const said of [`${name}: ${plain}`, `${name}=${plain}`, `"${name}": "${plain}"`]) {
      for (const padding of ["", "x ".repeat(1000)]) {
        const error = decode(409, { error: `${said} ${padding}` })
        assert.notInclude(everywhere(error), plain)
      }
    }
  })

  it("are in no copy or encoding of a body that is redacted on first access", () => {
    const error = decode(500, `${"long ".repeat(200)}Authorization: Bearer ${key} ${"long ".repeat(2000)}`)
    const views: ReadonlyArray<(response: ResponseContext.ResponseContext) => unknown> = [
      (response) => inspect(response, { showHidden: true, depth: 10 }),
      (response) => inspect(response, { getters: true, depth: 10 }),
      (response) => inspect(Object.getOwnPropertyDescriptors(response), { showHidden: true, depth: 10 }),
      (response) => ({ ...response }),
      (response) => Object.assign({}, response),
      (response) => structuredClone(response),
      (response) => Object.values(Object.freeze(response)),
      (response) => Schema.encodeSync(ResponseContext.ResponseContext)(response)
    ]

    for (const view of views) {
      const text = JSON.stringify(view(Object.create(null, Object.getOwnPropertyDescriptors(error.response))))
      assert.notInclude(text, key.slice(0, 24))
    }
    assert.include(error.response.body, "Authorization: Bearer <redacted> long")
    assert.deepStrictEqual({ ...error.response }, error.response)
    assert.isTrue(Equal.equals({ ...error.response }, error.response))
    assert.deepStrictEqual(Object.keys(error.response), ["status", "body", "bodyTruncated"])
  })

  it("in a consent are redacted by their name", () => {
    const error = decode(409, {
      error: { code: "needs_consent", message: "x" },
      consent: { apiKey: [plain], token: plain }
    })

    assert.notInclude(everywhere(error), plain)
  })

  it("that contain each other are redacted, also as JSON and URLs escape them", () => {
    const error = Decode.response({
      status: 500,
      body: "k abcdWXYZabcdefgh and a\\/b+c and a%2Fb%2Bc",
      now,
      secrets: ["abcd", "abcdWXYZabcdefgh", "a/b+c"]
    })

    assert.strictEqual(error.response.body, "k <redacted> and <redacted> and <redacted>")
  })

  it("are redacted at the end of a truncated body, even if only their beginning is there", () => {
    const body = (length: number, bodyTruncated: boolean) =>
      Decode.response({
        status: 500,
        body: `bad ${"a/correct-horse".slice(0, length)}`,
        bodyTruncated,
        now,
        secrets: ["a/correct-horse", "horses"]
      }).response.body

    for (let length = 4; length <= 15; length++) assert.strictEqual(body(length, true), "bad <redacted>")
    // Too short to be useful to anybody, and as short as a word.
    assert.strictEqual(body(3, true), "bad a/c")
    assert.strictEqual(body(14, false), "bad a/correct-hors")
  })

  it("are redacted as a whole where the body is cut", () => {
    const filler = `sk-${"x1".repeat(20)} `.repeat(300).slice(0, ResponseContext.maxBodyLength + 1990)
    const { body } = decode(500, `${filler} 0x${"ab".repeat(32)} ${"end ".repeat(1000)}`).response

    assert.notMatch(body!, /(?:ab){8}/)
  })

  it.each([
    "Basic authentication is not supported",
    "Bearer authentication required",
    "A basic understanding is needed",
    "Unexpected token: function_declaration",
    "Invalid API key: must-be-an-admin-key",
    "Specified model not found: rk-instruct-large-v2-preview. Did you mean: a?"
  ])("leave ordinary words alone: %s", (message) => {
    assert.strictEqual(decode(404, { error: message }).message, message)
  })

  it("is redacted in any escaped form", () => {
    const secret = "aB3+dE5fG7hJ9/kL1"
    const escaped = JSON.stringify({ error: `bad sign-in ${secret}`, request: { key: secret } })
      .replaceAll("+", "\\u002B")
      .replaceAll("/", "\\u002f")
      .replaceAll("aB3", "\\u0061B3")
    const error = Decode.response({ status: 401, body: escaped, secrets: [secret], now })

    assert.strictEqual(error.message, "bad sign-in <redacted>")
    assert.notInclude(JSON.parse(error.response.body!).request.key, "dE5fG7hJ9")
    assert.notInclude(JSON.stringify(error), "dE5fG7hJ9")
  })

  it("is searched without changing other escaped characters", () => {
    const body = String.raw`{"error":"a \\u002B \u0022 \u005c \u007f \u00e9"}`
    const error = Decode.response({ status: 418, body, secrets: ["secret"], now })

    assert.strictEqual(error.message, JSON.parse(body).error)
  })

  it("does not redact anything else", () => {
    const body =
      "{\"error\":\"API key not found or expired; token limit 8192; address 0x833589fcd6edb6e08f4c7c32d4f71b54bda02913\"}"

    assert.strictEqual(decode(400, body).response.body, body)
  })
})

describe("the stack", () => {
  const input = { status: 503, body: "{\"error\":\"The model is at capacity. Please try again later.\"}", now }

  it("has the origin of the response and the page about the error, and no frames of the decoder", () => {
    const { docs, stack } = Decode.response({ ...input, operation: "GET /models" })

    assert.strictEqual(
      stack,
      `MODEL_AT_CAPACITY: The model is at capacity. Please try again later.\n    at HTTP 503 from GET /models\n    see ${docs}`
    )
  })

  it("has the frames of the caller on request", () => {
    const askFor = () => Decode.response({ ...input, captureStack: true })
    const [head, first] = askFor().stack!.split("\n")

    assert.include(head, "The model is at capacity.")
    assert.include(first, "askFor")
  })

  it("is not enumerable: copies and JSON do not have it", () => {
    const error = Decode.response(input)

    assert.notInclude(Object.keys(error), "stack")
    assert.notProperty({ ...error }, "stack")
  })

  it("is not enumerable in an engine that constructs errors without one, such as JavaScriptCore", () => {
    const construct = vi.spyOn(Reflect, "construct").mockImplementation((_, args, Class) => {
      const error = Object.setPrototypeOf(new Error(args[0]), Class!.prototype)
      delete error.stack
      return error
    })
    const error = Decode.response(input)
    construct.mockRestore()

    assert.include(error.stack, "at HTTP 503")
    assert.notInclude(Object.keys(error), "stack")
  })

  it("is present on an error that an input of a wrong type causes", () => {
    const misuse = () => Decode.response({ ...input, headers: null as never })
    let thrown: unknown
    try {
      misuse()
    } catch (error) {
      thrown = error
    }

    assert.instanceOf(thrown, TypeError)
    assert.include((thrown as Error).stack, "misuse")
  })

  it.each([10, 0, Infinity])("is captured by other errors as before, at a limit of %d", (limit) => {
    const before = Error.stackTraceLimit
    Error.stackTraceLimit = limit
    try {
      Decode.response(input)
      assert.strictEqual(Error.stackTraceLimit, limit)
      assert.strictEqual(new Error("of the application").stack!.split("\n").length > 1, limit > 0)
    } finally {
      Error.stackTraceLimit = before
    }
  })
})

describe("totality", () => {
  it.effect.each(Laws.decoder(Decode.response))("$name", (law) => Laws.check(law, { runs: 60 }))

  it.effect.prop(
    "decodes anything to exactly one error, which comes back from its JSON",
    [Arbitraries.anyResponse],
    ([received]) => Effect.sync(() => isTotal({ ...received, now })),
    { arbitrary: { runs: 300 } }
  )

  const deep = 200_000

  it.each<[string, string]>([
    ["arrays nested deeper than any stack", "[".repeat(deep) + "]".repeat(deep)],
    ["details nested deeper than any stack", `{"error":"x","details":${"{\"a\":".repeat(deep)}1${"}".repeat(deep)}}`],
    ["unclosed nesting", `{"error":${"[".repeat(deep)}`],
    ["issues with deep values", `{"issues":[{"received":${"[".repeat(deep)}${"]".repeat(deep)}}]}`],
    [
      "consent nested deeper than any stack",
      `{"error":{"code":"needs_consent"},"consent":${"[".repeat(deep)}${"]".repeat(deep)}}`
    ],
    ["duplicate keys", "{\"error\":\"first\",\"error\":\"Invalid model specified\"}"],
    ["prototype keys", "{\"__proto__\":{\"error\":\"x\"},\"constructor\":{\"prototype\":1},\"error\":\"x\"}"],
    ["lone surrogates", "{\"error\":\"\\ud800 \\udfff\",\"details\":{\"\\udc00\":{\"_errors\":[\"\\ud800\"]}}}"],
    ["a raw lone surrogate", "\ud800"],
    ["numbers that are none", "{\"error\":NaN}"],
    ["huge numbers", "{\"error\":{\"message\":\"x\",\"retry_after\":1e400}}"],
    ["an error that is a number", "{\"error\":1e308}"],
    ["null everywhere", "{\"error\":null,\"message\":null,\"details\":null,\"issues\":null,\"context\":null}"],
    ["a byte order mark", "\ufeff{\"error\":\"Invalid model specified\"}"],
    ["a huge key", `{"error":{"code":"needs_consent"},"consent":{"token\\":\\"${"a".repeat(20_000_000)}":1}}`],
    ["a huge key in details", `{"details":{"${"k".repeat(900_000)}":{"_errors":["x"]}}}`],
    ["white space only", " \n\t".repeat(1000)],
    ["control characters", "{\"error\":\"\\u0000\\u001b[31m\\u0007\"}"]
  ])("survives %s", (_, body) => {
    for (const status of [100, 200, 400, 401, 402, 409, 422, 429, 500, 999]) isTotal({ status, headers: {}, body, now })
  })

  it("takes linear time over a header of digits", () => {
    const digits = `${"1".repeat(1_000_000)}x`
    for (const name of ["retry-after", "retry-after-ms", "x-ratelimit-resets", "x-ratelimit-reset-tokens"]) {
      isTotal({ status: 429, headers: { [name]: digits }, body: "", now })
    }
  })

  it("accepts a clock beyond all dates and a status that is no number", () => {
    isTotal({
      status: 429,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-resets": "5" },
      body: "",
      now: -1e300
    })
    assert.include(JSON.stringify(Decode.response({ status: NaN, body: "", now: NaN })), "\"status\":0")
  })

  it("keeps a bounded part of a huge body, and marks it as truncated", () => {
    const error = decode(400, { error: "e".repeat(10 * 1024 * 1024), details: { a: { _errors: ["b"] } } })

    assert.isTrue(error.response.bodyTruncated)
    assert.isBelow(JSON.stringify(error).length, 64 * 1024)
    assert.isUndefined(decode(400, { error: "e" }).response.bodyTruncated)
  })

  it("remembers few of the names that a server makes up", () => {
    const add = vi.spyOn(Set.prototype, "add")
    try {
      for (let i = 0; i < 200; i++) decode(500, "", { "content-type": `text/x-${i}` })

      assert.isAtMost(add.mock.calls.filter(([value]) => String(value).startsWith("text/x-")).length, 64)
    } finally {
      add.mockRestore()
    }
  })

  it.each([3000, 40_000])("keeps what a body of %i characters begins with, whether it is cut or not", (length) => {
    const body = `\ufeff\ufeff${"x".repeat(length)}`

    assert.strictEqual(decode(500, body).response.body, body.slice(0, ResponseContext.maxBodyLength))
  })

  it("reads an input that is an instance of a class, whose members are not its own", () => {
    class Answer {
      readonly #body: string
      constructor(body: string) {
        this.#body = body
      }
      get status() {
        return 429
      }
      get headers() {
        return { "retry-after": "3" }
      }
      get body() {
        return this.#body
      }
      get now() {
        return now
      }
      get secrets(): ReadonlyArray<string> {
        return ["my-api-key"]
      }
    }
    for (const message of ["my-api-key", "\\u006dy-api-key"]) {
      const answer = new Answer(`{"error":"${message}"}`)
      for (const error of [Decode.response(answer), Decode.event(answer.body, answer)]) {
        assert.strictEqual(error!._tag, "RATE_LIMIT_EXCEEDED")
        assert.strictEqual(error!.message, "<redacted>")
        assert.strictEqual(error!.response.status, 429)
        assert.strictEqual(String(error!.response.retryAfter), "3000 millis")
      }
      assert.strictEqual(Decode.context(answer).status, 429)
    }
  })

  it("does not split a character where it cuts", () => {
    const error = decode(400, `${"x".repeat(ResponseContext.maxBodyLength - 1)}\u{1f600}rest`)

    assert.doesNotThrow(() => encodeURIComponent(error.response.body!))
  })
})
