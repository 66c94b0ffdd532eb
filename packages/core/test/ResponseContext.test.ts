import { ResponseContext } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, Schema } from "effect"

describe("the context of a response", () => {
  it("has the lengths that its documentation promises", () => {
    assert.strictEqual(ResponseContext.maxBodyLength, 8192)
    assert.strictEqual(ResponseContext.maxMessageLength, 4096)
  })

  it("is encoded with hints in milliseconds, moments in epoch milliseconds and balances as decimal strings", () => {
    const context: ResponseContext.ResponseContext = {
      status: 429,
      operation: "POST /chat/completions",
      requestId: "request",
      rayId: "ray",
      retryAfter: Duration.seconds(1.5),
      rateLimit: {
        requests: { limit: 20, remaining: 0, resetAt: DateTime.makeUnsafe(1_000_000_000_000) },
        tokens: { remaining: 5 },
        failures: {}
      },
      balance: { usd: BigDecimal.fromStringUnsafe("24.5"), diem: BigDecimal.fromStringUnsafe("0.000001") },
      deprecation: { warning: "old", date: "2026-09-01", replacement: "new" },
      shouldRetry: false,
      upstreamCode: "code",
      relay: "OpenRouter",
      contentType: "application/json",
      body: "{}",
      bodyTruncated: true,
      delivered: 3
    }
    const json = {
      ...context,
      retryAfter: 1500,
      rateLimit: { ...context.rateLimit, requests: { limit: 20, remaining: 0, resetAt: 1_000_000_000_000 } },
      balance: { usd: "24.5", diem: "0.000001" }
    }

    assert.deepStrictEqual<unknown>(Schema.encodeSync(ResponseContext.ResponseContext)(context), json)
    const arrived = Schema.decodeUnknownSync(ResponseContext.ResponseContext)(json)
    assert.deepStrictEqual<unknown>(Schema.encodeSync(ResponseContext.ResponseContext)(arrived), json)
  })

  it.each([0, 0.5, Number.MAX_VALUE])("may have a hint of %d ms", (retryAfter) => {
    const { retryAfter: hint } = Schema.decodeUnknownSync(ResponseContext.ResponseContext)({ status: 429, retryAfter })

    assert.strictEqual(hint && Duration.toMillis(hint), retryAfter)
  })

  it.each([-0.5, -Infinity, Infinity])("has no hint that no program can wait for: %d ms", (retryAfter) => {
    assert.throws(
      () => Schema.decodeUnknownSync(ResponseContext.ResponseContext)({ status: 429, retryAfter }),
      /a finite delay/
    )
  })

  it("has no field for a permission to retry", () => {
    const isContext = Schema.is(ResponseContext.ResponseContext)

    assert.isTrue(isContext({ status: 500, shouldRetry: false }))
    assert.isFalse(isContext({ status: 500, shouldRetry: true }))
    assert.isFalse(isContext({}))
  })
})
