import { Decode, Errors, FailureBudget } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"

describe("a failed request", () => {
  it.each<[string, boolean, Parameters<typeof Decode.response>[0]["status"], unknown]>([
    ["with an unknown model counts", true, 404, { error: "Specified model not found: x" }],
    ["that a proxy answered counts", true, 404, "<title>Not found</title>"],
    ["without credentials does not count", false, 402, { error: "Authentication required" }],
    ["with an empty wallet counts", true, 402, { code: "PAYMENT_REQUIRED", reason: "insufficient_balance" }],
    ["with invalid JSON does not count", false, 400, { error: "Invalid JSON in the request body" }],
    ["over a rate limit does not count", false, 429, { error: "Rate limit exceeded" }],
    ["that the server failed does not count", false, 500, { error: "Inference processing failed" }]
  ])("%s", (_, counted, status, body) => {
    const error = Decode.response({ status, body: typeof body === "string" ? body : JSON.stringify(body), now: 0 })

    assert.strictEqual(FailureBudget.isCounted(error), counted)
  })

  it("counts by the code that its operation does not document", () => {
    const unexpected = (code: string | undefined) =>
      new Errors.UnrecognizedResponse({
        category: "InvalidRequest",
        message: "Invalid content type",
        response: { status: 400 },
        ...(code !== undefined && { code })
      })

    assert.isFalse(FailureBudget.isCounted(unexpected("INVALID_CONTENT_TYPE")))
    assert.isTrue(FailureBudget.isCounted(unexpected("INVALID_MODEL")))
    assert.isTrue(FailureBudget.isCounted(unexpected(undefined)))
  })
})

describe("a lockout", () => {
  it("is a rate limit of failures", () => {
    assert.isTrue(FailureBudget.isLockout(new Errors.RateLimitExceeded({ limit: "failures" })))
    assert.isFalse(FailureBudget.isLockout(new Errors.RateLimitExceeded({ limit: "requests" })))
    assert.isFalse(FailureBudget.isLockout(new Errors.RateLimitExceeded()))
    assert.isFalse(FailureBudget.isLockout(new Errors.ModelOverloaded()))
  })
})
