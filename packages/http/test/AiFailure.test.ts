import { Decode, Errors, Retry, VeniceError } from "@effect-venice/core"
import { AiFailure, Failure, VeniceClient } from "@effect-venice/http"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { AiError, LanguageModel } from "effect/ai"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { notJson } from "../src/internal/unexpectedBody.ts"

const json = (error: VeniceError.VeniceError) => JSON.parse(JSON.stringify(error))

const throughJson = (error: AiError.AiError): AiError.AiError => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(AiError.AiError))
  return Schema.decodeSync(codec)(Schema.encodeSync(codec)(error))
}

describe("an error of Venice", () => {
  it.effect.prop(
    "comes back from an AiError as itself, also through JSON",
    [VeniceError.VeniceError],
    ([error]) =>
      Effect.gen(function*() {
        const aiError = AiFailure.toAiError(error, "generateText")
        for (const carried of [aiError, throughJson(aiError)]) {
          const found = Option.getOrThrow(yield* AiFailure.fromAiError(carried))

          assert.strictEqual(found.constructor, error.constructor)
          assert.deepStrictEqual(json(found), json(error))
        }
      }),
    { arbitrary: { runs: 300 } }
  )

  it("never becomes an unknown reason, and is retryable where its category is", () => {
    for (const Class of VeniceError.byCode.values()) {
      const error = VeniceError.fromCode(Class.code)
      const { isRetryable, reason } = AiFailure.toAiError(error, "generateText")

      assert.notStrictEqual(reason._tag, "UnknownError")
      assert.strictEqual(
        isRetryable,
        ["RateLimit", "Capacity", "Server", "Upstream", "Timeout"].includes(error.category)
      )
    }
  })

  it.each<[VeniceError.VeniceError, Partial<AiError.AiErrorReason>]>([
    [new Errors.AuthenticationFailed(), { _tag: "AuthenticationError", kind: "InvalidKey" }],
    [new Errors.ProOnlyModel(), { _tag: "AuthenticationError", kind: "InsufficientPermissions" }],
    [new Errors.PaymentRequired({ reason: "authentication" }), { _tag: "AuthenticationError", kind: "MissingKey" }],
    [new Errors.InsufficientBalance(), { _tag: "QuotaExhaustedError" }],
    [new Errors.TooManyTokens({ maxTokens: 8192 }), {
      _tag: "InvalidRequestError",
      parameter: "messages",
      constraint: "must be at most 8192 tokens"
    }],
    [new Errors.ModelNotFound(), { _tag: "InvalidRequestError", parameter: "model" }],
    [new Errors.ContentPolicyViolation({ message: "no" }), { _tag: "ContentPolicyError", description: "no" }],
    [
      new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } }),
      { _tag: "RateLimitError", retryAfter: Duration.seconds(30) }
    ],
    [new Errors.RequestTimeout({ message: "late" }), { _tag: "InternalProviderError", description: "late" }]
  ])("%s has the reason that says what to do", (error, expected) => {
    assert.deepInclude(AiFailure.toReason(error), expected)
  })

  it("tells its code and category in the metadata", () => {
    const reason = AiFailure.toReason(new Errors.ModelOffline())

    assert.deepInclude("metadata" in reason ? reason.metadata.venice : undefined, {
      code: "MODEL_OFFLINE",
      category: "Capacity"
    })
  })
})

describe("another failure", () => {
  const request = HttpClientRequest.post("https://api.venice.ai/api/v1/chat/completions")
  const unanswered = new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, description: "reset" })
  })

  it.each<[string, Parameters<typeof AiFailure.toAiError>[0], Partial<AiError.AiErrorReason>]>([
    ["without an answer", unanswered, { _tag: "NetworkError", reason: "TransportError", description: "reset" }],
    ["of a timeout", new Cause.TimeoutError("late"), { _tag: "NetworkError", description: "late" }],
    [
      "of an answer that cannot be read",
      notJson({ status: 200, body: "x", now: 0 }),
      { _tag: "InvalidResponseError" }
    ],
    [
      "of a job",
      new Failure.JobFailure({
        job: { medium: "video", model: "m", queueId: "q" },
        reason: new Errors.InferenceFailed()
      }),
      { _tag: "InternalProviderError" }
    ]
  ])("%s has its reason", (_, failure, expected) => {
    assert.deepInclude(AiFailure.toAiError(failure, "generateText").reason, expected)
  })

  it.effect("without an answer is unwrapped too, so that a policy sees it", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.fail(unanswered).pipe(
        AiFailure.wrap("generateText"),
        AiFailure.unwrap,
        Effect.flip
      )

      assert.strictEqual(failure, unanswered)
    }))
})

