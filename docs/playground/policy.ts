/** Policies of the playground: from a preset and steps to a policy of `Retry`, and to code that makes the same one. */
import { Retry } from "@effect-venice/core"
import * as Result from "effect/Result"
import type { Op, Policy, Step } from "./state.ts"

const presets = {
  standard: Retry.standard,
  patient: Retry.patient,
  eager: Retry.eager,
  never: Retry.never
} as const

type OverrideStep = Extract<Step, { readonly op: "override" }>
type LimitStep = Extract<Step, { readonly op: "limit" }>

const ruleOf = ({ baseMillis, capMillis, factor, jitter, retries }: OverrideStep): Retry.Rule => ({
  base: baseMillis,
  factor,
  cap: capMillis,
  retries,
  jitter
})

const limitsOf = ({ attempts, elapsedMillis, longestHintMillis }: LimitStep): Retry.Limits => ({
  attempts,
  elapsed: elapsedMillis,
  longestHint: longestHintMillis
})

const apply = (policy: Retry.Policy, step: Step): Retry.Policy => {
  switch (step.op) {
    case "override":
      return Retry.override(policy, step.kind, ruleOf(step))
    case "without":
      return Retry.without(policy, step.kinds)
    case "only":
      return Retry.only(policy, step.kinds)
    case "jittered":
      return Retry.jittered(policy, step.jitter)
    case "limit":
      return Retry.limit(policy, limitsOf(step))
    case "andThen":
      return Retry.andThen(policy, presets[step.preset])
    case "stricter":
      return Retry.stricter(policy, presets[step.preset])
    case "lenient":
      return Retry.lenient(policy, presets[step.preset])
  }
}

/** The policy, or why `Retry` refuses it. */
export const build = ({ preset, steps }: Policy): Result.Result<Retry.Policy, string> =>
  Result.try({
    try: () => steps.reduce(apply, presets[preset] as Retry.Policy),
    catch: (cause) => cause instanceof Error ? cause.message : String(cause)
  })

const units = [["hour", 3_600_000], ["minute", 60_000], ["second", 1000]] as const

/** A duration as a person writes it: `"5 seconds"`. */
export const durationCode = (millis: number): string => {
  const unit = units.find(([, size]) => millis >= size && millis % size === 0)
  if (unit === undefined) return `"${millis} millis"`
  const count = millis / unit[1]
  return `"${count} ${unit[0]}${count === 1 ? "" : "s"}"`
}

const members = (pairs: ReadonlyArray<readonly [name: string, value: string | undefined]>): string => {
  const written = pairs.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`)
  return written.length === 0 ? "{}" : `{ ${written.join(", ")} }`
}

const duration = (millis: number | undefined): string | undefined =>
  millis === undefined ? undefined : durationCode(millis)

const stepCode = (step: Step): string => {
  switch (step.op) {
    case "override":
      return `Retry.override("${step.kind}", ${
        members([
          ["base", durationCode(step.baseMillis)],
          ["factor", String(step.factor)],
          ["cap", durationCode(step.capMillis)],
          ["retries", String(step.retries)],
          ["jitter", `"${step.jitter}"`]
        ])
      })`
    case "without":
    case "only":
      return `Retry.${step.op}([${step.kinds.map((kind) => `"${kind}"`).join(", ")}])`
    case "jittered":
      return `Retry.jittered("${step.jitter}")`
    case "limit":
      return `Retry.limit(${
        members([
          ["attempts", step.attempts?.toString()],
          ["elapsed", duration(step.elapsedMillis)],
          ["longestHint", duration(step.longestHintMillis)]
        ])
      })`
    case "andThen":
    case "stricter":
    case "lenient":
      return `Retry.${step.op}(Retry.${step.preset})`
  }
}

/** The code of the policy. */
export const codeOf = ({ preset, steps }: Policy): string => {
  const base = `Retry.${preset}`
  const policy = steps.length === 0
    ? base
    : `${base}.pipe(\n${steps.map((step) => `  ${stepCode(step)}`).join(",\n")}\n)`
  return `import { Retry } from "@effect-venice/core"\n\nexport const policy = ${policy}`
}

/** How a policy is used, with the deadline of the call if it has one. */
export const usageOf = (policy: Policy, deadlineMillis: number | undefined): string =>
  `${codeOf(policy)}\n\n// call.pipe(Effect.retry(policy)${
    deadlineMillis === undefined ? "" : `, Retry.withDeadline(${durationCode(deadlineMillis)})`
  })`

/** A new step, with values that do something to see. */
export const newStep = (op: Op): Step => {
  switch (op) {
    case "override":
      return {
        op,
        kind: "Capacity",
        baseMillis: 2000,
        factor: 2,
        capMillis: 30_000,
        retries: 8,
        jitter: "proportional"
      }
    case "without":
      return { op, kinds: ["Transport"] }
    case "only":
      return { op, kinds: ["RateLimit", "Capacity"] }
    case "jittered":
      return { op, jitter: "full" }
    case "limit":
      return { op, attempts: 4, elapsedMillis: 60_000, longestHintMillis: 30_000 }
    case "andThen":
    case "stricter":
    case "lenient":
      return { op, preset: "patient" }
  }
}
