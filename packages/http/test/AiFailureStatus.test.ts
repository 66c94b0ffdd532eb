import { type Category, Retry } from "@effect-venice/core"
import { AiFailure } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { AiError } from "effect/ai"

const found = (reason: AiError.AiErrorReason) =>
  Effect.map(
    AiFailure.fromAiError(AiError.make({ module: "OpenAiClient", method: "createChat", reason })),
    Option.getOrThrow
  )

const answered = (status: number, body?: string) => ({
  http: { response: { status, headers: {} }, ...(body !== undefined && { body }) }
})

describe("an AiError with the response of a proxy", () => {
  it.effect.each<[number, string | undefined, Category.Category]>([
    [502, "<html>502 Bad Gateway</html>", "Upstream"],
    [504, "<html>504 Gateway Time-out</html>", "Timeout"],
    [524, undefined, "Timeout"],
    [500, undefined, "Server"]
  ])("keeps the status %s and counts as lost", ([status, body, category]) =>
    Effect.gen(function*() {
      const error = yield* found(AiError.reasonFromHttpStatus({ status, body, ...answered(status, body) }))

      assert.strictEqual(error.response.status, status)
      assert.strictEqual(error.category, category)
      assert.include(["status", "none"], error.matchedBy)
      assert.isFalse(Retry.isRepeatable(error))
    }))

  it.effect("keeps a status that its reason does not name", () =>
    Effect.gen(function*() {
      const error = yield* found(new AiError.RateLimitError(answered(503)))

      assert.strictEqual(error._tag, "RATE_LIMIT_EXCEEDED")
      assert.strictEqual(error.response.status, 503)
      assert.isFalse(Retry.isRepeatable(error))
    }))
})

it.effect("an AiError without a response does not claim a code", () =>
  Effect.gen(function*() {
    const error = yield* found(new AiError.InternalProviderError({ description: "down" }))

    assert.strictEqual(error._tag, "UNKNOWN_ERROR")
    assert.strictEqual(error.matchedBy, "none")
    assert.isFalse(Retry.isRepeatable(error))
  }))

it.effect("an AiError of a refusal by its reason is repeatable", () =>
  Effect.gen(function*() {
    assert.isTrue(Retry.isRepeatable(yield* found(new AiError.RateLimitError({}))))
  }))