describe("an AiError that is not ours", () => {
  const of = (reason: AiError.AiErrorReason) => AiError.make({ module: "OpenAiClient", method: "createChat", reason })

  it.effect("is decoded from the response it kept", () =>
    Effect.gen(function*() {
      const error = of(
        new AiError.UnknownError({
          http: {
            response: {
              status: 402,
              headers: { "cf-ray": "91dbd54fa83f8cbd-EWR", "set-cookie": Redacted.make("session=secret") }
            },
            body: "{\"error\":\"Insufficient USD or Diem balance to complete request.\"}"
          }
        })
      )
      const found = Option.getOrThrow(yield* AiFailure.fromAiError(error))

      assert.strictEqual(found._tag, "INSUFFICIENT_BALANCE")
      assert.strictEqual(found.response.rayId, "91dbd54fa83f8cbd-EWR")
    }))

  const answered = (status: number, body?: string) => ({
    http: { response: { status, headers: {} }, ...(body !== undefined && { body }) }
  })

  it.effect.each<[string, AiError.AiErrorReason, VeniceError.Code | undefined]>([
    ["no body", new AiError.QuotaExhaustedError(answered(429)), "INSUFFICIENT_BALANCE"],
    [
      "no body either",
      new AiError.AuthenticationError({ kind: "InvalidKey", ...answered(401) }),
      "AUTHENTICATION_FAILED"
    ],
    [
      "a body of its own",
      new AiError.RateLimitError(
        answered(429, "{\"error\":\"Insufficient USD or Diem balance to complete request.\"}")
      ),
      "INSUFFICIENT_BALANCE"
    ],
    ["a status that its reason does not explain", new AiError.UnknownError(answered(404)), "UNRECOGNIZED_RESPONSE"],
    ["a success", new AiError.InvalidResponseError({ description: "no choices", ...answered(200, "{}") }), undefined]
  ])("is what its reason means, unless the response tells: %s", ([, reason, code]) =>
    Effect.gen(function*() {
      const found = yield* AiFailure.fromAiError(of(reason))

      assert.strictEqual(Option.getOrUndefined(found)?._tag, code)
    }))

  it.effect("keeps a hint that the response has not", () =>
    Effect.gen(function*() {
      const error = of(
        new AiError.RateLimitError({
          retryAfter: Duration.seconds(9),
          ...answered(429, "{\"error\":\"Rate limit exceeded\"}")
        })
      )
      const found = Option.getOrThrow(yield* AiFailure.fromAiError(error))

      assert.deepStrictEqual(found.response.retryAfter, Duration.seconds(9))
    }))

  it.effect.each<[AiError.AiErrorReason, VeniceError.Code]>([
    [new AiError.RateLimitError({ retryAfter: Duration.seconds(3) }), "RATE_LIMIT_EXCEEDED"],
    [new AiError.QuotaExhaustedError({}), "INSUFFICIENT_BALANCE"],
    [new AiError.AuthenticationError({ kind: "MissingKey" }), "PAYMENT_REQUIRED"],
    [new AiError.AuthenticationError({ kind: "InsufficientPermissions" }), "UNAUTHORIZED"],
    [new AiError.AuthenticationError({ kind: "ExpiredKey" }), "AUTHENTICATION_FAILED"],
    [new AiError.ContentPolicyError({ description: "no" }), "CONTENT_POLICY_VIOLATION"],
    [new AiError.InvalidRequestError({}), "INVALID_REQUEST"],
    [new AiError.InternalProviderError({ description: "down" }), "UNKNOWN_ERROR"]
  ])("means by its reason alone: %s", ([reason, code]) =>
    Effect.gen(function*() {
      const found = Option.getOrThrow(yield* AiFailure.fromAiError(of(reason)))

      assert.strictEqual(found._tag, code)
      assert.deepStrictEqual(
        found.response.retryAfter,
        reason._tag === "RateLimitError" ? reason.retryAfter : undefined
      )
    }))

  it.effect.each<AiError.AiErrorReason>([
    new AiError.InvalidOutputError({ description: "no JSON" }),
    new AiError.ToolNotFoundError({ toolName: "x", availableTools: [] }),
    new AiError.UnknownError({})
  ])("stays what it is when Venice has no part in it: %s", (reason) =>
    Effect.gen(function*() {
      const error = of(reason)

      assert.strictEqual(yield* Effect.flip(AiFailure.unwrap(Effect.fail(error))), error)
    }))

  it.effect("with metadata that is none of ours is no obstacle", () =>
    Effect.gen(function*() {
      const error = of(new AiError.QuotaExhaustedError({ metadata: { venice: { error: { _tag: "NO_SUCH_CODE" } } } }))

      assert.strictEqual(Option.getOrThrow(yield* AiFailure.fromAiError(error))._tag, "INSUFFICIENT_BALANCE")
    }))
})

