import { Errors, type Operation, Retry, RetryBudget } from "@effect-venice/core"
import { Assertions, Call, Emulator, Laws } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, References } from "effect"
import { suggest } from "./assistant.ts"
import { digest } from "./digest.ts"
import { Budget, policies, policyOf, retrying, type Waiting } from "./policies.ts"

const chat = "POST /chat/completions"

const busy = (retryAfter: Duration.Input) => ({ code: "MODEL_OVERLOADED" as const, retryAfter })

const limited = (retryAfter: Duration.Input) => ({ code: "RATE_LIMIT_EXCEEDED" as const, retryAfter })

/** Runs a service on virtual time. */
const run = <A, E, R>(service: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const call = yield* Call.observe(service, (attempt) => attempt, { within: "1 day" })
    const emulator = yield* Emulator.Emulator
    const sent = (operation: string) => Effect.map(emulator.journal({ operation }), Call.fromJournal)
    return { ...call, sent }
  }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))

describe("the policies", () => {
  for (const waiting of ["person", "nobody"] as const) {
    for (const operation of [chat, "POST /image/generate", "GET /models"] as const) {
      it.effect(`keep the laws of policies: ${waiting}, ${operation}`, () =>
        Laws.check(Laws.policy(policyOf(waiting, operation)), { runs: 20 }))
    }
  }

  const outcome = (waiting: Waiting, operation: Operation.Operation, ...failures: ReadonlyArray<string>) => {
    const { outcome, retries } = Retry.simulate(policyOf(waiting, operation), failures)
    return { outcome, retries: retries.length }
  }

  it("are chosen by category: a person does not wait for a busy model, and nobody does", () => {
    assert.deepStrictEqual(outcome("person", chat, "MODEL_OVERLOADED"), { outcome: "retries", retries: 0 })
    assert.deepStrictEqual(outcome("nobody", chat, "MODEL_OVERLOADED"), { outcome: "succeeded", retries: 1 })
    assert.deepStrictEqual(outcome("person", chat, "INFERENCE_FAILED"), { outcome: "succeeded", retries: 1 })
  })

  it("give up on a server that keeps failing sooner than on one that is busy", () => {
    const times = (code: string) => outcome("nobody", chat, ...Array.from({ length: 12 }, () => code)).retries

    assert.strictEqual(times("INFERENCE_FAILED"), 5)
    assert.strictEqual(times("MODEL_OVERLOADED"), 12)
  })

  it("are chosen by operation: a picture is retried once, and a read at once", () => {
    const failures = ["INFERENCE_FAILED", "INFERENCE_FAILED"]
    assert.deepStrictEqual(outcome("nobody", "POST /image/generate", ...failures), { outcome: "attempts", retries: 1 })
    assert.deepStrictEqual(outcome("nobody", chat, ...failures), { outcome: "succeeded", retries: 2 })

    const first = (operation: Operation.Operation) =>
      Retry.simulate(policyOf("nobody", operation), ["UNKNOWN_ERROR"]).retries[0]!.ceiling
    assert.isTrue(Duration.isLessThan(first("GET /models"), Duration.millis(200)))
    assert.isTrue(Duration.isGreaterThanOrEqualTo(first(chat), Duration.seconds(1)))
  })
})

describe("the assistant", () => {
  it.effect("asks another model at once if the usual one is busy", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on(chat, { model: "llama-3.3-70b", fail: busy("1 second") })
      const { elapsed, exit, sent } = yield* run(suggest("Where is my order?"))

      assert.strictEqual(Assertions.succeeded(exit)._tag, "Some")
      assert.strictEqual(Duration.toMillis(elapsed), 0)
      Assertions.attempted(yield* sent(chat), 2)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("waits for three seconds, and not for four", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on(chat, { times: "once", fail: limited("3 seconds") })
      const patient = yield* run(suggest("Where is my order?"))
      assert.strictEqual(Assertions.succeeded(patient.exit)._tag, "Some")
      Assertions.respectedHints(yield* patient.sent(chat))

      yield* emulator.on(chat, { fail: limited("4 seconds") })
      const hasty = yield* run(suggest("Where is my order?"))
      assert.strictEqual(Assertions.succeeded(hasty.exit)._tag, "None")
      assert.strictEqual(Duration.toMillis(hasty.elapsed), 0)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("does without a suggestion if its account is empty", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(new Errors.InsufficientBalance())
      const { exit, sent } = yield* run(suggest("Where is my order?"))

      assert.strictEqual(Assertions.succeeded(exit)._tag, "None")
      Assertions.attempted(yield* sent(chat), 1)
    }).pipe(Effect.provide(Emulator.layerInProcess)))
})

