import type { Errors, OperationFailure, VeniceError } from "@effect-venice/core"
import { AiFailure, type Failure, Gateway, type VeniceClient } from "@effect-venice/http"
import { LockoutGuard } from "@effect-venice/http/resilience"
import type { Cause, Effect, Schema } from "effect"
import type { AiError } from "effect/ai"
import type { HttpClientError } from "effect/http"
import { HttpApiEndpoint } from "effect/http-api"
import { describe, expect, test } from "tstyche"

declare const venice: VeniceClient["Service"]
declare const success: typeof Schema.String

describe("the channel of execute", () => {
  test("has the error of a node where there is one, and nowhere else", () => {
    expect(venice.execute("POST /crypto/rpc/{network}", { path: { network: "base" }, success })).type.toBeAssignableTo<
      Effect.Effect<
        string,
        | OperationFailure.Of<"POST /crypto/rpc/{network}">
        | Failure.JsonRpcError
        | Failure.UnexpectedBody
        | HttpClientError.HttpClientError
      >
    >()
    expect(venice.execute("GET /models", { success })).type.toBe<
      Effect.Effect<
        string,
        OperationFailure.Of<"GET /models"> | Failure.UnexpectedBody | HttpClientError.HttpClientError
      >
    >()
  })
})

describe("a gateway", () => {
  test("declares the errors of an operation on an endpoint", () => {
    const endpoint = HttpApiEndpoint.post("speak", "/speak", { error: Gateway.errors("POST /audio/speech") })

    expect<HttpApiEndpoint.Error<typeof endpoint>["Type"]>().type.toBe<OperationFailure.Of<"POST /audio/speech">>()
  })

  test("takes only operations of Venice's documentation", () => {
    expect(Gateway.errors).type.not.toBeCallableWith("POST /something/new")
    expect(Gateway.errors).type.not.toBeCallableWith("POST /audio/speech", "xml")
  })

  test("makes an error of Venice of any failure", () => {
    expect(Gateway.fromFailure<Errors.ModelOffline | Failure.UnexpectedBody | Cause.TimeoutError>).type.toBe<
      (
        error: Errors.ModelOffline | Failure.UnexpectedBody | Cause.TimeoutError
      ) => Errors.ModelOffline | Errors.UnrecognizedResponse
    >()
    expect(Gateway.fromFailure).type.not.toBeCallableWith(new Error("of another kind"))
  })

  test("makes an error of Venice of a call that a guard did not send", () => {
    expect(Gateway.fromFailure<Errors.ModelOffline | Failure.LockoutAhead>).type.toBe<
      (
        error: Errors.ModelOffline | Failure.LockoutAhead
      ) => Errors.ModelOffline | Errors.RateLimitExceeded | Errors.UnrecognizedResponse
    >()
  })

  test("conceals the troubles of the account", () => {
    expect(Gateway.conceal<Errors.ModelOffline | Errors.InsufficientBalance | Errors.ProOnlyModel>).type.toBe<
      (
        error: Errors.ModelOffline | Errors.InsufficientBalance | Errors.ProOnlyModel
      ) => Errors.ModelOffline | Errors.UnrecognizedResponse
    >()
  })
})

describe("a model", () => {
  test("fails with AiError, and can be unwrapped", () => {
    const wrapped = AiFailure.wrap("generateText")(venice.execute("GET /models", { success }))

    expect(wrapped).type.toBe<Effect.Effect<string, AiError.AiError>>()
    expect(AiFailure.unwrap(wrapped)).type.toBe<
      Effect.Effect<string, AiError.AiError | VeniceError.VeniceError | HttpClientError.HttpClientError>
    >()
  })
})

describe("a call under the lockout guard", () => {
  test("has one more failure, and needs the guard", () => {
    expect(LockoutGuard.protect({ model: "m" })(venice.execute("GET /models", { success }))).type.toBe<
      Effect.Effect<
        string,
        | OperationFailure.Of<"GET /models">
        | Failure.UnexpectedBody
        | HttpClientError.HttpClientError
        | Failure.LockoutAhead,
        LockoutGuard.LockoutGuard
      >
    >()
  })

  test("takes a key only if it is redacted", () => {
    expect(LockoutGuard.protect).type.not.toBeCallableWith({ key: "a key as it is" })
  })
})