describe("a language model over VeniceClient", () => {
  const Completion = Schema.Struct({
    choices: Schema.NonEmptyArray(Schema.Struct({ message: Schema.Struct({ content: Schema.String }) }))
  })

  const Model = Layer.effect(
    LanguageModel.LanguageModel,
    Effect.gen(function*() {
      const venice = yield* VeniceClient
      return yield* LanguageModel.make({
        generateText: () =>
          venice.execute("POST /chat/completions", { body: { model: "m", messages: [] }, success: Completion }).pipe(
            Effect.map(({ choices: [choice] }) => [{ type: "text" as const, text: choice.message.content }]),
            AiFailure.wrap("generateText")
          ),
        streamText: () => Stream.empty
      })
    })
  ).pipe(Layer.provideMerge(Emulator.layerClient), Layer.provideMerge(Emulator.layer))

  const generate = LanguageModel.generateText({ prompt: "Why is the sky blue?" })

  it.effect("fails with AiError, which keeps what Venice said", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(WireResponse.json(404, { error: "Specified model not found: m. Did you mean: n?" }))
      const error = yield* Effect.flip(generate)

      assert.strictEqual(error._tag, "AiError")
      assert.strictEqual(error.reason._tag, "InvalidRequestError")

      const found = Option.getOrThrow(yield* AiFailure.fromAiError(error))
      assert.strictEqual(found._tag === "MODEL_NOT_FOUND" && found.suggestions?.[0], "n")
    }).pipe(Effect.provide(Model)))

  it.live("is retried by the category and the hint of the error behind", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(
        new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.millis(20) } }),
        new Errors.InsufficientBalance()
      )
      const error = yield* Effect.flip(generate.pipe(AiFailure.unwrap, Effect.retry(Retry.standard)))

      assert.strictEqual(error._tag, "INSUFFICIENT_BALANCE")
    }).pipe(Effect.provide(Model)))
})

it.effect("a stream is wrapped and unwrapped as a call is", () =>
  Effect.gen(function*() {
    const failing = Stream.concat(Stream.succeed(1), Stream.fail(new Errors.ModelOffline()))
    const wrapped = AiFailure.wrapStream("streamText")(failing)
    const failure = yield* Effect.flip(Stream.runCollect(wrapped))
    const unwrapped = yield* Effect.flip(Stream.runCollect(AiFailure.unwrapStream(wrapped)))

    assert.deepInclude(failure, { _tag: "AiError", method: "streamText" })
    assert.strictEqual(unwrapped._tag, "MODEL_OFFLINE")
  }))

it("tells the headers of the answer that were Venice's", () => {
  const error = new Errors.ModelOffline({
    response: { status: 503, requestId: "r-1", retryAfter: Duration.seconds(2) }
  })
  const reason = AiFailure.toReason(error)

  assert.deepInclude("http" in reason ? reason.http?.response?.headers : undefined, {
    "x-request-id": "r-1",
    "retry-after": "2"
  })
})

it("does not carry a secret that was taken out", () => {
  const key = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"
  const error = Decode.response({ status: 401, body: `{"error":"bad key ${key}"}`, now: 0, secrets: [key] })

  assert.notInclude(JSON.stringify(AiFailure.toAiError(error, "generateText")), key)
})
