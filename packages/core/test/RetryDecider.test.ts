/** The decisions of a policy at both sides of each limit. The files in `golden/` are to be read in review. */
import { Errors, Retry } from "@effect-venice/core"
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { within } from "../src/internal/retrying/decider.ts"

const failed = (kind: Retry.Kind, hint?: Duration.Input): Retry.ScriptedFailure =>
  kind === "Transport" ? kind : new Errors.UnrecognizedResponse({
    category: kind,
    response: { status: 599, ...(hint !== undefined && { retryAfter: Duration.fromInputUnsafe(hint) }) }
  })

const rule: Retry.Rule = { base: 1000, factor: 2, cap: 8000, retries: 3, jitter: "none" }

const rulesOf = (part: Partial<Retry.Rule> = {}): Retry.Policy => {
  const each = { ...rule, ...part }
  return Retry.make({ RateLimit: each, Capacity: each, Server: each, Upstream: each, Timeout: each, Transport: each })
}

const ends = (policy: Retry.Policy, script: ReadonlyArray<Retry.ScriptedFailure>) => {
  const { outcome, retries } = Retry.simulate(policy, script)
  return `${retries.length} ${outcome}`
}

const again = <A>(value: A, times: number): ReadonlyArray<A> => Array.from({ length: times }, () => value)

