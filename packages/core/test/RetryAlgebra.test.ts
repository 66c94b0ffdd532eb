import { Errors, Retry } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Schema } from "effect"

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const jitter = Arbitrary.schema(Schema.Literals(["none", "proportional", "full", "equal", "decorrelated"]))

const kind = Arbitrary.schema(Schema.Literals(Retry.kinds))

const rule = Arbitrary.map(
  Arbitrary.all([int(0, 5000), int(1, 3), int(0, 60_000), int(0, 4), jitter]),
  ([base, factor, growth, retries, jitter]): Retry.Rule => ({
    base: Duration.millis(base),
    factor,
    cap: Duration.millis(base + growth),
    retries,
    jitter
  })
)

const rules = Arbitrary.all({
  RateLimit: rule,
  Capacity: rule,
  Server: rule,
  Upstream: rule,
  Timeout: rule,
  Transport: rule
})

const limits = Arbitrary.map(
  Arbitrary.all([int(0, 15), int(1, 8), kind, int(0, 3), int(0, 200_000), int(0, 60_000)]),
  ([which, attempts, kind, retries, elapsed, longestHint]): Retry.Limits => ({
    ...((which & 1) !== 0 && { attempts }),
    ...((which & 2) !== 0 && { retriesOf: { [kind]: retries } }),
    ...((which & 4) !== 0 && { elapsed: Duration.millis(elapsed) }),
    ...((which & 8) !== 0 && { longestHint: Duration.millis(longestHint) })
  })
)

const leaf = Arbitrary.map(rules, Retry.make)

const limited = Arbitrary.map(Arbitrary.all([leaf, limits]), ([policy, limits]) => Retry.limit(policy, limits))

const combined = Arbitrary.map(
  Arbitrary.all([int(0, 3), limited, leaf, limits]),
  ([how, left, right, limits]) =>
    [
      () => Retry.andThen(left, right),
      () => Retry.stricter(left, right),
      () => Retry.lenient(left, right),
      () => Retry.limit(Retry.andThen(right, left), limits)
    ][how]!()
)

const deeper = Arbitrary.map(
  Arbitrary.all([int(0, 3), combined, combined, limits]),
  ([how, left, right, limits]) =>
    [
      () => Retry.andThen(left, right),
      () => Retry.stricter(Retry.limit(left, limits), right),
      () => Retry.lenient(Retry.limit(left, limits), right),
      () => Retry.lenient(Retry.andThen(left, Retry.never), right)
    ][how]!()
)

const policy = Arbitrary.flatMap(int(0, 3), (depth) => [leaf, limited, combined, deeper][depth]!)

const failed = (kind: Retry.Kind, hint?: number): Retry.ScriptedFailure =>
  kind === "Transport" ? kind : new Errors.UnrecognizedResponse({
    category: kind,
    response: { status: 599, ...(hint !== undefined && { retryAfter: Duration.millis(hint) }) }
  })

// Made once, since an error's stack takes longer than the rest of a draw.
const common = new Map(Retry.kinds.map((kind) => [kind, { unhinted: failed(kind), zero: failed(kind, 0) }]))

// Half of the failures come without a hint, and some with one of zero.
const failure = Arbitrary.map(Arbitrary.all([kind, int(0, 5), int(1, 90_000)]), ([kind, when, hint]) => {
  const { unhinted, zero } = common.get(kind)!
  return when < 3 ? unhinted : when === 3 ? zero : failed(kind, hint)
})

const script = Arbitrary.array(failure, { maxLength: 12 })

const random = Arbitrary.map(int(0, 100), (n) => n / 100)

/** What a policy makes of a script, but for the reason it gives. */
const behaviour = (policy: Retry.Policy, script: ReadonlyArray<Retry.ScriptedFailure>, random = 0) => {
  const { outcome, retries } = Retry.simulate(policy, script, { random })
  return {
    succeeded: outcome === "succeeded",
    waits: retries.map(({ ceiling, delay, floor }) => [floor, ceiling, delay].map(Duration.toMillis))
  }
}

const equal = (left: Retry.Policy, right: Retry.Policy, script: ReadonlyArray<Retry.ScriptedFailure>, random: number) =>
  assert.deepStrictEqual(behaviour(left, script, random), behaviour(right, script, random))

const runs = { arbitrary: { runs: 2000 } }