describe("the digest", () => {
  it.effect("waits for half an hour of limits, for which the assistant would not", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on(chat, { times: 2, fail: limited("15 minutes") })
      const { elapsed, exit, sent } = yield* run(digest(["First"]))

      assert.lengthOf(Assertions.succeeded(exit).summaries, 1)
      assert.isAtLeast(Duration.toMinutes(elapsed), 30)
      Assertions.respectedHints(yield* sent(chat))
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("does not wait past its deadline", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on(chat, { fail: limited("15 minutes") })
      const { elapsed, exit } = yield* run(digest(["First"]))
      const error = Assertions.failed(exit, "RATE_LIMIT_EXCEEDED")

      assert.strictEqual(error.attempts?.reason, "deadline")
      assert.isAtMost(Duration.toHours(elapsed), 2)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("is sent without a picture if the picture fails twice", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /image/generate", { fail: "INFERENCE_FAILED" })
      const { exit, sent } = yield* run(digest(["First"]))

      assert.strictEqual(Assertions.succeeded(exit).image._tag, "None")
      Assertions.attempted(yield* sent("POST /image/generate"), 2)
    }).pipe(Effect.provide(Emulator.layerInProcess)))

  it.effect("is complete where nothing fails", () =>
    Effect.gen(function*() {
      const { exit } = yield* run(digest(["First"]))

      assert.strictEqual(Assertions.succeeded(exit).image._tag, "Some")
    }).pipe(Effect.provide(Emulator.layerInProcess)))
})

describe("the budget", () => {
  const outage = (attempt: Effect.Effect<never, Errors.UnknownError>) =>
    Effect.forEach(
      Array.from({ length: 100 }, (_, i): Waiting => i % 2 === 0 ? "person" : "nobody"),
      (waiting) => Effect.exit(retrying(waiting, chat)(attempt)),
      { concurrency: "unbounded", discard: true }
    )

  it.effect("of a process bounds the retries of both services in an outage", () =>
    Effect.gen(function*() {
      const failing = Effect.suspend(() => Effect.fail(new Errors.UnknownError({ matchedBy: "code" })))
      const alone = yield* Call.observe(failing, outage, { within: "1 day" })
      const together = yield* Call.observe(failing, (attempt) => Effect.provide(outage(attempt), Budget), {
        within: "1 day"
      })

      assert.strictEqual(alone.attempts.length, 50 * 3 + 50 * 6)
      // 20 at the start, and one each second for as long as the calls go on.
      assert.isAtMost(together.attempts.length, 100 + 20 + Math.ceil(Duration.toSeconds(together.elapsed)))
    }))

  it.effect("is filled by successes", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.RetryBudget
      yield* budget.withdraw("Server")
      yield* suggest("Where is my order?")

      assert.closeTo(yield* budget.tokens, 19.1, 0.001)
    }).pipe(Effect.provide(Budget), Effect.provide(Emulator.layerInProcess)))
})

for (const [waiting, { deadline, policy }] of Object.entries(policies)) {
  it(`${waiting}: a hint as long as the deadline is no reason to wait`, () => {
    const retryAfter = Duration.fromInputUnsafe(deadline)
    const limited = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter } })

    assert.strictEqual(Retry.simulate(policy, [limited]).outcome, "hint")
  })
}
