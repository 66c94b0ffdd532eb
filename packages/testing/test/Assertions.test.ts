import type { VeniceError } from "@effect-venice/core"
import { Errors, Retry } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { Assertions, Call } from "@effect-venice/testing"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit } from "effect"

type End = VeniceError.VeniceError | Failure.UnexpectedBody | Cause.TimeoutError | "success" | "interrupted"

/** A call with these attempts, at these seconds. */
const call = (operation: string | undefined, ...attempts: ReadonlyArray<readonly [number, End]>): Call.Attempted => ({
  attempts: attempts.map(([at, end]) => ({
    at: Duration.seconds(at),
    took: Duration.zero,
    operation,
    failure: typeof end === "string" ? undefined : end,
    end: end === "success" ? "succeeded" : typeof end === "string" ? end : "failed"
  }))
})

const limited = new Errors.RateLimitExceeded({
  limit: "requests",
  response: { status: 429, retryAfter: Duration.seconds(2) }
})

const twice = call("POST /chat/completions", [0, limited], [1, "success"])

/** What a failing assertion throws. */
const thrown = (f: () => unknown): Assertions.AssertionError => {
  try {
    f()
  } catch (error) {
    if (error instanceof Assertions.AssertionError) return error
    throw error
  }
  return assert.fail("the assertion passed")
}

const passes = (f: () => unknown) => assert.doesNotThrow(f)

describe("a failure", () => {
  const exit: Exit.Exit<number, Errors.RateLimitExceeded | Errors.ModelOffline> = Exit.fail(limited)

  it("of the code and with the fields passes, and is returned", () => {
    const error = Assertions.failed(exit, "RATE_LIMIT_EXCEEDED", {
      limit: "requests",
      response: { retryAfter: Duration.seconds(2) }
    })

    assert.strictEqual(error.limit, "requests")
  })

  it.effect("of an effect passes, and is returned", () =>
    Effect.gen(function*() {
      const error = yield* Assertions.fails(Effect.fail(limited), "RATE_LIMIT_EXCEEDED")

      assert.strictEqual(error, limited)
    }))

  it("of another code, a success, a defect and an interruption do not", () => {
    thrown(() => Assertions.failed(exit, "MODEL_OFFLINE"))
    thrown(() => Assertions.failed(Exit.succeed(1) as typeof exit, "MODEL_OFFLINE"))
    thrown(() => Assertions.failed(Exit.die("no") as typeof exit, "MODEL_OFFLINE"))
    thrown(() => Assertions.failed(Exit.interrupt(1) as typeof exit, "MODEL_OFFLINE"))
  })

  it("with another field does not", () => {
    const { actual, expected } = thrown(() =>
      Assertions.failed(exit, "RATE_LIMIT_EXCEEDED", { limit: "tokens", response: { retryAfter: Duration.seconds(3) } })
    )

    assert.deepStrictEqual(actual, { limit: "requests", response: { retryAfter: "2s" } })
    assert.deepStrictEqual(expected, { limit: "tokens", response: { retryAfter: "3s" } })
  })
})

describe("attempts", () => {
  it("are counted", () => {
    passes(() => Assertions.attempted(twice, 2))
    thrown(() => Assertions.attempted(twice, 1))
    thrown(() => Assertions.attempted(twice, 3))
  })

  it("are at their times, and in their intervals", () => {
    passes(() => Assertions.attemptedAt(twice, ["0 seconds", "1 second"]))
    passes(() => Assertions.attemptedAt(twice, [0, { from: "1 second", to: "2 seconds" }]))
    passes(() => Assertions.attemptedAt(twice, [0, { from: "500 millis", to: "1 second" }]))
    thrown(() => Assertions.attemptedAt(twice, [0, { from: "1001 millis", to: "2 seconds" }]))
    thrown(() => Assertions.attemptedAt(twice, [0, "999 millis"]))
    thrown(() => Assertions.attemptedAt(twice, [0]))
    thrown(() => Assertions.attemptedAt(twice, [0, "1 second", "2 seconds"]))
  })

  it("wait at least so long, and as long as the server asks", () => {
    passes(() => Assertions.waitedAtLeast(twice, "1 second"))
    thrown(() => Assertions.waitedAtLeast(twice, "1001 millis"))
    thrown(() => Assertions.respectedHints(twice))
    passes(() => Assertions.respectedHints(call("GET /models", [0, limited], [2, "success"])))
    passes(() => Assertions.respectedHints(call("GET /models", [0, new Errors.ModelOffline()], [0, "success"])))
  })

  it("are not repeated", () => {
    passes(() => Assertions.neverRetried(call("GET /models", [0, limited])))
    thrown(() => Assertions.neverRetried(twice))
  })
})

