/** Errors that a policy cannot read. */
import { Classification, Errors, Retry, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { TypeId } from "../src/internal/ApiError.ts"

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const throwing = (trap: "get" | "has"): object =>
  new Proxy(new Errors.ModelOffline(), {
    [trap]: () => {
      throw new Error("no")
    }
  })

const fail = Effect.fnUntraced(function*(error: unknown) {
  let calls = 0
  const call = Effect.suspend(() => {
    calls++
    return Effect.fail(error)
  })
  const fiber = yield* Effect.forkChild(Effect.flip(Effect.retry(call, Retry.standard)))
  yield* TestClock.adjust("10 hours")
  return { failure: yield* Fiber.join(fiber), calls }
})

const branded = (response: unknown, more: object = {}) => ({
  [TypeId]: TypeId,
  response,
  category: "Capacity",
  ...more
})

const lostReason = { _tag: "TransportError" }

const brandedByEffect = (members: object) => ({
  "~effect/http/HttpClientError": "~effect/http/HttpClientError",
  ...members
})

const hostile: ReadonlyArray<[string, () => unknown]> = [
  ["a revoked proxy", revoked],
  ["a proxy that throws when it is asked for a member", () => throwing("has")],
  ["a proxy that throws when a member is read", () => throwing("get")],
  ["a brand without anything", () => ({ [TypeId]: TypeId })],
  ["a brand without a response", () => branded(undefined)],
  ["a brand with a revoked response", () => branded(revoked())],
  ["a brand with a response that throws", () => branded(throwing("get"))],
  ["the brand of an HttpClientError", () => Object.create(HttpClientError.HttpClientError.prototype)],
  [
    "the brand of an HttpClientError with a request only",
    () => brandedByEffect({ request: { url: "https://x.test" } })
  ],
  ["the brand of an HttpClientError without a URL", () => brandedByEffect({ request: {}, reason: lostReason })],
  [
    "the brand of an HttpClientError with a reason that throws",
    () => brandedByEffect({ request: { url: "https://x.test", method: "GET" }, reason: throwing("get") })
  ],
  ["another library's error of a request", () => ({ request: { url: "https://x.test" }, attempts: 3 })],
  [
    "another library's error of a request, with a reason",
    () => ({ request: { url: "https://x.test", method: "GET" }, reason: lostReason })
  ],
  ["a classification with a revoked hint", () => ({ [Classification.key]: { category: "Weather", hint: revoked() } })]
]

describe("a policy passes on", () => {
  it.effect.each(hostile)("%s", ([, make]) =>
    Effect.gen(function*() {
      const error = make()

      const { calls, failure } = yield* fail(error)

      assert.strictEqual(failure, error)
      assert.strictEqual(calls, 1)
      assert.isUndefined(Retry.kindOf(error))
      assert.isFalse(Retry.isRepeatable(error))
      assert.isUndefined(Retry.history(error))
      assert.isFalse(VeniceError.inCategory("Capacity")(error) && Retry.isRepeatable(error))
    }))
})

describe("a policy retries", () => {
  it.effect("an error with an unreadable hint by its backoff", () =>
    Effect.gen(function*() {
      const response = { status: 503, retryAfter: revoked(), requestId: 5 }

      assert.strictEqual((yield* fail(branded(response, { matchedBy: "code" }))).calls, 5)
      const classified = { [Classification.key]: { category: "Capacity", hint: revoked() } }
      assert.strictEqual((yield* fail(classified)).calls, 5)
    }))

  it.effect("an error with read-only attempts, and keeps its history", () =>
    Effect.gen(function*() {
      const error = Object.defineProperty(new Errors.ModelOffline(), "attempts", { value: undefined, writable: false })

      const { calls, failure } = yield* fail(error)

      assert.strictEqual(calls, 5)
      assert.strictEqual(Retry.history(failure)?.made.length, 5)
    }))

  it.effect("an error whose attempts cannot be set, and keeps its history", () =>
    Effect.gen(function*() {
      const error = Object.defineProperty(new Errors.ModelOffline(), "attempts", {
        set: () => {
          throw new Error("no")
        }
      })

      assert.strictEqual((yield* fail(error)).calls, 5)
      assert.strictEqual(Retry.history(error)?.made.length, 5)
    }))
})

it("the request of an error of which nothing says who wrote it was lost", () => {
  const error = Object.defineProperty(branded({ status: 503 }), "matchedBy", {
    get: () => {
      throw new Error("no")
    }
  })

  assert.strictEqual(Retry.kindOf(error), "Capacity")
  assert.strictEqual(Retry.outcomeOf(error), "lost")
})

describe("an infinite hint", () => {
  it.effect("ends the retries", () =>
    Effect.gen(function*() {
      const classification: Classification.Classification = { category: "Capacity", hint: Duration.infinity }
      const error = { [Classification.key]: classification }

      assert.strictEqual((yield* fail(error)).calls, 1)
      assert.strictEqual(Retry.history(error)?.reason, "hint")
      assert.strictEqual(Retry.simulate(Retry.make(Retry.standardRules), [error]).outcome, "hint")
    }))
})
