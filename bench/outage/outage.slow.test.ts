/** The simulated outage: a seed stands for a table, and the parts do what the table in the documentation says. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { type Part, simulate } from "./simulate.ts"
import { figuresOf } from "./table.ts"

const outage = (part: Part, seed: number) =>
  Effect.map(simulate(part, { clients: 100, outage: Duration.minutes(3), seed }), figuresOf)

describe("an outage of three minutes for 100 clients", () => {
  it.effect("is the same with the same seed, and another with another", () =>
    Effect.gen(function*() {
      const [first, again, other] = [
        yield* outage("all parts", 1),
        yield* outage("all parts", 1),
        yield* outage("all parts", 2)
      ]

      assert.deepStrictEqual(first, again)
      assert.notDeepEqual(first, other)
    }), 120_000)

  it.effect("takes fewer requests with a breaker than with the policy alone", () =>
    Effect.gen(function*() {
      const [alone, breaker] = [yield* outage("policy alone", 1), yield* outage("breaker", 1)]

      assert.isAbove(alone.requests, 10 * breaker.requests)
      assert.isDefined(breaker.firstSuccess)
    }), 120_000)
})