const golden = (name: string, lines: ReadonlyArray<string>) =>
  expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name}`)

describe("a rule", () => {
  it("has its intervals written down, in milliseconds", async () => {
    const hints = [undefined, 0, 1, 499, 500, 501, 999, 1000, 1001, 2500, 86_400_000, 86_400_001]
    const shapes: ReadonlyArray<Partial<Retry.Rule>> = [
      {},
      { base: 0, cap: 0 },
      { base: 0, cap: 8000 },
      { base: 1000, cap: 1000 },
      { base: 1000, factor: 1 },
      { base: 1000, factor: 1.5, cap: 2000 },
      { base: 1000, factor: 1e300, cap: 9000, retries: 4 }
    ]
    const jitters = ["none", "proportional", "full", "equal", "decorrelated"] as const
    const intervals = (part: Partial<Retry.Rule>, script: ReadonlyArray<Retry.ScriptedFailure>, random: number) => {
      const { outcome, retries } = Retry.simulate(rulesOf(part), script, { random })
      const waits = retries.map(({ ceiling, delay, floor }) =>
        `${Duration.toMillis(floor)} to ${Duration.toMillis(ceiling)} is ${Duration.toMillis(delay)}`
      )
      return [...waits, outcome].join(", ")
    }
    const lines = [
      "# The second retry, after a hint",
      ...jitters.flatMap((jitter) =>
        hints.map((hint) =>
          `${jitter}, hint ${hint ?? "none"} → ${intervals({ jitter }, [failed("Server"), failed("Server", hint)], 0)}`
        )
      ),
      "",
      "# Four failures, drawn in the middle and at the ceiling",
      ...jitters.flatMap((jitter) =>
        shapes.flatMap((shape) =>
          [0.5, 1].map((random) =>
            `${jitter} ${JSON.stringify(shape)} at ${random} → ${
              intervals({ ...shape, jitter }, again(failed("Server"), 4), random)
            }`
          )
        )
      ),
      "",
      "# A hint before a failure without",
      ...jitters.flatMap((jitter) =>
        [0, 1].map((random) =>
          `${jitter} at ${random} → ${
            intervals({ jitter, cap: 60_000 }, [failed("Server", 5000), failed("Server"), failed("Server")], random)
          }`
        )
      )
    ]

    await golden("intervals.txt", lines)
  })

  it("counts the retries of its kind only", () => {
    const mixed = [...again(failed("Server"), 3), ...again(failed("Capacity"), 3)]

    assert.strictEqual(ends(rulesOf(), mixed), "6 succeeded")
    assert.strictEqual(ends(rulesOf(), [...mixed, failed("Server")]), "6 retries")
    assert.strictEqual(ends(rulesOf({ retries: 0 }), [failed("Server")]), "0 retries")
    assert.strictEqual(ends(rulesOf({ retries: Infinity }), again(failed("Server"), 2000)), "2000 succeeded")
  })

  it("spreads the delays of each kind by those of the kind alone, if they are decorrelated", () => {
    const delays = (script: ReadonlyArray<Retry.ScriptedFailure>) =>
      Retry.simulate(rulesOf({ jitter: "decorrelated", cap: 60_000 }), script, { random: 1 }).retries
        .map(({ delay, kind }) => `${kind} ${Duration.toMillis(delay)}`)

    assert.deepStrictEqual(
      delays(["Server", "Capacity", "Server", "Capacity"].map((kind) => failed(kind as Retry.Kind))),
      ["Server 3000", "Capacity 3000", "Server 9000", "Capacity 9000"]
    )
  })

  it("accepts a hint of a day, and none that is longer", () => {
    assert.strictEqual(ends(rulesOf(), [failed("Server", 86_400_000)]), "1 succeeded")
    assert.strictEqual(ends(rulesOf(), [failed("Server", 86_400_001)]), "0 hint")
  })

  it("without a base has no delay, however large its factor", () => {
    const eager = Retry.limit(rulesOf({ base: 0, factor: 1e300, retries: 4 }), { elapsed: 1 })

    assert.strictEqual(ends(eager, again(failed("Server"), 4)), "4 succeeded")
  })

  it("is out of retries before its hint is too long", () => {
    assert.strictEqual(ends(rulesOf({ retries: 0 }), [failed("Server", "2 days")]), "0 retries")
  })
})

describe("a limit", () => {
  const limited = (limits: Retry.Limits, script: ReadonlyArray<Retry.ScriptedFailure>, part?: Partial<Retry.Rule>) =>
    ends(Retry.limit(rulesOf(part), limits), script)

  it("counts the first attempt", () => {
    assert.strictEqual(limited({ attempts: 1 }, [failed("Server")]), "0 attempts")
    assert.strictEqual(limited({ attempts: 2 }, [failed("Server")]), "1 succeeded")
    assert.strictEqual(limited({ attempts: 2 }, [failed("Server"), failed("Timeout")]), "1 attempts")
  })

  it("counts the retries of each kind", () => {
    const limits = { retriesOf: { Server: 1, Timeout: 0 } }

    assert.strictEqual(limited(limits, [failed("Server"), failed("Capacity")]), "2 succeeded")
    assert.strictEqual(limited(limits, [failed("Server"), failed("Server")]), "1 retries")
    assert.strictEqual(limited(limits, [failed("Timeout")]), "0 retries")
    assert.strictEqual(limited(limits, again(failed("Capacity"), 3)), "3 succeeded")
    assert.strictEqual(limited({ retriesOf: { Server: 2 } }, again(failed("Server"), 3)), "2 retries")
  })

  it("bounds the hint", () => {
    assert.strictEqual(limited({ longestHint: 3000 }, [failed("Server", 3000)]), "1 succeeded")
    assert.strictEqual(limited({ longestHint: 3000 }, [failed("Server", 3001)]), "0 hint")
    assert.strictEqual(limited({ longestHint: 0 }, [failed("Server")]), "1 succeeded")
  })

  it("bounds the time from the first failure to the last attempt, jitter included", () => {
    const twice = again(failed("Server"), 2)

    assert.strictEqual(limited({ elapsed: 3000 }, twice), "2 succeeded")
    assert.strictEqual(limited({ elapsed: 2999 }, twice), "1 elapsed")
    assert.strictEqual(limited({ elapsed: 999 }, twice), "0 elapsed")
    assert.strictEqual(limited({ elapsed: 1250 }, [failed("Server")], { jitter: "proportional" }), "1 succeeded")
    assert.strictEqual(limited({ elapsed: 1249 }, [failed("Server")], { jitter: "proportional" }), "0 elapsed")
  })

  it("names the first that is reached: attempts, retries of the kind, hint, the policy's own reason, time", () => {
    const all: Retry.Limits = { attempts: 1, retriesOf: { Server: 0 }, longestHint: 0, elapsed: 0 }
    const { attempts: _, ...noAttempts } = all
    const { retriesOf: __, ...noRetries } = noAttempts
    const { longestHint: ___, ...noHint } = noRetries
    const script = [failed("Server", 5)]

    assert.strictEqual(limited(all, script), "0 attempts")
    assert.strictEqual(limited(noAttempts, script, { retries: 0 }), "0 retries")
    assert.strictEqual(limited(noAttempts, script), "0 retries")
    assert.strictEqual(limited(noRetries, script), "0 hint")
    assert.strictEqual(limited(noRetries, script, { retries: 0 }), "0 hint")
    assert.strictEqual(limited(noHint, script, { retries: 0 }), "0 retries")
    assert.strictEqual(limited(noHint, script), "0 elapsed")
  })
})

describe("a combination", () => {
  const attempts = Retry.limit(rulesOf(), { attempts: 1 })
  const hint = Retry.limit(rulesOf(), { longestHint: 0 })
  const retries = rulesOf({ retries: 0 })
  const script = [failed("Server", 5)]

  it("gives the reason of the part that gave up first, or of the last that could have retried", () => {
    assert.strictEqual(ends(Retry.stricter(attempts, hint), script), "0 attempts")
    assert.strictEqual(ends(Retry.stricter(hint, attempts), script), "0 hint")
    assert.strictEqual(ends(Retry.stricter(rulesOf(), attempts), script), "0 attempts")
    assert.strictEqual(ends(Retry.stricter(attempts, rulesOf()), script), "0 attempts")
    assert.strictEqual(ends(Retry.lenient(attempts, hint), script), "0 hint")
    assert.strictEqual(ends(Retry.lenient(hint, attempts), script), "0 attempts")
    assert.strictEqual(ends(Retry.lenient(hint, rulesOf()), script), "1 succeeded")
    assert.strictEqual(ends(Retry.lenient(rulesOf(), hint), script), "1 succeeded")
    assert.strictEqual(ends(Retry.andThen(attempts, retries), script), "0 retries")
    assert.strictEqual(ends(Retry.andThen(retries, attempts), script), "0 attempts")
  })

  it("in sequence starts the clock of the second part when the first gives up", () => {
    const second = Retry.limit(rulesOf({ base: 2000 }), { elapsed: 2000 })

    assert.strictEqual(ends(Retry.andThen(rulesOf({ retries: 2 }), second), again(failed("Server"), 3)), "3 succeeded")
    assert.strictEqual(ends(Retry.andThen(rulesOf({ retries: 2 }), second), again(failed("Server"), 4)), "3 elapsed")
  })

  it("in sequence counts a retry in the part that decided on it", () => {
    const first = Retry.limit(rulesOf({ retries: 1 }), { longestHint: 0 })
    const both = Retry.andThen(first, rulesOf({ base: 3000 }))
    const script = [failed("Server", 5), failed("Server"), failed("Server")]

    assert.deepStrictEqual(
      Retry.simulate(both, script).retries.map(({ floor }) => Duration.toMillis(floor)),
      [3000, 1000, 6000]
    )
  })

  it("in sequence counts a retry in both parts if another part of the policy decided on it", () => {
    const first = Retry.limit(rulesOf({ retries: 1 }), { longestHint: 0 })
    const second = Retry.limit(rulesOf({ base: 2000, retries: 1 }), { longestHint: 0 })
    const policy = Retry.lenient(Retry.andThen(first, second), rulesOf({ base: 4000 }))
    const script = [failed("Server", 5), failed("Server")]

    assert.deepStrictEqual(
      Retry.simulate(policy, script).retries.map(({ floor }) => Duration.toMillis(floor)),
      [4000, 8000]
    )
  })

  it("in sequence goes back to the first part for a kind that it still retries", () => {
    const both = Retry.andThen(rulesOf({ retries: 1 }), rulesOf({ base: 3000 }))
    const script = [failed("Server"), failed("Server"), failed("Capacity"), failed("Server")]

    assert.deepStrictEqual(
      Retry.simulate(both, script).retries.map(({ floor }) => Duration.toMillis(floor)),
      [1000, 3000, 1000, 6000]
    )
  })
})

describe("a delay before a deadline", () => {
  it("is written down", async () => {
    const delays = [[0, 0], [0, 1000], [499, 1000], [500, 1000], [501, 1000], [1000, 1000]] as const
    const left = [-1, 0, 1, 499, 500, 501, 999, 1000, 1001, NaN]
    const lines = delays.flatMap(([floor, ceiling]) =>
      left.map((remaining) => {
        const decision = within({ _tag: "Delay", floor, ceiling }, remaining, "deadline")
        return `${floor} to ${ceiling}, ${remaining} left → ${
          decision._tag === "Delay" ? `${decision.floor} to ${decision.ceiling}` : decision.reason
        }`
      })
    )

    await golden("deadlines.txt", lines)
  })
})

describe("nonsense in a rule or a limit", () => {
  const message = (f: () => unknown): string => {
    try {
      f()
      return "accepted"
    } catch (error) {
      return String(error)
    }
  }

  it("is refused, and its neighbour is not", async () => {
    const durations: ReadonlyArray<unknown> = [-1, 0, 1, 1000, "Infinity", Infinity, NaN, "soon", undefined, null, {
      seconds: -1
    }]
    const numbers = [-Infinity, -1, -0.5, 0, 0.5, 0.99, 1, 1.5, 2, Infinity, NaN, "2", undefined]
    const show = (value: unknown) => typeof value === "number" ? String(value) : JSON.stringify(value)
    const rules = (name: keyof Retry.Rule, values: ReadonlyArray<unknown>) =>
      values.map((value) =>
        `${name} ${show(value)} → ${message(() => Retry.override(rulesOf(), "Server", { ...rule, [name]: value }))}`
      )
    const limits = (name: keyof Retry.Limits, values: ReadonlyArray<unknown>) =>
      values.map((value) => `${name} ${show(value)} → ${message(() => Retry.limit(rulesOf(), { [name]: value }))}`)
    const lines = [
      "# A rule with a base of 1 s and a cap of 8 s",
      ...rules("base", [...durations, 8000, 8001]),
      ...rules("cap", [...durations, 999]),
      ...rules("factor", numbers),
      ...rules("retries", numbers),
      "",
      "# A limit",
      ...limits("attempts", numbers),
      ...limits("elapsed", durations),
      ...limits("longestHint", durations),
      ...numbers.map((value) =>
        `retriesOf Server ${show(value)} → ${
          message(() => Retry.limit(rulesOf(), { retriesOf: { Server: value as number } }))
        }`
      )
    ]

    await golden("nonsense.txt", lines)
  })
})
