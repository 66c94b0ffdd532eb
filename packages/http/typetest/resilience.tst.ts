import { type Errors, Retry } from "@effect-venice/core"
import type { Failure } from "@effect-venice/http"
import { DurableRetry, Fallback, Hedge } from "@effect-venice/http/resilience"
import { type Cause, Effect, Schema, type Stream } from "effect"
import type { HttpClientError } from "effect/http"
import type { WorkflowEngine } from "effect/workflow"
import { describe, expect, test } from "tstyche"

type Channel =
  | Errors.ModelAtCapacity
  | Errors.InsufficientBalance
  | Errors.InferenceFailed
  | Errors.UnrecognizedResponse
  | Failure.CircuitOpen
  | Failure.LockoutAhead
  | Failure.UnexpectedBody
  | HttpClientError.HttpClientError
  | Cause.TimeoutError

declare const call: Effect.Effect<string, Channel, "service">
declare const other: Effect.Effect<number, Errors.Gone, "another">
declare const stream: Stream.Stream<string, Channel>
declare const otherStream: Stream.Stream<number, Errors.Gone>

describe("a route", () => {
  test("removes what it is for from the channel, and adds its own", () => {
    expect(call.pipe(Fallback.on("other", "Capacity", () => other))).type.toBe<
      Effect.Effect<
        string | number,
        Exclude<Channel, Errors.ModelAtCapacity | Failure.CircuitOpen> | Errors.Gone,
        "service" | "another"
      >
    >()
    expect(call.pipe(Fallback.on("other", ["Billing", "LOCKOUT_AHEAD", "UnexpectedBody"], () => other))).type.toBe<
      Effect.Effect<
        string | number,
        Exclude<Channel, Errors.InsufficientBalance | Failure.LockoutAhead | Failure.UnexpectedBody> | Errors.Gone,
        "service" | "another"
      >
    >()
  })

  test("leaves what may be charged twice, and what is known at run time only", () => {
    expect(
      call.pipe(
        Fallback.on("other", ["Server", "UNRECOGNIZED_RESPONSE", "HttpClientError", "TimeoutError"], () => other)
      )
    ).type.toBe<Effect.Effect<string | number, Channel | Errors.Gone, "service" | "another">>()
  })

  test("leaves the channel if it may decline", () => {
    expect(call.pipe(Fallback.on("other", "Billing", () => Math.random() > 1 ? other : undefined))).type.toBe<
      Effect.Effect<string | number, Channel | Errors.Gone, "service" | "another">
    >()
  })

  test("gets the failures that it is for", () => {
    call.pipe(Fallback.on("other", "Capacity", (failure) => {
      expect(failure).type.toBe<Errors.ModelAtCapacity | Errors.UnrecognizedResponse | Failure.CircuitOpen>()
      return other
    }))
  })

  test("is refused for a cause that the channel does not have", () => {
    // @ts-expect-error!
    call.pipe(Fallback.on("other", "GONE", () => other))
  })

  test("of a stream leaves the channel, since it may fail later", () => {
    expect(stream.pipe(Fallback.onStream("other", "Capacity", () => otherStream))).type.toBe<
      Stream.Stream<string | number, Channel | Errors.Gone>
    >()
  })
})

describe("a hedge", () => {
  test("takes reads that are free", () => {
    expect(Hedge.hedge).type.toBeCallableWith("GET /models", { after: "1 second" })
    expect(Hedge.hedge).type.toBeCallableWith("POST /video/quote", { after: Hedge.percentile() })
  })

  test("refuses what costs, creates, changes or deletes", () => {
    for (
      const operation of [
        "POST /chat/completions",
        "POST /video/queue",
        "POST /api_keys",
        "DELETE /api_keys",
        "PATCH /api_keys",
        "POST /video/complete",
        "POST /video/retrieve",
        "POST /crypto/rpc/{network}"
      ] as const
    ) {
      expect(Hedge.hedge).type.not.toBeCallableWith(operation, { after: "1 second" })
    }
    expect<Hedge.FreeRead>().type.not.toBeAssignableFrom<"DELETE /api_keys" | "PATCH /api_keys">()
  })
})

describe("DurableRetry.retry", () => {
  const durable = DurableRetry.retry({ name: "call", policy: Retry.standard, success: Schema.String })

  test("adds an attempt that was lost to the channel", () => {
    const call: Effect.Effect<string, Errors.ModelOffline | HttpClientError.HttpClientError> = Effect.succeed("")

    expect(durable(call)).type.toBe<
      Effect.Effect<
        string,
        Errors.ModelOffline | HttpClientError.HttpClientError | DurableRetry.AttemptLost,
        WorkflowEngine.WorkflowEngine | WorkflowEngine.WorkflowInstance
      >
    >()
  })

  test("takes a failure of your own only with its schema", () => {
    class Mine extends Schema.TaggedError<Mine>()("Mine", {}) {}
    const call: Effect.Effect<string, Mine> = Effect.succeed("")
    const withSchema = DurableRetry.retry({
      name: "call",
      policy: Retry.standard,
      success: Schema.String,
      error: Mine
    })

    expect(withSchema).type.toBeCallableWith(call)
    expect(durable).type.not.toBeCallableWith(call)
  })
})
