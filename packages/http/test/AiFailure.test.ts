import { Decode, Errors, Retry, VeniceError } from "@effect-venice/core"
import { AiFailure, Failure, VeniceClient } from "@effect-venice/http"
import { Arbitraries, Emulator, Fixtures, Laws, WireResponse } from "@effect-venice/testing"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { AiError, LanguageModel } from "effect/ai"
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { inspect } from "node:util"
import { notJson } from "../src/internal/unexpectedBody.ts"
import { ahead, late, open } from "./unsent.ts"

const json = (error: VeniceError.VeniceError) => JSON.parse(JSON.stringify(error))

const throughJson = (error: AiError.AiError): AiError.AiError => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(AiError.AiError))
  return Schema.decodeSync(codec)(Schema.encodeSync(codec)(error))
}

describe("an error of Venice", () => {
  it.effect.prop(
    "comes back from an AiError as itself, also through JSON",
    [Arbitraries.error],
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

it.effect("every failure of a call is wrapped", () =>
  Effect.gen(function*() {
    for (const kind of ["execute", "stream"] as const) {
      const laws = Laws.channel(AiFailure.wrap("generateText"), { operation: "POST /crypto/rpc/{network}", kind })
      yield* Laws.check(laws, { runs: 20 })
    }
  }))

it.effect("comes back as it was, with the stack of the response", () =>
  Effect.gen(function*() {
    const error = Decode.response({
      status: 402,
      body: "{\"error\":\"no credit\",\"code\":\"INSUFFICIENT_BALANCE\"}",
      now: 0
    })
    const wrapped = AiFailure.toAiError(error, "generateText")
    const copied = yield* Schema.encodeEffect(AiError.AiError)(wrapped).pipe(
      Effect.flatMap(Schema.decodeEffect(AiError.AiError))
    )

    assert.strictEqual(Option.getOrThrow(yield* AiFailure.fromAiError(wrapped)), error)
    assert.strictEqual(Option.getOrThrow(yield* AiFailure.fromAiError(copied))._tag, "INSUFFICIENT_BALANCE")
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

/** The fields of a reason in one line, without the metadata, which has Venice's error. */
const describeReason = ({ _tag, ...reason }: AiError.AiErrorReason): string => {
  const { http, metadata, ...members } = reason as Record<string, any>
  const fields = Object.fromEntries(
    Object.entries(members).filter(([name]) => name !== "cause" && !name.startsWith("~"))
  )
  const shown = {
    ...fields,
    ...(Duration.isDuration(fields.retryAfter) && { retryAfter: Duration.format(fields.retryAfter) }),
    ...(http?.response !== undefined && { status: http.response.status }),
    ...(http !== undefined && "body" in http && { body: http.body ?? "undefined" }),
    ...(metadata?.venice !== undefined && { venice: `${metadata.venice.code} in ${metadata.venice.category}` })
  }
  return `${_tag} ${Object.entries(shown).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ")}`
}

/** What Venice says of a body that does not match its schema. */
const invalid = (...issues: ReadonlyArray<unknown>) =>
  Decode.response({ status: 400, body: JSON.stringify({ error: "Invalid request parameters", issues }), now: 0 })

const ownErrors: ReadonlyArray<readonly [string, VeniceError.VeniceError]> = [
  ...Fixtures.errors.map((error) => [error._tag, error] as const),
  ["no issues", new Errors.InvalidRequest()],
  ["an issue of the body", invalid({ path: [], message: "no" })],
  ["two issues", invalid({ path: ["messages", 0, "role"], message: "no" }, { path: ["model"], message: "no" })],
  ["no limit of tokens", new Errors.TooManyTokens()],
  ["a model that is wrong", new Errors.InvalidModel({ message: "no" })],
  ["no reason to pay", new Errors.PaymentRequired()],
  ["a balance that is too low", new Errors.PaymentRequired({ reason: "insufficient_balance" })],
  ["no credentials", new Errors.PaymentRequired({ reason: "authentication" })],
  ["no hint", new Errors.RateLimitExceeded()],
  ["a body", new Errors.UnknownError({ response: { status: 500, body: "as it came" } })],
  ["no status", new Errors.UnknownError({ response: { status: 500.5 } })]
]

const sent = HttpClientRequest.post("https://api.venice.ai/api/v1/chat/completions")

const received = HttpClientResponse.fromWeb(sent, new Response("x", { status: 200 }))

const failed = (reason: HttpClientError.HttpClientErrorReason) => new HttpClientError.HttpClientError({ reason })

const context = { status: 200, operation: "POST /chat/completions" }

const otherFailures: ReadonlyArray<readonly [string, Failure.Failure]> = [
  ["lost", failed(new HttpClientError.TransportError({ request: sent, description: "reset" }))],
  ["not encoded", failed(new HttpClientError.EncodeError({ request: sent, description: "a loop" }))],
  ["not a URL", failed(new HttpClientError.InvalidUrlError({ request: sent, description: "no host" }))],
  ["not decoded", failed(new HttpClientError.DecodeError({ request: sent, response: received, description: "no" }))],
  ["not decoded, nor said why", failed(new HttpClientError.DecodeError({ request: sent, response: received }))],
  ["empty", failed(new HttpClientError.EmptyBodyError({ request: sent, response: received }))],
  ["a status", failed(new HttpClientError.StatusCodeError({ request: sent, response: received }))],
  ["out of time", new Cause.TimeoutError("late")],
  [
    "a job",
    new Failure.JobFailure({ job: { medium: "video", model: "m", queueId: "q" }, reason: new Errors.InferenceFailed() })
  ],
  ["a call that a guard did not send", ahead],
  ["a call that a breaker did not send", open],
  ["a call whose turn did not come", late],
  ["a node", new Failure.JsonRpcError({ message: "reverted", response: context })],
  ["unexpected", new Failure.UnexpectedBody({ message: "not as expected", differences: [], response: context })],
  ["unfinished", new Failure.UnfinishedStream({ message: "cut", response: context })]
]

it("every failure has its reason in effect/ai", async () => {
  const lines = [...ownErrors, ...otherFailures].map(([name, failure]) => {
    const { isRetryable, method, module, reason } = AiFailure.toAiError(failure, "generateText")
    return `${name} → ${module}.${method}${isRetryable ? " retryable" : ""} ${describeReason(reason)}`
  })
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/ai-reasons.txt")
})

/** What models keep of a response: nothing, its status, or a body that says more, or less, than the reason. */
const kept: ReadonlyArray<readonly [string, { readonly status: number; readonly body?: string } | undefined]> = [
  ["nothing", undefined],
  ...[200, 299, 300, 401, 429].map((status) => [`status ${status}`, { status }] as const),
  ["a code", { status: 400, body: JSON.stringify({ error: { code: "MODEL_OFFLINE", message: "off" } }) }],
  ["a code under 300", { status: 300, body: JSON.stringify({ error: { code: "MODEL_OFFLINE", message: "off" } }) }],
  ["a code in a success", { status: 200, body: JSON.stringify({ error: { code: "MODEL_OFFLINE", message: "off" } }) }],
  ["a message", { status: 402, body: "{\"error\":\"Insufficient USD or Diem balance to complete request.\"}" }],
  ["other words", { status: 400, body: "{\"error\":\"unheard of\"}" }]
]

type Http = { readonly http?: { readonly response: object; readonly body?: string } }

const reasons: ReadonlyArray<readonly [string, (http: Http) => AiError.AiErrorReason]> = [
  ["RateLimitError", (http) => new AiError.RateLimitError(http as object)],
  [
    "RateLimitError after 3 s",
    (http) => new AiError.RateLimitError({ retryAfter: Duration.seconds(3), ...http as object })
  ],
  ["QuotaExhaustedError", (http) => new AiError.QuotaExhaustedError(http as object)],
  ...(["InvalidKey", "ExpiredKey", "MissingKey", "InsufficientPermissions", "Unknown"] as const).map((kind) =>
    [
      `AuthenticationError ${kind}`,
      (http: Http) => new AiError.AuthenticationError({ kind, ...http as object })
    ] as const
  ),
  ["ContentPolicyError", (http) => new AiError.ContentPolicyError({ description: "no", ...http as object })],
  ["InvalidRequestError", (http) => new AiError.InvalidRequestError(http as object)],
  [
    "InvalidRequestError described",
    (http) => new AiError.InvalidRequestError({ description: "no", ...http as object })
  ],
  ["InternalProviderError", (http) => new AiError.InternalProviderError({ description: "down", ...http as object })],
  [
    "InvalidResponseError",
    (http) => new AiError.InvalidResponseError({ description: "no choices", ...http as object })
  ],
  ["InvalidOutputError", (http) => new AiError.InvalidOutputError({ description: "no JSON", ...http as object })],
  ["UnknownError", (http) => new AiError.UnknownError(http as object)],
  ["ToolNotFoundError", () => new AiError.ToolNotFoundError({ toolName: "x", availableTools: [] })]
]

it("every reason of another model is the error that it means", async () => {
  const lines: Array<string> = []
  for (const [name, make] of reasons) {
    for (const [what, response] of kept) {
      const http = response === undefined ? {} : {
        http: {
          response: { status: response.status, headers: {} },
          ...(response.body !== undefined && { body: response.body })
        }
      }
      const error = AiError.make({ module: "OpenAiClient", method: "createChat", reason: make(http) })
      const found = Option.getOrUndefined(await Effect.runPromise(AiFailure.fromAiError(error)))
      lines.push(
        `${name}, kept ${what} → ${found === undefined ? "not Venice's" : `${found.matchedBy} of ${String(found)}`}`
      )
    }
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/ai-errors.txt")
})

it.effect("a hint of the response is stronger than that of the reason", () =>
  Effect.gen(function*() {
    const response = { status: 429, headers: { "retry-after": "5" } }
    const http = { response, body: "{\"error\":\"Rate limit exceeded\"}" }
    const reason = new AiError.RateLimitError({ retryAfter: Duration.seconds(9), http })
    const found = Option.getOrThrow(
      yield* AiFailure.fromAiError(AiError.make({ module: "OpenAiClient", method: "createChat", reason }))
    )

    assert.deepStrictEqual(found.response.retryAfter, Duration.seconds(5))
  }))

it.effect("an error without a hint gets none", () =>
  Effect.gen(function*() {
    const http = { response: { status: 429, headers: {} }, body: "{\"error\":\"Rate limit exceeded\"}" }
    for (
      const reason of [
        new AiError.RateLimitError({ http }),
        new AiError.RateLimitError({}),
        new AiError.UnknownError({ http })
      ]
    ) {
      const found = Option.getOrThrow(
        yield* AiFailure.fromAiError(AiError.make({ module: "OpenAiClient", method: "createChat", reason }))
      )

      assert.notProperty(found.response, "retryAfter")
    }
  }))

it.effect("a header whose value is hidden does not describe the failure", () =>
  Effect.gen(function*() {
    const requestIdOf = (ray: string | Redacted.Redacted) => {
      const http = {
        response: { status: 429, headers: { "cf-ray": ray } },
        body: "{\"error\":\"Rate limit exceeded\"}"
      }
      const reason = new AiError.RateLimitError({ http } as object)
      const error = AiError.make({ module: "OpenAiClient", method: "createChat", reason })
      return Effect.map(AiFailure.fromAiError(error), (found) => Option.getOrThrow(found).response.requestId)
    }

    assert.strictEqual(yield* requestIdOf("r-1"), "r-1")
    assert.isUndefined(yield* requestIdOf(Redacted.make("r-1")))
  }))

it.effect("the error is found whichever headers have hidden values", () =>
  Effect.gen(function*() {
    for (const name of ["retry-after", "date", "x-ratelimit-remaining-requests", "x-should-retry", "content-type"]) {
      const response = { status: 429, headers: { [name]: Redacted.make("30"), "cf-ray": "r-1" } }
      const reason = new AiError.RateLimitError(
        { http: { response, body: "{\"error\":\"Rate limit exceeded\"}" } } as object
      )
      const error = AiError.make({ module: "OpenAiClient", method: "createChat", reason })
      const found = Option.getOrThrow(yield* AiFailure.fromAiError(error))

      assert.strictEqual(found._tag, "RATE_LIMIT_EXCEEDED", name)
      assert.deepStrictEqual(found.response.requestId, "r-1", name)
      assert.notProperty(found.response, "retryAfter", name)
    }
  }))

it.effect("a network error without its cause stays what it is", () =>
  Effect.gen(function*() {
    const reason = new AiError.NetworkError({ reason: "TransportError", method: "POST", url: "https://host/v1" })
    const error = AiError.make({ module: "OpenAiClient", method: "createChat", reason })

    assert.strictEqual(yield* Effect.flip(AiFailure.unwrap(Effect.fail(error))), error)
  }))

it.effect("an attempt that got no response keeps no secret, and is unwrapped to itself", () =>
  Effect.gen(function*() {
    const own = failed(
      new HttpClientError.TransportError({
        request: HttpClientRequest.get("https://host/v1?token=abcdef", { headers: { "x-api-key": "ghijkl" } })
      })
    )
    const wrapped = yield* Effect.flip(AiFailure.wrap("generateText")(Effect.fail(own)))

    assert.notMatch(inspect(wrapped, { depth: 12, customInspect: false }), /abcdef|ghijkl/)
    assert.strictEqual(yield* Effect.flip(AiFailure.unwrap(Effect.fail(wrapped))), own)
  }))

it.effect("a failure that is no AiError is left to the caller", () =>
  Effect.gen(function*() {
    const own = new Error("my own")

    assert.strictEqual(yield* Effect.flip(AiFailure.unwrap(Effect.fail(own))), own)
    assert.strictEqual(yield* Effect.flip(Stream.runDrain(AiFailure.unwrapStream(Stream.fail(own)))), own)
    assert.strictEqual(yield* AiFailure.unwrap(Effect.succeed(1)), 1)
  }))

it.effect("the network error of another model is the failure in its cause", () =>
  Effect.gen(function*() {
    const [, lost] = otherFailures[0] as readonly [string, HttpClientError.HttpClientError]
    const reason = AiError.NetworkError.fromHttpClientError(lost as never)
    const error = AiError.make({ module: "OpenAiClient", method: "createChat", reason })

    assert.strictEqual(yield* Effect.flip(AiFailure.unwrap(Effect.fail(error))), lost)
  }))
