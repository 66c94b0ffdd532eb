import type { VeniceError } from "@effect-venice/core"
import { Errors, Retry } from "@effect-venice/core"
import { Call } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, DateTime, Duration, Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"

const busy = (seconds: number) =>
  new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(seconds) } })

/** Fails with the errors in turn, then succeeds. */
const failing = (...errors: ReadonlyArray<VeniceError.VeniceError>) => {
  let n = 0
  return Effect.suspend(() => n < errors.length ? Effect.fail(errors[n++]!) : Effect.succeed("done"))
}

const exact = Retry.jittered(Retry.patient, "none")

const seconds = ({ attempts }: Call.Attempted) => attempts.map(({ at }) => Duration.toSeconds(at))

describe("a call", () => {
  it.effect("is observed with its attempts and their times", () =>
    Effect.gen(function*() {
      const call = yield* Call.observe(failing(busy(30), new Errors.InferenceFailed()), Effect.retry(exact))

      assert.deepStrictEqual(seconds(call), [0, 30, 31])
      assert.deepStrictEqual(call.attempts.map(({ end }) => end), ["failed", "failed", "succeeded"])
      assert.deepStrictEqual(call.exit, Exit.succeed("done"))
      assert.strictEqual(Duration.toSeconds(call.elapsed), 31)
      assert.strictEqual(
        Call.render(call),
        "1. at 0s: MODEL_OVERLOADED (HTTP 429), asked for 30s\n2. at 30s: INFERENCE_FAILED (HTTP 500)\n3. at 31s: success"
      )
    }))

  it.effect("leaves the clock at its end", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      const call = yield* Call.observe(failing(busy(30)), Effect.retry(exact))

      assert.deepStrictEqual(seconds(call), [0, 30])
      assert.strictEqual(yield* Clock.currentTimeMillis, 3_630_000)
    }))

  it.live("gets a clock of its own where the time is real", () =>
    Effect.gen(function*() {
      const call = yield* Call.observe(failing(busy(3000)), Effect.retry(exact))

      assert.deepStrictEqual(seconds(call), [0, 3000])
    }))

  it.effect("may take time in its attempts", () =>
    Effect.gen(function*() {
      const attempt = Effect.delay(failing(busy(5)), "2 seconds")
      const call = yield* Call.observe(attempt, Effect.retry(exact))

      assert.deepStrictEqual(seconds(call), [0, 7])
      assert.deepStrictEqual(call.attempts.map(({ took }) => Duration.toSeconds(took)), [2, 2])
    }))

  it.effect("may wait for promises", () =>
    Effect.gen(function*() {
      const attempt = Effect.andThen(
        Effect.promise(async () => {
          for (let i = 0; i < 20; i++) await Promise.resolve()
        }),
        failing(busy(5))
      )
      const call = yield* Call.observe(attempt, Effect.retry(exact))

      assert.deepStrictEqual(seconds(call), [0, 5])
    }))

  it.effect("may make attempts side by side, and interrupt some", () =>
    Effect.gen(function*() {
      const call = yield* Call.observe(
        Effect.delay(Effect.succeed(1), "10 seconds"),
        (attempt) => Effect.raceFirst(attempt, Effect.delay(Effect.timeout(attempt, "1 second"), "3 seconds"))
      )

      assert.deepStrictEqual(seconds(call), [0, 3])
      assert.deepStrictEqual(call.attempts.map(({ end }) => end), ["interrupted", "interrupted"])
      assert.isTrue(Exit.isFailure(call.exit))
    }))

  it.effect("names the operation of a failure that does not", () =>
    Effect.gen(function*() {
      const call = yield* Call.observe(Effect.fail(new Cause.TimeoutError()), (attempt) => attempt, {
        operation: "POST /video/queue"
      })

      assert.strictEqual(call.attempts[0]!.operation, "POST /video/queue")
    }))

  const deathOf = (effect: Effect.Effect<unknown>) =>
    Effect.map(Effect.exit(effect), (exit) => {
      const reason = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason) : undefined
      return reason?.defect instanceof Error ? reason.defect.message.split("\n").slice(0, 2) : undefined
    })

  it.effect("that goes on for too long ends the test, and says so", () =>
    Effect.gen(function*() {
      const slow = Call.observe(Effect.succeed(1), Effect.repeat(Schedule.spaced("1 hour")), { within: "2 hours" })
      assert.deepStrictEqual(yield* deathOf(slow), ["The call went on after 2h:", "1. at 0s: success"])
    }))

  it.effect("that makes too many attempts ends the test, and says so", () =>
    Effect.gen(function*() {
      const endless = Call.observe(Effect.fail(busy(1)), Effect.retry({ times: 20 }), { attempts: 5 })

      assert.deepStrictEqual(yield* deathOf(endless), [
        "The call went on after 5 attempts:",
        "1. at 0s: MODEL_OVERLOADED (HTTP 429), asked for 1s"
      ])
    }))

  it.effect("is interrupted with its observer", () =>
    Effect.gen(function*() {
      let isInterrupted = false
      const attempt = Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          isInterrupted = true
        }))
      const fiber = yield* Effect.forkChild(Call.observe(attempt, (attempt) => attempt))
      for (let i = 0; i < 5; i++) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)

      assert.isTrue(isInterrupted)
    }))
})

describe("a journal", () => {
  const at = (millis: number) => DateTime.makeUnsafe(1_780_000_000_000 + millis)
  const json = (value: unknown) => ({ text: JSON.stringify(value) })

  it("has the attempts of its entries", () => {
    const { attempts } = Call.fromJournal([
      {
        receivedAt: at(0),
        endedAt: at(100),
        request: { operation: "POST /chat/completions" },
        response: { status: 503, headers: { "retry-after": "3" }, body: json({ error: "The model is offline" }) },
        outcome: "completed"
      },
      { receivedAt: at(3200), request: { operation: "POST /chat/completions" }, outcome: "disconnected" },
      {
        receivedAt: at(9000),
        endedAt: at(9050),
        request: { operation: "POST /chat/completions" },
        response: { status: 200, headers: {}, body: json({}) },
        outcome: "completed"
      }
    ])

    assert.strictEqual(
      Call.render({ attempts }),
      "1. at 0s: UNRECOGNIZED_RESPONSE (HTTP 503), asked for 3s\n2. at 3s 200ms: interrupted\n3. at 9s: success"
    )
    assert.deepStrictEqual(attempts.map(({ took }) => Duration.toMillis(took)), [100, 0, 50])
  })

  it("may be empty", () => {
    assert.strictEqual(Call.render(Call.fromJournal([])), "(no attempt)")
  })
})
