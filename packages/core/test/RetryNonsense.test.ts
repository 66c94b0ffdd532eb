/** Settings that make no sense. */
import { Retry, RetryBudget } from "@effect-venice/core"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

const { Server: server, ...others } = Retry.standardRules
const rulesWith = (rule: unknown) => ({ ...others, Server: rule }) as Retry.Rules

it.each<[string, () => unknown]>([
  ["an unknown jitter of a rule", () => Retry.make(rulesWith({ ...server, jitter: "bogus" }))],
  [
    "an unknown jitter of an override",
    () => Retry.override(Retry.standard, "Server", { ...server, jitter: "" as "full" })
  ],
  ["an unknown jitter of all rules", () => Retry.jittered(Retry.standard, "bogus" as "full")],
  ["no rules", () => Retry.make({} as Retry.Rules)],
  ["a rule that is missing", () => Retry.make(others as Retry.Rules)],
  ["a rule that is no object", () => Retry.make(rulesWith(undefined))],
  ["an unknown kind of a rule", () => Retry.override(Retry.standard, "Weather" as "Server", server)],
  ["an unknown kind of a limit", () => Retry.limit(Retry.standard, { retriesOf: { ["Weather" as "Server"]: 1 } })],
  ["a deadline that is no duration", () => Retry.withDeadline(Effect.void, "nonsense" as "1 second")]
])("%s is refused where it is written", (_, write) => {
  assert.throws(write, RangeError, /must be/)
})

const budgets: Readonly<Record<string, (value: number) => unknown>> = {
  "the capacity": (capacity) => RetryBudget.make({ capacity }),
  "the initial tokens": (initial) => RetryBudget.make({ initial }),
  "the share": (share) => RetryBudget.make({ share }),
  "the allowance": (allowance) => RetryBudget.make({ allowance }),
  "the cost of Timeout": (cost) => RetryBudget.layer({ costs: { Timeout: cost } })
}

it.each(Object.keys(budgets))("%s of a budget is a number of at least 0", (name) => {
  for (const value of [NaN, -1, "1" as never]) {
    assert.throws(() => budgets[name]!(value), RangeError, `${name} must be a number of at least 0`)
  }
  budgets[name]!(0)
})
