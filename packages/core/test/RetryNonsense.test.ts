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
  ["a deadline that is no duration", () => Retry.withDeadline(Effect.void, "nonsense" as "1 second")],
  ...([NaN, -1] as const).flatMap((value): ReadonlyArray<[string, () => unknown]> => [
    [`a capacity of ${value}`, () => RetryBudget.make({ capacity: value })],
    [`${value} initial tokens`, () => RetryBudget.make({ initial: value })],
    [`a share of ${value}`, () => RetryBudget.make({ share: value })],
    [`an allowance of ${value}`, () => RetryBudget.make({ allowance: value })],
    [`a cost of ${value}`, () => RetryBudget.layer({ costs: { Timeout: value } })]
  ])
])("%s is refused where it is written", (_, write) => {
  assert.throws(write, RangeError, /must be/)
})