describe("andThen", () => {
  it.prop(
    "is associative",
    [policy, policy, policy, script, random],
    ([a, b, c, script, random]) =>
      equal(Retry.andThen(Retry.andThen(a, b), c), Retry.andThen(a, Retry.andThen(b, c)), script, random),
    runs
  )

  it.prop("has never as identity", [policy, script, random], ([a, script, random]) => {
    equal(Retry.andThen(Retry.never, a), a, script, random)
    equal(Retry.andThen(a, Retry.never), a, script, random)
  }, runs)

  it.prop(
    "never makes fewer attempts than its first",
    [policy, policy, script],
    ([a, b, script]) => {
      assert.isAtLeast(behaviour(Retry.andThen(a, b), script).waits.length, behaviour(a, script).waits.length)
    },
    runs
  )

  it("goes on where the first gave up, with counts of its own", () => {
    const once = Retry.limit(Retry.jittered(Retry.standard, "none"), { attempts: 2 })
    const { retries } = Retry.simulate(Retry.andThen(once, once), ["MODEL_OFFLINE", "MODEL_OFFLINE", "MODEL_OFFLINE"])

    assert.deepStrictEqual(retries.map(({ floor }) => Duration.toMillis(floor)), [1000, 1000])
  })
})

describe.each([["stricter", Retry.stricter], ["lenient", Retry.lenient]] as const)("%s", (_, combine) => {
  const of = (left: Retry.Policy, right: Retry.Policy) => combine(left, right)

  it.prop(
    "is associative",
    [policy, policy, policy, script, random],
    ([a, b, c, script, random]) => equal(of(of(a, b), c), of(a, of(b, c)), script, random),
    runs
  )

  it.prop(
    "is commutative",
    [policy, policy, script, random],
    ([a, b, script, random]) => equal(of(a, b), of(b, a), script, random),
    runs
  )

  it.prop(
    "is idempotent",
    [policy, script, random],
    ([a, script, random]) => equal(of(a, a), a, script, random),
    runs
  )
})

describe("never", () => {
  it.prop(
    "absorbs the stricter",
    [policy, script, random],
    ([a, script, random]) => equal(Retry.stricter(a, Retry.never), Retry.never, script, random),
    runs
  )

  it.prop(
    "is the identity of the more lenient",
    [policy, script, random],
    ([a, script, random]) => equal(Retry.lenient(a, Retry.never), a, script, random),
    runs
  )

  it.prop(
    "repeats nothing",
    [script],
    ([script]) => assert.deepStrictEqual(behaviour(Retry.never, script).waits, []),
    runs
  )
})

describe("the stricter of two", () => {
  it.prop(
    "makes no more attempts than either, and waits no less",
    [policy, policy, script],
    ([a, b, script]) => {
      const both = behaviour(Retry.stricter(a, b), script).waits
      assert.isAtMost(both.length, Math.min(behaviour(a, script).waits.length, behaviour(b, script).waits.length))
    },
    { arbitrary: { runs: 500 } }
  )
})

