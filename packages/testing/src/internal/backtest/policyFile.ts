/**
 * Policies as JSON and as code.
 *
 * @internal
 */
import { Retry } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { exact, type Problem, problemsOf } from "../script/script.ts"
import type { Candidate } from "./evaluate.ts"

export const presets = {
  standard: Retry.standard,
  patient: Retry.patient,
  eager: Retry.eager,
  never: Retry.never
} as const

const optional = Schema.optionalKey

const Delay = Schema.Union([Schema.String, Schema.Finite])

const Kind = Schema.Literals(Retry.kinds)

const Rule = Schema.Struct({
  base: optional(Delay),
  factor: optional(Schema.Finite),
  cap: optional(Delay),
  retries: optional(Schema.Finite),
  jitter: optional(Schema.Literals(["none", "proportional", "full", "equal", "decorrelated"]))
})

const byKind = <S extends Schema.Top>(schema: S) => {
  const member = optional(schema)
  return Schema.Struct({
    RateLimit: member,
    Capacity: member,
    Server: member,
    Upstream: member,
    Timeout: member,
    Transport: member
  })
}

export const PolicyFile = Schema.Struct({
  name: optional(Schema.String),
  preset: optional(Schema.Literals(["standard", "patient", "eager", "never"])),
  rules: optional(byKind(Rule)),
  without: optional(Schema.Array(Kind)),
  only: optional(Schema.Array(Kind)),
  jitter: optional(Schema.Literals(["none", "proportional", "full", "equal", "decorrelated"])),
  limit: optional(Schema.Struct({
    attempts: optional(Schema.Finite),
    retriesOf: optional(byKind(Schema.Finite)),
    elapsed: optional(Delay),
    longestHint: optional(Delay)
  })),
  allowReplay: optional(Schema.Boolean)
})

type File = typeof PolicyFile.Type

const build = (file: File): Retry.Policy => {
  let policy: Retry.Policy = presets[file.preset ?? "standard"]
  for (const [kind, rule] of Object.entries(file.rules ?? {})) {
    const own = kind as Retry.Kind
    policy = Retry.override(policy, own, { ...Retry.standardRules[own], ...rule } as Retry.Rule)
  }
  if (file.only !== undefined) policy = Retry.only(policy, file.only)
  if (file.without !== undefined) policy = Retry.without(policy, file.without)
  if (file.jitter !== undefined) policy = Retry.jittered(policy, file.jitter)
  return file.limit === undefined ? policy : Retry.limit(policy, file.limit as Retry.Limits)
}

/** Decodes a policy and builds it. */
export const decode = (input: unknown, name: string): Result.Result<Candidate, ReadonlyArray<Problem>> => {
  const file = Schema.decodeUnknownResult(PolicyFile, exact)(input)
  if (Result.isFailure(file)) return Result.fail(problemsOf(file.failure))
  return Result.try({
    try: () => ({
      name: file.success.name ?? name,
      policy: build(file.success),
      allowReplay: file.success.allowReplay
    }),
    catch: (cause) => [{ path: "", message: cause instanceof Error ? cause.message : String(cause) }]
  })
}

const durationText = (input: Duration.Input): string => JSON.stringify(Duration.format(Duration.fromInputUnsafe(input)))

/** A duration as a test writes it: `"5 seconds"`. */
const writeDuration = (input: Duration.Input): string => {
  const millis = Duration.toMillis(Duration.fromInputUnsafe(input))
  const units = [["hour", 3_600_000], ["minute", 60_000], ["second", 1000]] as const
  const unit = units.find(([, size]) => millis >= size && millis % size === 0)
  if (unit === undefined) return Number.isFinite(millis) ? `"${millis} millis"` : durationText(input)
  const count = millis / unit[1]
  return `"${count} ${unit[0]}${count === 1 ? "" : "s"}"`
}

/** The parts of a policy that a search changes. */
export interface Parts {
  readonly rules: Retry.Rules
  readonly limits: { readonly attempts: number; readonly elapsed: Duration.Input; readonly longestHint: Duration.Input }
}

export const ofParts = (name: string, { limits, rules }: Parts): Candidate => ({
  name,
  policy: Retry.limit(Retry.make(rules), limits)
})

/** A policy as code to copy. */
export const toCode = ({ limits, rules }: Parts, name: string): string =>
  [
    "import { Retry } from \"@effect-venice/core\"",
    "",
    `export const ${name} = Retry.make({`,
    Retry.kinds.map((kind) => {
      const { base, cap, factor, jitter, retries } = rules[kind]
      return `  ${kind}: { base: ${writeDuration(base)}, factor: ${factor}, cap: ${
        writeDuration(cap)
      }, retries: ${retries}, jitter: "${jitter}" }`
    }).join(",\n"),
    "}).pipe(",
    `  Retry.limit({ attempts: ${limits.attempts}, elapsed: ${writeDuration(limits.elapsed)}, longestHint: ${
      writeDuration(limits.longestHint)
    } })`,
    ")"
  ].join("\n")
