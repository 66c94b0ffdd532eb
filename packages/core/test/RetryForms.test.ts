import { Retry } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const ofEachKind = [
  "RATE_LIMIT_EXCEEDED",
  "MODEL_OFFLINE",
  "UNKNOWN_ERROR",
  "TEE_SIGNATURE_FAILED",
  "REQUEST_TIMEOUT",
  "Transport"
] as const

const behaviour = (policy: Retry.Policy): string =>
  ofEachKind.map((failure) => Retry.render(Retry.simulate(policy, Array.from({ length: 10 }, () => failure)))).join(
    "\n"
  )

const rule = { ...Retry.standardRules.Server, retries: 1 }

const forms: ReadonlyArray<readonly [name: string, first: Retry.Policy, last: Retry.Policy]> = [
  ["override", Retry.override(Retry.standard, "Server", rule), Retry.standard.pipe(Retry.override("Server", rule))],
  ["without", Retry.without(Retry.standard, "Server"), Retry.standard.pipe(Retry.without("Server"))],
  ["only", Retry.only(Retry.standard, "Server"), Retry.standard.pipe(Retry.only("Server"))],
  ["jittered", Retry.jittered(Retry.standard, "none"), Retry.standard.pipe(Retry.jittered("none"))],
  ["limit", Retry.limit(Retry.standard, { attempts: 2 }), Retry.standard.pipe(Retry.limit({ attempts: 2 }))],
  ["andThen", Retry.andThen(Retry.eager, Retry.patient), Retry.eager.pipe(Retry.andThen(Retry.patient))],
  ["stricter", Retry.stricter(Retry.eager, Retry.patient), Retry.eager.pipe(Retry.stricter(Retry.patient))],
  ["lenient", Retry.lenient(Retry.eager, Retry.patient), Retry.eager.pipe(Retry.lenient(Retry.patient))]
]

describe("a combinator of policies", () => {
  it.each(forms)("%s takes the policy first or last", (_, first, last) => {
    assert.strictEqual(behaviour(first), behaviour(last))
  })

  it("changes a policy, each in its own way", () => {
    const behaviours = [Retry.standard, ...forms.map(([, first]) => first)].map(behaviour)

    assert.strictEqual(new Set(behaviours).size, behaviours.length)
  })

  it.effect("withDeadline takes the call first or last", () =>
    Effect.gen(function*() {
      const call = Effect.succeed("answered")

      assert.strictEqual(yield* Retry.withDeadline(call, "1 second"), "answered")
      assert.strictEqual(yield* call.pipe(Retry.withDeadline("1 second")), "answered")
    }))
})
