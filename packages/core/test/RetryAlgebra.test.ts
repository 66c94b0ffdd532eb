import { Errors, Retry } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { algebra } from "./retryAlgebra.ts"

algebra(60)

it("andThen goes on where the first gave up, with counts of its own", () => {
  const once = Retry.limit(Retry.jittered(Retry.standard, "none"), { attempts: 2 })
  const { retries } = Retry.simulate(Retry.andThen(once, once), ["MODEL_OFFLINE", "MODEL_OFFLINE", "MODEL_OFFLINE"])

  assert.deepStrictEqual(retries.map(({ floor }) => Duration.toMillis(floor)), [1000, 1000])
})

describe("the waits", () => {
  const base: Retry.Rule = {
    base: Duration.seconds(1),
    factor: 2,
    cap: Duration.seconds(60),
    retries: 9,
    jitter: "none"
  }

  const of = (rule: Partial<Retry.Rule>) =>
    Retry.override(Retry.make(Retry.standardRules), "RateLimit", { ...base, ...rule })

  const hinted = (seconds: number) =>
    new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(seconds) } })

  const intervals = (policy: Retry.Policy, script: ReadonlyArray<Retry.ScriptedFailure>, random = 0) =>
    Retry.simulate(policy, script, { random }).retries.map(({ ceiling, floor }) =>
      [floor, ceiling].map(Duration.toSeconds)
    )

  const script = ["RATE_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED", hinted(30), "RATE_LIMIT_EXCEEDED"]

  it.each<[Retry.Jitter, number, ReadonlyArray<readonly [number, number]>]>([
    ["none", 0, [[1, 1], [2, 2], [30, 30], [8, 8]]],
    ["proportional", 0, [[1, 1.25], [2, 2.5], [30, 37.5], [8, 10]]],
    ["full", 0, [[0, 1], [0, 2], [30, 34], [0, 8]]],
    ["equal", 0, [[0.5, 1], [1, 2], [30, 32], [4, 8]]],
    // From 1 s to three times the wait before; what was added to the hint is what the next one grows from.
    ["decorrelated", 1, [[1, 3], [1, 9], [30, 56], [1, 60]]],
    ["decorrelated", 0, [[1, 3], [1, 3], [30, 32], [1, 3]]]
  ])("with jitter %s, drawn at %i, lie where they are documented", (jitter, random, expected) => {
    assert.deepStrictEqual(intervals(of({ jitter }), script, random), expected.map((interval) => [...interval]))
  })

  it("of the stricter are the longer, of the more lenient the shorter", () => {
    const slow = of({ base: Duration.seconds(10), jitter: "proportional" })
    const fast = of({ jitter: "proportional" })

    assert.deepStrictEqual(intervals(Retry.stricter(slow, fast), ["RATE_LIMIT_EXCEEDED"]), [[10, 12.5]])
    assert.deepStrictEqual(intervals(Retry.stricter(fast, slow), ["RATE_LIMIT_EXCEEDED"]), [[10, 12.5]])
    assert.deepStrictEqual(intervals(Retry.lenient(slow, fast), ["RATE_LIMIT_EXCEEDED"]), [[1, 1.25]])
    assert.deepStrictEqual(intervals(Retry.lenient(fast, slow), ["RATE_LIMIT_EXCEEDED"]), [[1, 1.25]])
  })

  it("end with a day, whatever the limits", () => {
    assert.strictEqual(Retry.simulate(of({}), [hinted(86_400)]).outcome, "succeeded")
    assert.strictEqual(Retry.simulate(of({}), [hinted(86_401)]).outcome, "hint")
    assert.strictEqual(
      Retry.simulate(Retry.limit(of({}), { longestHint: Duration.infinity }), [hinted(1e9)]).outcome,
      "hint"
    )
  })

  it("are numbers, whatever the rules", () => {
    const zero = of({ base: Duration.zero, retries: 2000 })
    const { retries } = Retry.simulate(zero, Array.from({ length: 1500 }, () => "RATE_LIMIT_EXCEEDED"))

    assert.isTrue(retries.every(({ delay }) => Duration.equals(delay, Duration.zero)))
    assert.include(Retry.renderSvg(Retry.limit(of({}), { longestHint: Duration.infinity })), "</svg>")
  })

  it("by kind are limited by kind", () => {
    const limited = Retry.limit(of({}), { retriesOf: { RateLimit: 1 } })
    const mixed = ["MODEL_OFFLINE", "RATE_LIMIT_EXCEEDED", "MODEL_OFFLINE", "RATE_LIMIT_EXCEEDED"]

    assert.strictEqual(Retry.simulate(limited, mixed).retries.length, 3)
  })
})

