import { RetryBudget } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"

describe("a retry budget", () => {
  it.effect("begins with 100 tokens, which are the most it holds", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make()

      assert.strictEqual(yield* budget.tokens, 100)
      yield* budget.deposit
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* budget.tokens, 100)
    }))

  it.effect("adds ten tokens a second and a fifth for each success, and takes one for each retry", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ initial: 0 })

      yield* budget.deposit
      assert.strictEqual(yield* budget.tokens, 0.2)
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* budget.tokens, 1.2)
      assert.isTrue(yield* budget.withdraw("Server"))
      assert.closeTo(yield* budget.tokens, 0.2, 1e-9)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* budget.tokens, 100)
    }))

  it.effect("begins with its capacity, and no more", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* RetryBudget.make({ capacity: 7 })).tokens, 7)
      assert.strictEqual(yield* (yield* RetryBudget.make({ capacity: 7, initial: 8 })).tokens, 7)
      assert.strictEqual(yield* (yield* RetryBudget.make({ capacity: 7, initial: 6 })).tokens, 6)
    }))

  it.effect("covers a retry whose cost is all that is left", () =>
    Effect.gen(function*() {
      const exact = yield* RetryBudget.make({ initial: 2, allowance: 0, costs: { Timeout: 2 } })
      const short = yield* RetryBudget.make({ initial: 1.99, allowance: 0, costs: { Timeout: 2 } })

      assert.isTrue(yield* exact.withdraw("Timeout"))
      assert.strictEqual(yield* exact.tokens, 0)
      assert.isFalse(yield* short.withdraw("Timeout"))
      assert.strictEqual(yield* short.tokens, 1.99)
    }))

  it.effect("takes one token where a cost is left out", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ initial: 5, allowance: 0, costs: { Timeout: undefined as never } })

      assert.isTrue(yield* budget.withdraw("Timeout"))
      assert.strictEqual(yield* budget.tokens, 4)
    }))

  it.effect("adds the allowance of the same time once, whatever asks for it", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ initial: 0, allowance: 1, share: 1 })

      yield* TestClock.adjust("2 seconds")
      assert.isTrue(yield* budget.withdraw("Server"))
      assert.strictEqual(yield* budget.tokens, 1)
      yield* TestClock.adjust("1 second")
      yield* budget.deposit
      assert.strictEqual(yield* budget.tokens, 3)
    }))

  it.effect("loses nothing when the clock is set back", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      const budget = yield* RetryBudget.make({ initial: 3, allowance: 1 })
      yield* TestClock.setTime(8000)

      assert.strictEqual(yield* budget.tokens, 3)
      yield* TestClock.setTime(9000)
      assert.strictEqual(yield* budget.tokens, 4)
    }))
})
