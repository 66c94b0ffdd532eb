/** Settings that make no sense. */
import { Retry, RetryBudget } from "@effect-venice/core"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

const { Server: server, ...others } = Retry.standardRules
const rulesWith = (rule: unknown) => ({ ...others, Server: rule }) as Retry.Rules

const jitter = "the jitter must be one of none, proportional, full, equal, decorrelated, and is"
const kind =
  "the kind of a rule must be one of RateLimit, Capacity, Server, Upstream, Timeout, Transport, and is Weather"

it.each<[string, string, () => unknown]>([
  ["an unknown jitter of a rule", `${jitter} bogus`, () => Retry.make(rulesWith({ ...server, jitter: "bogus" }))],
  [
    "an unknown jitter of an override",
    jitter,
    () => Retry.override(Retry.standard, "Server", { ...server, jitter: "" as "full" })
  ],
  ["an unknown jitter of all rules", `${jitter} bogus`, () => Retry.jittered(Retry.standard, "bogus" as "full")],
  ["no rules", "the rule of RateLimit must be there, and is undefined", () => Retry.make({} as Retry.Rules)],
  [
    "a rule that is missing",
    "the rule of Server must be there, and is undefined",
    () => Retry.make(others as Retry.Rules)
  ],
  [
    "a rule that is no object",
    "the rule of Server must be an object, and is undefined",
    () => Retry.make(rulesWith(undefined))
  ],
  ["an unknown kind of a rule", kind, () => Retry.override(Retry.standard, "Weather" as "Server", server)],
  [
    "an unknown kind of a limit",
    kind,
    () => Retry.limit(Retry.standard, { retriesOf: { ["Weather" as "Server"]: 1 } })
  ],
  [
    "a deadline that is no duration",
    "the time left must be a duration, and is nonsense",
    () => Retry.withDeadline(Effect.void, "nonsense" as "1 second")
  ],
  [
    "an attempt before the first",
    "the attempt must be a whole number of at least 1, and is 0",
    () => Retry.decide(Retry.standard, undefined, { attempt: 0, random: 0 })
  ]
])("%s is refused where it is written", (_, message, write) => {
  assert.throws(write, RangeError, message)
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