describe("nonsense", () => {
  const rule = { base: "1 second", factor: 2, cap: "8 seconds", retries: 3, jitter: "none" } as const

  it.each<[string, Partial<Retry.Rule>, string]>([
    ["a negative base", { base: -1 }, "the base of Server must be a duration that is not negative, and is -1"],
    ["an infinite base", { base: "Infinity" }, "the base of Server must be a finite duration"],
    [
      "an unreadable cap",
      { cap: "soon" as never },
      "the cap of Server must be a duration that is not negative, and is soon"
    ],
    ["a cap below the base", { cap: "999 millis" }, "the cap of Server must be at least its base of 1s, and is 999ms"],
    ["a factor below one", { factor: 0.99 }, "the factor of Server must be a finite number of at least 1, and is 0.99"],
    ["no factor", { factor: NaN }, "the factor of Server must be a finite number of at least 1, and is NaN"],
    ["negative retries", { retries: -1 }, "the retries of Server must be a whole number of at least 0, and is -1"],
    ["half a retry", { retries: 0.5 }, "the retries of Server must be a whole number of at least 0, and is 0.5"]
  ])("in a rule is refused where it is written: %s", (_, part, message) => {
    assert.throws(() => Retry.override(Retry.standard, "Server", { ...rule, ...part }), RangeError, message)
    assert.throws(() => Retry.make({ ...Retry.standardRules, Server: { ...rule, ...part } }), RangeError, message)
  })

  it.each<[string, Retry.Limits, string]>([
    ["NaN attempts", { attempts: NaN }, "the limit of attempts must be a whole number of at least 1, and is NaN"],
    ["no attempt", { attempts: 0 }, "the limit of attempts must be a whole number of at least 1, and is 0"],
    ["negative retries", { retriesOf: { Server: -1 } }, "the limit of retries of Server must be a whole number"],
    ["negative time", { elapsed: -1 }, "the limit of elapsed time must be a duration that is not negative"],
    ["a negative hint", { longestHint: -1 }, "the longest hint must be a duration that is not negative"]
  ])("in a limit is refused where it is written: %s", (_, limits, message) => {
    assert.throws(() => Retry.limit(Retry.standard, limits), RangeError, message)
  })

  it("is not what a rule or a limit may be", () => {
    Retry.override(Retry.standard, "Server", { ...rule, base: 0, factor: 1, cap: 0, retries: Infinity })
    Retry.limit(Retry.standard, { attempts: Infinity, elapsed: 0, longestHint: "Infinity", retriesOf: { Server: 0 } })
  })
})

describe("the presets", () => {
  const outcome = (policy: Retry.Policy, code: string) => {
    const { elapsed, outcome, retries } = Retry.simulate(policy, Array.from({ length: 100 }, () => code))
    return [retries.length, outcome, Duration.format(elapsed)]
  }

  it("are as documented", () => {
    assert.deepStrictEqual(outcome(Retry.standard, "RATE_LIMIT_EXCEEDED"), [4, "attempts", "15s"])
    assert.deepStrictEqual(outcome(Retry.standard, "INFERENCE_FAILED"), [3, "retries", "3s 500ms"])
    assert.deepStrictEqual(outcome(Retry.standard, "REQUEST_TIMEOUT"), [1, "retries", "1s"])
    assert.deepStrictEqual(outcome(Retry.patient, "MODEL_AT_CAPACITY"), [40, "retries", "2h 55m 15s"])
    assert.deepStrictEqual(outcome(Retry.eager, "MODEL_OFFLINE"), [3, "attempts", "0"])
    assert.deepStrictEqual(outcome(Retry.never, "MODEL_OFFLINE"), [0, "retries", "0"])
  })
})
