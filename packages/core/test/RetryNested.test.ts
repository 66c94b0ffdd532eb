/** A policy around a policy. */
import { Errors, Retry, RetryStream } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"

const steady = Retry.jittered(Retry.standard, "none")

const failure = () => new Errors.UnknownError({ response: { status: 500, operation: "GET /models" } })

type Call = Effect.Effect<never, Errors.UnknownError>

/** How often a call is made that always fails. */
const callsOf = Effect.fnUntraced(function*(
  around: (call: Call) => Effect.Effect<unknown, unknown>,
  make: () => Errors.UnknownError = failure
) {
  let calls = 0
  const call = Effect.suspend(() => {
    calls++
    return Effect.fail(make())
  })
  const fiber = yield* Effect.forkChild(Effect.exit(around(call)))
  yield* TestClock.adjust("10 hours")
  yield* Fiber.join(fiber)
  return calls
})

const inner = (call: Call) => Effect.retry(call, steady)

const separations: ReadonlyArray<[string, (call: Call) => Effect.Effect<unknown, unknown>]> = [
  ["nothing", inner],
  ["a timeout", (call) => Effect.timeout(inner(call), "1 minute")],
  ["a fork", (call) => Effect.flatMap(Effect.forkChild(inner(call)), Fiber.join)],
  ["a wait after the failure", (call) => Effect.tapError(inner(call), () => Effect.sleep("3 seconds"))],
  ["a third policy", (call) => Effect.retry(Effect.timeout(inner(call), "1 minute"), steady)],
  ["a stream", (call) => Stream.runDrain(RetryStream.retry(Stream.fromEffect(inner(call)), steady))]
]

describe("a policy adds no attempts to those of a policy inside of it", () => {
  const same = failure()
  for (const [kind, make] of [["a new value", failure], ["the same value", () => same]] as const) {
    it.effect.each(separations)(`over %s, if each failure is ${kind}`, ([, separated]) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* callsOf((call) => Effect.retry(separated(call), steady), make), 4)
        assert.strictEqual(yield* callsOf((call) => Effect.retry(separated(call), steady), make), 4)
      }))

    it.effect(`over concurrent calls, if each failure is ${kind}`, () =>
      Effect.gen(function*() {
        const all = (call: Call) => Effect.all([inner(call), inner(call), inner(call)], { concurrency: 3 })

        assert.isAtMost(yield* callsOf((call) => Effect.retry(all(call), steady), make), 12)
      }))
  }
})

it.effect("a policy adds no attempts to those of a policy inside of it while earlier calls end", () =>
  Effect.gen(function*() {
    const once = Retry.limit(steady, { attempts: 1 })
    const earlier = Effect.retry(Effect.delay(Effect.suspend(() => Effect.fail(failure())), "1 second"), once)
    yield* Effect.forkChild(Effect.all(Array.from({ length: 9 }, () => Effect.exit(earlier)), { concurrency: 9 }))
    yield* Effect.yieldNow

    const later = (call: Call) => Effect.delay(Effect.retry(call, once), "2 seconds")
    assert.strictEqual(yield* callsOf((call) => Effect.retry(later(call), steady)), 1)
  }))

describe("a value that several calls fail with is retried in each of them", () => {
  it.effect("one after another", () =>
    Effect.gen(function*() {
      const same = failure()

      assert.strictEqual(yield* callsOf(inner, () => same), 4)
      assert.strictEqual(yield* callsOf(inner, () => same), 4)
    }))

  it.effect("in a later attempt of the same call", () =>
    Effect.gen(function*() {
      const same = failure()
      const impatient = Effect.retry(Effect.fail(same), Retry.limit(steady, { attempts: 1 }))
      let attempts = 0
      // The first attempt ends with another failure than the one that was given up in it.
      const call = Effect.suspend(() => {
        attempts++
        return attempts === 1 ? Effect.andThen(Effect.ignore(impatient), Effect.fail(failure())) : Effect.fail(same)
      })
      const runs = (around: (call: Call) => Effect.Effect<unknown, unknown>) =>
        Effect.gen(function*() {
          attempts = 0
          const fiber = yield* Effect.forkChild(Effect.exit(around(call)))
          yield* TestClock.adjust("10 hours")
          yield* Fiber.join(fiber)
          return attempts
        })

      assert.strictEqual(yield* runs(inner), 4)
      // And the policy around the one that gave up then adds no attempts.
      assert.strictEqual(yield* runs((call) => Effect.retry(inner(call), steady)), 4)
    }))

  it.effect("at the same time", () =>
    Effect.gen(function*() {
      const same = failure()
      const impatient = (call: Call) => Effect.retry(call, Retry.limit(steady, { attempts: 1 }))
      const together = (call: Call) => Effect.all([inner(call), impatient(call)], { concurrency: 2, mode: "result" })

      assert.strictEqual(yield* callsOf(together, () => same), 5)
    }))

  it.effect("while others give up on it", () =>
    Effect.gen(function*() {
      const same = failure()
      const impatient = Effect.retry(Effect.fail(same), Retry.limit(steady, { attempts: 1 }))
      const others = yield* Effect.forkChild(
        Effect.repeat(Effect.ignore(impatient), { times: 100, schedule: Schedule.spaced("100 millis") })
      )

      assert.strictEqual(yield* callsOf((call) => inner(Effect.delay(call, "1 second")), () => same), 4)
      yield* Fiber.interrupt(others)
    }))
})