describe("a charge", () => {
  const lost = new Cause.TimeoutError()
  const failed = new Errors.InferenceFailed()
  const unexpected = new Failure.UnexpectedBody({ message: "no", differences: [], response: { status: 200 } })

  it.each<[string, string | undefined, End, boolean]>([
    ["a refusal", "POST /video/queue", limited, true],
    ["a final error", "POST /video/queue", new Errors.InvalidRequest(), true],
    ["a failure of a run that is billed afterwards", "POST /chat/completions", failed, true],
    ["a failure of what is charged before the answer", "POST /video/queue", failed, false],
    ["a lost response", "POST /chat/completions", lost, false],
    ["a lost response of what is free", "GET /models", lost, true],
    ["a lost response of nobody knows what", undefined, lost, false],
    ["a success", "POST /chat/completions", "success", false],
    ["a success of what is free", "GET /models", "success", true],
    ["a success that could not be read", "POST /chat/completions", unexpected, false],
    ["an interruption", "POST /image/generate", "interrupted", false]
  ])("comes once when another attempt follows %s: %s", (_, operation, end, isOnce) => {
    const assertion = () => Assertions.chargedOnce(call(operation, [0, end], [1, "success"]))

    if (isOnce) passes(assertion)
    else thrown(assertion)
  })

  it("comes once with one attempt", () => {
    passes(() => Assertions.chargedOnce(call("POST /video/queue", [0, "success"])))
    passes(() => Assertions.chargedOnce(call("POST /video/queue", [0, lost])))
  })
})

it("an end by itself is no interruption", () => {
  passes(() => Assertions.notInterrupted(Exit.succeed(1)))
  passes(() => Assertions.notInterrupted(Exit.fail(limited)))
  thrown(() => Assertions.notInterrupted(Exit.interrupt(1)))
})

it("a success has its value", () => {
  assert.strictEqual(Assertions.succeeded(Exit.succeed(1)), 1)
  thrown(() => Assertions.succeeded(Exit.fail(limited)))
})

it("the messages say what was expected and what happened", async () => {
  const exit: Exit.Exit<{ readonly id: number }, VeniceError.VeniceError | Cause.TimeoutError> = Exit.fail(limited)
  const cases: ReadonlyArray<readonly [string, () => unknown]> = [
    ["another code", () => Assertions.failed(exit, "MODEL_OFFLINE")],
    ["another failure", () => Assertions.failed(Exit.fail(new Cause.TimeoutError("late")) as typeof exit, "GONE")],
    ["a success", () => Assertions.failed(Exit.succeed({ id: 1 }) as typeof exit, "MODEL_OFFLINE")],
    ["a defect", () => Assertions.failed(Exit.die(new Error("broken")) as typeof exit, "MODEL_OFFLINE")],
    ["an interruption", () => Assertions.failed(Exit.interrupt(1) as typeof exit, "MODEL_OFFLINE")],
    ["other fields", () =>
      Assertions.failed(exit, "RATE_LIMIT_EXCEEDED", {
        limit: "tokens",
        message: "Slow down",
        response: { status: 429, retryAfter: Duration.minutes(1), requestId: "r-1" }
      })],
    ["no success", () => Assertions.succeeded(exit)],
    ["interrupted", () => Assertions.notInterrupted(Exit.interrupt(1))],
    ["a count", () => Assertions.attempted(twice, 3)],
    ["no attempt", () => Assertions.attempted(call(undefined), 1)],
    ["times", () => Assertions.attemptedAt(twice, ["0 seconds", { from: "2 seconds", to: "2500 millis" }])],
    ["a wait", () => Assertions.waitedAtLeast(twice, "1 minute")],
    ["a hint", () => Assertions.respectedHints(twice)],
    ["a retry", () => Assertions.neverRetried(twice)],
    ["a charge", () => Assertions.chargedOnce(call("POST /video/queue", [0, new Cause.TimeoutError()], [1, "success"]))]
  ]
  const texts = cases.map(([name, assertion]) => {
    const { actual, expected, message } = thrown(assertion)
    return `== ${name}\n${message}\n- ${JSON.stringify(expected)}\n+ ${JSON.stringify(actual)}\n`
  })

  await expect(texts.join("\n")).toMatchFileSnapshot("golden/assertions.txt")
})

it("is an error that test runners know", () => {
  const error = thrown(() => Assertions.attempted(twice, 3))

  assert.deepInclude(error, { name: "AssertionError", code: "ERR_ASSERTION", actual: 2, expected: 3 })
})

it.effect("a real policy passes what it promises", () =>
  Effect.gen(function*() {
    const observed = yield* Call.observe(Effect.fail(limited), Effect.retry(Retry.standard), {
      operation: "POST /video/queue"
    })

    Assertions.attempted(observed, 5)
    Assertions.respectedHints(observed)
    Assertions.chargedOnce(observed)
    Assertions.failed(observed.exit, "RATE_LIMIT_EXCEEDED")
  }))
