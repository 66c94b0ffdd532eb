/** The algebraic laws of policies, with as many runs as the caller has time for. */
import { Retry } from "@effect-venice/core"
import { Arbitraries, Laws } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Schema } from "effect"

const { jitter, kind, limits, policy, rule, rules } = Arbitraries

const script = Arbitrary.map(Arbitraries.failures, (attempts) => attempts.map(({ failure }) => failure))

const random = Arbitrary.schema(Schema.Literals([0, 0.5, 1, 0.01, 0.25, 0.75, 0.99]))

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

export const algebra = (count: number): void => {
  const runs = { arbitrary: { runs: count } }

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
      runs
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

  describe("override, without, only, jittered", () => {
    it.prop(
      "override is right-biased",
      [policy, kind, rule, rule, script, random],
      ([a, kind, one, other, script, random]) =>
        equal(
          Retry.override(Retry.override(a, kind, one), kind, other),
          Retry.override(a, kind, other),
          script,
          random
        ),
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
    it.effect.prop("keeps the laws", [policy], ([a]) => Laws.check(Laws.policy(a), { runs: 4 }), {
      arbitrary: { runs: Math.ceil(count / 4) }
    })

    it.prop(
      "draws its delays from their intervals, which begin with the hint",
      [policy, script, random],
      ([a, script, random]) => {
        for (const { ceiling, delay, floor, hint } of Retry.simulate(a, script, { random }).retries) {
          assert.isTrue(hint === undefined || Duration.isGreaterThanOrEqualTo(floor, hint))
          assert.isTrue(Duration.isGreaterThanOrEqualTo(delay, floor))
          assert.isAtMost(Duration.toMillis(delay), Math.ceil(Duration.toMillis(ceiling)))
          assert.isTrue(Number.isFinite(Duration.toMillis(ceiling)))
        }
      },
      runs
    )

    it.prop(
      "keeps the state of a kind whatever fails in between",
      [rules, script],
      ([base, script]) => {
        const policy = Retry.make(base)
        const alone = Retry.simulate(policy, script.filter((failure) => Retry.kindOf(failure) === "Transport"))
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
}
