import { Category, Classification, Retry } from "@effect-venice/core"
import { assert, describe, expect, it } from "@effect/vitest"
import { Data, Duration, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"

class Foreign extends Data.TaggedError("Foreign")<Classification.Classification> implements Classification.Classified {
  get [Classification.key](): Classification.Classification {
    return this
  }
}

const policy = Retry.jittered(Retry.standard, "none")

const attemptsOf = Effect.fnUntraced(function*(error: unknown) {
  const count = yield* Ref.make(0)
  const call = Effect.andThen(Ref.update(count, (n) => n + 1), Effect.fail(error))
  const fiber = yield* Effect.forkChild(Effect.flip(Effect.retry(call, policy)))
  yield* TestClock.adjust("10 hours")
  yield* Fiber.join(fiber)
  return yield* Ref.get(count)
})

describe("an error of another provider", () => {
  it.effect.each(Category.all.filter(Category.isRetryable))(
    "of the category %s is retried by its rule",
    (category) =>
      Effect.gen(function*() {
        const rule = Retry.standardRules[category]

        const attempts = yield* attemptsOf(new Foreign({ category, outcome: "failed" }))

        assert.strictEqual(attempts, Math.min(5, rule.retries + 1))
      })
  )

  it.effect.each(Category.all.filter((category) => !Category.isRetryable(category)))(
    "of the category %s is not retried",
    (category) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* attemptsOf(new Foreign({ category })), 1)
      })
  )

  it("is not retried before its hint", () => {
    const error = new Foreign({ category: "Server", hint: Duration.seconds(9) })

    const { retries } = Retry.simulate(policy, [error])

    assert.deepStrictEqual(retries.map(({ delay }) => Duration.toSeconds(delay)), [9])
    assert.strictEqual(retries[0]?.code, "Foreign")
  })

  it.effect("that was lost is not retried, unless its operation is free", () =>
    Effect.gen(function*() {
      const lost = { category: "Server", outcome: "lost" } as const

      assert.strictEqual(yield* attemptsOf(new Foreign(lost)), 1)
      assert.strictEqual(yield* attemptsOf(new Foreign({ category: "Timeout" })), 1)
      assert.strictEqual(yield* attemptsOf(new Foreign({ ...lost, operation: "GET /models" })), 4)
    }))

  it.effect("has its hints in the history", () =>
    Effect.gen(function*() {
      const error = new Foreign({ category: "Capacity", hint: Duration.minutes(2) })

      yield* attemptsOf(error)

      assert.strictEqual(Retry.history(error)?.reason, "hint")
      const again = new Foreign({ category: "Capacity", hint: Duration.seconds(20) })
      yield* attemptsOf(again)
      assert.strictEqual(Retry.history(again)?.made[0]?.hint?.toString(), Duration.seconds(20).toString())
    }))
})

describe("a classification", () => {
  it.each<[string, unknown]>([
    ["no object", null],
    ["no category", {}],
    ["an unknown category", { category: "Weather" }],
    ["a category that cannot be read", {
      get category() {
        throw new Error("no")
      }
    }]
  ])("is none with %s", (_, classification) => {
    assert.isUndefined(Classification.of({ [Classification.key]: classification }))
  })

  it("may be that of a function", () => {
    const error = Object.assign(() => {}, { [Classification.key]: { category: "Server" } })

    assert.strictEqual(Classification.of(error)?.category, "Server")
  })

  it("is none of an error that throws when it is read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()

    assert.isUndefined(Classification.of(proxy))
    assert.isUndefined(Classification.of(undefined))
    assert.isUndefined(Classification.of("Foreign"))
  })

  it("ignores a hint that is none, and fills in how the request ended", () => {
    const of = (classification: object) => Classification.of({ [Classification.key]: classification })

    assert.isUndefined(of({ category: "Server", hint: 5 })?.hint)
    assert.isUndefined(of({ category: "Server", hint: { value: Duration.seconds(5).value } })?.hint)
    assert.isUndefined(of({ category: "Server", hint: Duration.seconds(-1) })?.hint)
    assert.strictEqual(of({ category: "Server" })?.outcome, "failed")
    assert.strictEqual(of({ category: "Timeout" })?.outcome, "lost")
    assert.strictEqual(of({ category: "RateLimit" })?.outcome, "refused")
    assert.strictEqual(of({ category: "Capacity", outcome: "lost" })?.outcome, "lost")
    assert.strictEqual(of({ category: "Capacity", outcome: "eaten" })?.outcome, "refused")
  })

  it("is written down for every category and every way to end", async () => {
    const of = (classification: object) => Classification.of({ [Classification.key]: classification })
    const said = [undefined, "refused", "failed", "lost", "", "eaten"]
    const lines = Category.all.flatMap((category) =>
      said.map((outcome) => {
        const error = { category, ...(outcome !== undefined && { outcome }) }
        return `${category}${outcome === undefined ? "" : `, says ${JSON.stringify(outcome)}`} → ${of(error)?.outcome}`
      })
    )

    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/classifications.txt")
  })

  it("has what the error says, if it can be used", () => {
    const of = (classification: object) => Classification.of({ [Classification.key]: classification })
    const whole = {
      category: "Server",
      hint: Duration.seconds(1),
      outcome: "lost",
      operation: "GET /models"
    }

    assert.deepStrictEqual<unknown>(of(whole), whole)
    assert.strictEqual(of({ ...whole, hint: Duration.zero })?.hint, Duration.zero)
    assert.isUndefined(of({ ...whole, hint: Duration.millis(-1) })?.hint)
    assert.isUndefined(of({ ...whole, operation: 5 })?.operation)
  })
})
