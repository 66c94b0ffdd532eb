import { Classification, Errors, Retry } from "@effect-venice/core"
import { type ExecuteFailure, Failure } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReporter, Schema } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { ahead, late, open } from "./unsent.ts"

const lost = new HttpClientError.HttpClientError({
  reason: new HttpClientError.TransportError({ request: HttpClientRequest.get("/models"), description: "reset" })
})

const unexpected = new Failure.UnexpectedBody({ message: "no", differences: [], response: { status: 200 } })

const byCode = (failure: ExecuteFailure<"GET /models">): string =>
  Failure.match(failure, {
    INVALID_REQUEST: () => "fix it",
    PAYMENT_REQUIRED: () => "pay",
    RATE_LIMIT_EXCEEDED: () => "wait",
    UNKNOWN_ERROR: () => "retry",
    UNRECOGNIZED_RESPONSE: ({ category }) => category,
    HttpClientError: ({ reason }) => reason._tag,
    UnexpectedBody: ({ message }) => message
  })

const byCategory = (failure: ExecuteFailure<"GET /models">): string =>
  Failure.matchCategory(failure, {
    Authentication: () => "key",
    Permission: () => "plan",
    Billing: () => "pay",
    InvalidRequest: () => "fix it",
    InvalidMedia: () => "file",
    ContextLength: () => "shorten",
    NotFound: () => "name",
    ContentPolicy: () => "prompt",
    RateLimit: () => "wait",
    Capacity: () => "model",
    Server: () => "retry",
    Upstream: () => "again",
    Timeout: () => "stream",
    HttpClientError: ({ reason }) => reason._tag,
    UnexpectedBody: ({ message }) => message
  })

describe("a failure is matched", () => {
  it("by its code or its tag", () => {
    assert.strictEqual(byCode(new Errors.RateLimitExceeded()), "wait")
    assert.strictEqual(byCode(lost), "TransportError")
    assert.strictEqual(byCode(unexpected), "no")
  })

  it("by its category, also that of an unrecognized response, or its tag", () => {
    const unrecognized = new Errors.UnrecognizedResponse({ category: "Upstream" })

    assert.strictEqual(byCategory(new Errors.UnknownError()), "retry")
    assert.strictEqual(byCategory(unrecognized), "again")
    assert.strictEqual(byCategory(lost), "TransportError")
    assert.strictEqual(byCategory(unexpected), "no")
  })
})

it("a failed job reports what it was to make", () => {
  const job = { medium: "video", model: "m", queueId: "q" } as const
  const failure = new Failure.JobFailure({ job, reason: new Errors.InferenceFailed() })

  assert.deepInclude(failure[ErrorReporter.attributes], { medium: "video", queueId: "q" })
  assert.include(failure.message, "The video job q failed")
})

it("a success of another shape says where, also after a trip through JSON", () => {
  const failure = new Failure.UnexpectedBody({
    message: "no",
    differences: [{ path: ["choices", 0, "message"], message: "Expected string" }],
    response: { status: 200 }
  })
  const codec = Schema.toCodecJson(Failure.UnexpectedBody)
  const decoded = Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(failure))))

  assert.deepStrictEqual(decoded.differences, failure.differences)
})

describe("a call that no part of resilience sent", () => {
  it("was refused, so that a repetition is always safe", () => {
    for (const failure of [ahead, open, late]) {
      assert.strictEqual(failure[Classification.key].outcome, "refused", failure._tag)
      assert.strictEqual(Retry.outcomeOf(failure), "refused", failure._tag)
      assert.isTrue(Retry.isRepeatable(failure), failure._tag)
    }
  })

  it("reports its model if it has one", () => {
    const { model: _, ...aheadOfAll } = ahead
    const { model: __, ...lateOfAll } = late

    const until = "2026-10-02T12:00:07.000Z"
    assert.deepStrictEqual(ahead[ErrorReporter.attributes], { until, model: "m" })
    assert.deepStrictEqual(new Failure.LockoutAhead({ ...aheadOfAll, message: "Not sent" })[ErrorReporter.attributes], {
      until
    })
    assert.deepStrictEqual(late[ErrorReporter.attributes], { model: "m" })
    assert.deepStrictEqual(
      new Failure.PaceExceeded({ ...lateOfAll, message: "Not sent" })[ErrorReporter.attributes],
      {}
    )
  })
})

describe("a call that a guard did not send", () => {
  it("is for a policy what a 429 with its hint is", () => {
    const { outcome, retries } = Retry.simulate(Retry.standard, [ahead])

    assert.strictEqual(outcome, "succeeded")
    assert.strictEqual(String(retries[0]?.floor), "7000 millis")
    assert.strictEqual(Retry.kindOf(ahead), "RateLimit")
  })

  it("is itself after a trip through JSON", () => {
    const codec = Schema.toCodecJson(Failure.LockoutAhead)

    const decoded = Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(ahead))))

    assert.instanceOf(decoded, Failure.LockoutAhead)
    assert.deepStrictEqual({ ...decoded }, { ...ahead })
  })
})
