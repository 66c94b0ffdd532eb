/**
 * The schema of a script, and what the emulator makes of one.
 *
 * @internal
 */
import { VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Struct from "effect/Struct"
import { Dynamics } from "../../Dynamics.ts"
import * as Fixtures from "../../Fixtures.ts"
import { defaultSettings, type Settings } from "../emulator/sandbox.ts"
import { didYouMean, nearest } from "../nearest.ts"
import { Rule, Share, Target } from "./rule.ts"
import { Delay } from "./values.ts"

const optional = Schema.optionalKey

/** The failures of chaos that are no errors of Venice. */
export const faults = ["disconnect", "truncate", "delay"] as const

const isKind = (name: string): boolean => VeniceError.isCode(name) || faults.some((fault) => fault === name)

const kinds = [...VeniceError.byCode.keys(), ...faults]

const Rates = Schema.Record(Schema.String, Share).check(
  Schema.makeFilter((rates) =>
    Object.keys(rates).filter((name) => !isKind(name)).map((name) => ({
      path: [name],
      issue: `Expected a code of Venice, ${faults.join(", ")}${didYouMean(nearest(name, kinds))}`
    }))
  ),
  Schema.makeFilter((rates) =>
    // A little more than one by rounding is still one.
    Object.values(rates).reduce((sum, rate) => sum + rate, 0) < 1 + 1e-9 || "rates of at most 1 together"
  )
)

export const Chaos = Schema.Struct({
  rates: Rates,
  on: optional(Target),
  model: optional(Schema.String),
  /** How long an answer that is drawn for `delay` takes longer. */
  delay: optional(Delay)
})

export const Script = Schema.Struct({
  $schema: optional(Schema.String),
  seed: optional(Schema.Union([Schema.Finite, Schema.String])),
  strict: optional(Schema.Boolean),
  dynamics: optional(Dynamics),
  rules: optional(Schema.Array(Rule)),
  chaos: optional(Chaos)
})

export interface Problem {
  readonly path: string
  readonly message: string
}

const leaf: SchemaIssue.LeafHook = (issue) =>
  issue._tag === "UnexpectedKey" ? "Unknown key" : SchemaIssue.defaultLeafHook(issue)

const format = SchemaIssue.makeFormatterStandardSchemaV1({ leafHook: leaf })

const keys = [...Object.keys(Script.fields), ...Object.keys(Rule.fields)]

/** Proposes a key that somebody meant. */
const withProposal = (message: string, key: unknown): string =>
  message === "Unknown key" ? `${message}${didYouMean(nearest(String(key), keys))}` : message

const pathOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path.reduce<string>((out, step) => {
    const key = typeof step === "object" ? step.key : step
    return typeof key === "number" || /^\d+$/.test(String(key))
      ? `${out}[${String(key)}]`
      : `${out}${out && "."}${String(key)}`
  }, "")

/** The problems of an input, with the paths to its members: `rules[0].fail`. */
export const problemsOf = (error: Schema.SchemaError): ReadonlyArray<Problem> =>
  format(error.issue).issues.map(({ message, path = [] }) => {
    const last = path.at(-1)
    return { path: pathOf(path), message: withProposal(message, typeof last === "object" ? last.key : last) }
  })

export const exact = { errors: "all", onExcessProperty: "error" } as const

export const decodeScript = (input: unknown): Result.Result<typeof Script.Type, ReadonlyArray<Problem>> =>
  Result.mapError(Schema.decodeUnknownResult(Script, exact)(input), problemsOf)

/** A script as JSON, without the predicates of its rules, which cannot be written. */
export const encodeScript = ({ rules, ...script }: typeof Script.Type): unknown =>
  Schema.encodeSync(Script)({
    ...script,
    ...(rules !== undefined && { rules: rules.map((rule) => Struct.omit(rule, ["when"])) })
  })

const defaultDelay = Duration.seconds(5)

const actionOf = (kind: string, delay: Duration.Duration): Partial<Rule> => {
  switch (kind) {
    case "disconnect":
      return { disconnect: "before-header" }
    case "truncate":
      return { disconnect: { afterBytes: 20 } }
    case "delay":
      return { delay }
    default:
      return { fail: Fixtures.error(kind as VeniceError.Code) }
  }
}

/** One rule for each kind. A rule sees only what the ones before let through, so its own rate is higher. */
export const chaosRules = ({ delay = defaultDelay, rates, ...match }: typeof Chaos.Type): ReadonlyArray<Rule> => {
  let left = 1
  return Object.entries(rates).filter(([, rate]) => rate > 0).map(([kind, rate]) => {
    const own = Math.min(1, rate / left)
    left -= rate
    return { ...match, rate: own, ...actionOf(kind, delay) }
  })
}

export const scriptToSettings = ({ chaos, dynamics, rules = [], seed, strict }: typeof Script.Type): Settings => ({
  seed: seed ?? defaultSettings.seed,
  isStrict: strict ?? defaultSettings.isStrict,
  dynamics: dynamics ?? defaultSettings.dynamics,
  rules: chaos === undefined ? rules : [...rules, ...chaosRules(chaos)]
})
