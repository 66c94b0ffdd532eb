import { Attempts, Classification, Errors, Operation, Retry, RetryBudget } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Data, Duration, Effect, Fiber, Random, Schema } from "effect"
import { TestClock } from "effect/testing"

const steady = Retry.jittered(Retry.standard, "none")
const offline = () => new Errors.ModelOffline()

class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly operation?: string }>
  implements Classification.Classified
{
  get [Classification.key]() {
    return { category: "Transport", operation: this.operation } as const
  }
}

const delayOf = (decision: Retry.Decision) => decision._tag === "Retry" ? Duration.toMillis(decision.delay) : undefined

describe("Retry.decisions", () => {
  it.effect("counts what was decided before, and takes nothing from the budget for it", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ initial: 3, allowance: 0, capacity: 3 })
      const decideOnce = (decisions: Retry.Decisions) =>
        Effect.provideService(decisions.decide(offline()), RetryBudget.RetryBudget, budget)
      const first = yield* Retry.decisions(steady)
      const stored: Array<string> = []
      for (let i = 0; i < 2; i++) {
        stored.push(JSON.stringify(Schema.encodeSync(Retry.Decision)(yield* decideOnce(first))))
        yield* TestClock.adjust("10 seconds")
      }

      const second = yield* Retry.decisions(steady)
      for (const text of stored) {
        yield* second.restore(Schema.decodeUnknownSync(Retry.Decision)(JSON.parse(text)), undefined)
      }

      assert.strictEqual(yield* budget.tokens, 1)
      const third = yield* decideOnce(second)
      assert.strictEqual(delayOf(third), 4000)
      assert.strictEqual(third._tag === "Retry" && third.retry, 3)
      const fourth = yield* decideOnce(second)
      assert.strictEqual(fourth._tag === "GiveUp" && fourth.reason, "budget")
    }))

  it.effect("counts the elapsed time from the first failure, in whichever process", () =>
    Effect.gen(function*() {
      const policy = Retry.limit(steady, { elapsed: "30 seconds" })
      const first = yield* Retry.decisions(policy)
      const decision = yield* first.decide(offline())
      yield* TestClock.adjust("29 seconds")
      const second = yield* Retry.decisions(policy)
      yield* second.restore(decision, undefined)
      const failure = offline()

      const last = yield* second.decide(failure)

      assert.strictEqual(last._tag === "GiveUp" && last.reason, "elapsed")
      assert.strictEqual(Retry.history(failure)?.made.length, 2)
    }))

  it.effect("gives a failure that was stored its history", () =>
    Effect.gen(function*() {
      const { decide, restore } = yield* Retry.decisions(Retry.limit(steady, { attempts: 1 }))
      const decision = yield* decide(new NoAnswer({ operation: "GET /models" }))
      const failure = new NoAnswer({ operation: "GET /models" })

      yield* restore(decision, failure)

      assert.deepStrictEqual(Retry.history(failure), Attempts.make([{ code: "NoAnswer" }], "attempts"))
    }))

  it.effect("lets a policy around it know that it gave up before", () =>
    Effect.gen(function*() {
      const { decide } = yield* Retry.decisions(Retry.limit(steady, { attempts: 1 }))
      const decision = yield* decide(new NoAnswer({ operation: "GET /models" }))
      let attempts = 0
      const read = Effect.gen(function*() {
        attempts++
        const { restore } = yield* Retry.decisions(steady)
        const failure = new NoAnswer({ operation: "GET /models" })
        yield* restore(decision, failure)
        return yield* Effect.fail(failure)
      })

      const fiber = yield* Effect.forkChild(Effect.exit(Effect.retry(read, steady)))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)

      assert.strictEqual(attempts, 1)
    }))

  it.effect("are stored with the kind Transport, and with the reason to give up", () =>
    Effect.gen(function*() {
      const { decide } = yield* Retry.decisions(Retry.limit(steady, { attempts: 2 }))
      const stored: Array<Retry.Decision> = []
      for (let i = 0; i < 2; i++) stored.push(yield* decide(new NoAnswer({ operation: "GET /models" })))

      assert.deepStrictEqual(stored.map(({ _tag }) => _tag), ["Retry", "GiveUp"])
      for (const decision of stored) {
        const text = JSON.stringify(Schema.encodeSync(Retry.Decision)(decision))
        assert.deepStrictEqual(Schema.decodeUnknownSync(Retry.Decision)(JSON.parse(text)), decision)
      }
    }))

  it.effect("draw on as before, with the hint of the retry that is restored", () =>
    Effect.gen(function*() {
      const policy = Retry.jittered(Retry.standard, "decorrelated")
      for (const retryAfter of [undefined, Duration.seconds(30)]) {
        const first = yield* Retry.decisions(policy)
        const failure = new Errors.ModelOffline({
          response: { status: 503, ...(retryAfter !== undefined && { retryAfter }) }
        })
        const restored = yield* Random.withSeed(first.decide(failure), 1)
        const second = yield* Retry.decisions(policy)
        yield* second.restore(restored, undefined)

        const [next, same] = yield* Effect.all([
          Random.withSeed(first.decide(offline()), 2),
          Random.withSeed(second.decide(offline()), 2)
        ])

        assert.strictEqual(delayOf(same), delayOf(next))
      }
    }))

  it.effect("leave a failure alone whose stored decision has no history", () =>
    Effect.gen(function*() {
      const { restore } = yield* Retry.decisions(steady)
      const failure = offline()
      const before = Attempts.make([{ code: "MODEL_OFFLINE" }], "outside")
      Object.assign(failure, { attempts: before })

      yield* restore({ _tag: "GiveUp", reason: "final" }, failure)

      assert.strictEqual(Retry.history(failure), before)
    }))

  it.effect("decide again about a failure that was given up", () =>
    Effect.gen(function*() {
      const { decide } = yield* Retry.decisions(steady)
      const failure = offline()

      const late = yield* Retry.withDeadline(decide(failure), Duration.zero)
      assert.strictEqual(late._tag === "GiveUp" && late.reason, "deadline")
      assert.strictEqual(delayOf(yield* decide(failure)), 1000)
    }))

  it.effect("gives up on what no policy retries", () =>
    Effect.gen(function*() {
      const { decide } = yield* Retry.decisions(steady)
      assert.deepStrictEqual(yield* decide(new Error("mine")), { _tag: "GiveUp", reason: "final" })
    }))
})

