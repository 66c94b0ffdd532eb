/** What a policy does not retry, although a part of the failure looks safe. */
import { Operation, Retry } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

const steady = Retry.jittered(Retry.standard, "none")

/** The keys that the attempts of a call send whose responses are lost. */
const keysOf = Effect.fnUntraced(function*(
  around: (call: Effect.Effect<never, unknown>) => Effect.Effect<never, unknown>,
  header?: string
) {
  const keys: Array<string | undefined> = []
  const call = Effect.flatMap(Operation.IdempotencyKey, (inherited) => {
    const key = header ?? inherited
    keys.push(key)
    const request = HttpClientRequest.post("https://api.venice.ai/api/v1/crypto/rpc/base", {
      headers: key === undefined ? {} : { "Idempotency-Key": key }
    })
    return Effect.fail(
      new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
    )
  })
  const fiber = yield* Effect.forkChild(Effect.flip(around(call)))
  yield* TestClock.adjust("10 hours")
  yield* Fiber.join(fiber)
  return keys
})

describe("a lost request with an idempotency key", () => {
  it.effect("is sent again with the key that is made outside of the retry", () =>
    Effect.gen(function*() {
      const keys = yield* keysOf((call) => Operation.withIdempotencyKey(Effect.retry(call, steady)))

      assert.strictEqual(keys.length, 4)
      assert.strictEqual(new Set(keys).size, 1)
    }))

  it.effect("is not sent again if each attempt makes another key", () =>
    Effect.gen(function*() {
      const keys = yield* keysOf((call) => Effect.retry(Operation.withIdempotencyKey(call), steady))

      assert.strictEqual(keys.length, 1)
    }))

  it.effect("is not sent again if it has another key than its call", () =>
    Effect.gen(function*() {
      const keys = yield* keysOf((call) =>
        Operation.withIdempotencyKey(Effect.retry(Operation.withIdempotencyKey(call), steady))
      )

      assert.strictEqual(keys.length, 1)
    }))

  it.effect("is not sent again if only its header has the key", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* keysOf(Effect.retry(steady), "mine"), ["mine"])
    }))
})