describe("inside of a combination", () => {
  it.prop(
    "never is still the identity of andThen",
    [policy, policy, script, random],
    ([a, c, script, random]) => {
      equal(Retry.lenient(Retry.andThen(a, Retry.never), c), Retry.lenient(a, c), script, random)
      equal(Retry.lenient(Retry.andThen(Retry.never, a), c), Retry.lenient(a, c), script, random)
    },
    runs
  )

  it.prop(
    "limits still commute",
    [policy, policy, limits, limits, script, random],
    ([a, c, one, other, script, random]) =>
      equal(
        Retry.lenient(Retry.limit(Retry.limit(a, one), other), c),
        Retry.lenient(Retry.limit(Retry.limit(a, other), one), c),
        script,
        random
      ),
    runs
  )
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

describe("limits", () => {
  it.prop(
    "are idempotent",
    [policy, limits, script, random],
    ([a, limits, script, random]) =>
      equal(Retry.limit(Retry.limit(a, limits), limits), Retry.limit(a, limits), script, random),
    runs
  )

  it.prop(
    "commute",
    [policy, limits, limits, script, random],
    ([a, one, other, script, random]) =>
      equal(Retry.limit(Retry.limit(a, one), other), Retry.limit(Retry.limit(a, other), one), script, random),
    runs
  )

  it.prop(
    "never add an attempt",
    [policy, limits, script, random],
    ([a, limits, script, random]) => {
      const free = behaviour(a, script, random).waits
      const bound = behaviour(Retry.limit(a, limits), script, random).waits
      assert.isAtMost(bound.length, free.length)
    },
    runs
  )

  it.prop("hold", [policy, limits, script, random], ([a, limits, script, random]) => {
    const { elapsed, retries } = Retry.simulate(Retry.limit(a, limits), script, { random })
    if (limits.attempts !== undefined) assert.isBelow(retries.length, Math.max(1, limits.attempts))
    if (limits.elapsed !== undefined) {
      assert.isAtMost(Duration.toMillis(elapsed), Math.ceil(Duration.toMillis(limits.elapsed)))
    }
    for (const kind of Retry.kinds) {
      const most = limits.retriesOf?.[kind]
      if (most !== undefined) {
        assert.isAtMost(retries.filter((retry) => retry.kind === kind).length, most)
      }
    }
    for (const { hint } of retries) {
      if (limits.longestHint !== undefined && hint !== undefined) {
        assert.isTrue(Duration.isLessThanOrEqualTo(hint, Duration.fromInputUnsafe(limits.longestHint)))
      }
    }
  }, runs)
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

describe("override, without, only, jittered", () => {
  it.prop(
    "override is right-biased",
    [policy, kind, rule, rule, script, random],
    ([a, kind, one, other, script, random]) =>
      equal(Retry.override(Retry.override(a, kind, one), kind, other), Retry.override(a, kind, other), script, random),
    runs
  )

  it.prop(
    "overrides of different kinds commute",
    [policy, rule, rule, script, random],
    ([a, one, other, script, random]) =>
      equal(
        Retry.override(Retry.override(a, "Server", one), "Capacity", other),
        Retry.override(Retry.override(a, "Capacity", other), "Server", one),
        script,
        random
      ),
    runs
  )

  it.prop(
    "override makes the rule its own",
    [rules, kind, rule, script],
    ([base, kind, rule, script]) =>
      equal(Retry.override(Retry.make(base), kind, rule), Retry.make({ ...base, [kind]: rule }), script, 0),
    runs
  )

  it.prop(
    "without is idempotent, and only is without the others",
    [policy, kind, script, random],
    ([a, kind, script, random]) => {
      equal(Retry.without(Retry.without(a, kind), kind), Retry.without(a, kind), script, random)
      equal(Retry.only(a, kind), Retry.without(a, Retry.kinds.filter((other) => other !== kind)), script, random)
    },
    runs
  )

  it.prop("without repeats none of the kind", [policy, kind, script], ([a, kind, script]) => {
    const { retries } = Retry.simulate(Retry.without(a, kind), script)
    assert.isFalse(retries.some((retry) => retry.kind === kind))
  }, runs)

  it.prop(
    "the last jitter holds",
    [policy, jitter, jitter, script, random],
    ([a, one, other, script, random]) =>
      equal(Retry.jittered(Retry.jittered(a, one), other), Retry.jittered(a, other), script, random),
    runs
  )
})

describe("every policy", () => {
  it.prop(
    "waits no less than the server asks, wherever in its interval it draws",
    [policy, script, random],
    ([a, script, random]) => {
      for (const { ceiling, delay, floor, hint } of Retry.simulate(a, script, { random }).retries) {
        assert.isTrue(hint === undefined || Duration.isGreaterThanOrEqualTo(floor, hint))
        assert.isTrue(Duration.isGreaterThanOrEqualTo(delay, floor))
        assert.isAtMost(Duration.toMillis(delay), Math.ceil(Duration.toMillis(ceiling)))
        assert.isTrue(Number.isFinite(Duration.toMillis(ceiling)))
      }
    },
    { arbitrary: { runs: 5000 } }
  )

  it.prop(
    "keeps the state of a kind whatever fails in between",
    [rules, script],
    ([base, script]) => {
      const policy = Retry.make(base)
      const alone = Retry.simulate(policy, script.filter((failure) => failure === "Transport"))
      const mixed = Retry.simulate(policy, script).retries.filter((retry) => retry.kind === "Transport")
      const waits = (retries: ReadonlyArray<Retry.SimulatedRetry>) =>
        retries.slice(0, mixed.length).map(({ floor }) => Duration.toMillis(floor))

      assert.deepStrictEqual(waits(mixed), waits(alone.retries))
    },
    runs
  )

  it.prop("grows by its factor up to its cap", [rule], ([base]) => {
    const steady = { ...base, jitter: "none", retries: 6 } as const
    const { retries } = Retry.simulate(
      Retry.make({ ...Retry.standardRules, Server: steady }),
      Array.from({ length: 6 }, () => "UNKNOWN_ERROR")
    )

    retries.forEach(({ floor }, i) => {
      const expected = Math.min(Duration.toMillis(steady.base) * steady.factor ** i, Duration.toMillis(steady.cap))
      assert.strictEqual(Duration.toMillis(floor), expected)
    })
  }, runs)
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