describe("Retry.decide", () => {
  it("decides as a call does whose attempts all failed alike", () => {
    const failure = offline()
    const call = Retry.begin(steady)
    for (let attempt = 1; attempt <= 6; attempt++) {
      assert.deepStrictEqual(
        Retry.decide(steady, failure, { attempt, random: 0.5 }),
        call.next(failure, { at: Duration.zero, random: 0.5 })
      )
    }
  })

  it("ends at the first reason to give up, however many attempts are said to have failed", () => {
    assert.strictEqual(Retry.decide(steady, offline(), { attempt: Number.MAX_SAFE_INTEGER, random: 0 }), "attempts")
    const both = Retry.stricter(Retry.limit(steady, { elapsed: "1 minute" }), Retry.limit(steady, { attempts: 2 }))
    assert.strictEqual(Retry.decide(both, offline(), { attempt: 3, random: 0, elapsed: "1 hour" }), "attempts")
  })

  it("counts the elapsed time", () => {
    const options = { attempt: 2, random: 0 }
    const policy = Retry.limit(steady, { elapsed: "1 minute" })

    assert.isTrue(Duration.isDuration(Retry.decide(policy, offline(), { ...options, elapsed: "58 seconds" })))
    assert.strictEqual(Retry.decide(policy, offline(), { ...options, elapsed: "59 seconds" }), "elapsed")
  })

  it("does not repeat what may have been billed, unless it is allowed to", () => {
    const lost = new NoAnswer({ operation: "POST /chat/completions" })
    const options = { attempt: 1, random: 0 }

    assert.strictEqual(Retry.decide(steady, lost, options), "replay")
    assert.isTrue(Duration.isDuration(Retry.decide(steady, lost, { ...options, allowReplay: true })))
  })

  it("refuses an attempt that makes no sense", () => {
    for (const attempt of [0, 1.5, NaN]) {
      assert.throws(() => Retry.decide(steady, offline(), { attempt, random: 0 }), RangeError, "the attempt")
    }
  })
})

describe("a classified failure without a response", () => {
  it("is of the kind Transport, and lost", () => {
    const failure = new NoAnswer({ operation: "GET /models" })

    assert.strictEqual(Retry.kindOf(failure), "Transport")
    assert.strictEqual(Retry.outcomeOf(failure), "lost")
    assert.isTrue(Retry.isRepeatable(failure))
    assert.isFalse(Retry.isRepeatable(new NoAnswer({})))
  })

  it.effect("is repeated with the consent of the caller", () =>
    Effect.gen(function*() {
      const { decide } = yield* Retry.decisions(steady)
      assert.strictEqual((yield* decide(new NoAnswer({})))._tag, "GiveUp")
      const allowed = yield* Operation.allowReplay(decide(new NoAnswer({})))
      assert.strictEqual(delayOf(allowed), 500)
    }))
})
