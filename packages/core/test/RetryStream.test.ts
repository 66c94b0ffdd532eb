import { Errors, Retry, RetryStream } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"

describe("a stream that fails for good", () => {
  const error = new Errors.InvalidModel()

  it.effect.each([
    { when: "before its first item", items: [] },
    { when: "after its first item", items: [1] }
  ])("$when has its own error", ({ items }) =>
    Effect.gen(function*() {
      const failing = Stream.concat(Stream.fromIterable(items), Stream.fail(error))

      assert.strictEqual(yield* Effect.flip(Stream.runDrain(RetryStream.retry(failing, Retry.standard))), error)
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(failing.pipe(RetryStream.retry(Retry.standard)))), error)
    }))
})
