/**
 * The schema of a rule. The decoded form of a rule is what the emulator runs.
 *
 * @internal
 */
import { Operation } from "@effect-venice/core"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Received } from "../emulator/received.ts"
import { didYouMean, nearest } from "../nearest.ts"
import { forms } from "../wire/forms.ts"
import type { WireResponse } from "../wire/response.ts"
import { Delay, Failure, Response } from "./values.ts"

const optional = Schema.optionalKey

const hint = (text: string): string => {
  const near = nearest(text, Operation.all)
  return `an operation of Venice${didYouMean(near)}${near.length === 0 ? ", or a pattern with *" : ""}`
}

export const Target = Schema.String.check(
  Schema.makeFilter((text) => text.includes("*") || Operation.isOperation(text) || `Expected ${hint(text)}`)
)

const Positive = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

const Predicate = Schema.declare((u: unknown): u is (request: Received) => boolean => typeof u === "function")

const Pace = Schema.Struct({
  /** The time from the header to the first event. */
  first: optional(Delay),
  perSecond: optional(Schema.Finite.check(Schema.isGreaterThan(0))),
  /** The share by which the time between two events varies, up and down. */
  jitter: optional(Share)
})

const Drip = Schema.Struct({ bytes: Positive, every: Delay })

const Disconnect = Schema.Union([
  Schema.Literals(["before-header", "within-header"]),
  Schema.Struct({ afterBytes: Count }),
  Schema.Struct({ afterEvents: Count })
])

const alternatives: ReadonlyArray<readonly [string, string]> = [["fail", "respond"], ["drip", "pace"]]

export const Rule = Schema.Struct({
  on: optional(Target),
  method: optional(Schema.String),
  path: optional(Schema.String),
  model: optional(Schema.String),
  headers: optional(Schema.Record(Schema.String, Schema.String)),
  body: optional(Schema.Json),
  when: optional(Predicate),
  times: optional(Schema.Union([Positive, Schema.Literals(["once", "always"])])),
  rate: optional(Share),
  fail: optional(Failure),
  form: optional(Schema.Literals(Struct.keys(forms))),
  respond: optional(Response),
  delay: optional(Delay),
  pace: optional(Pace),
  drip: optional(Drip),
  disconnect: optional(Disconnect)
}).check(
  Schema.makeFilter((rule) =>
    alternatives.filter(([a, b]) => a in rule && b in rule).map(([a, b]) => ({
      path: [b],
      issue: `not together with ${a}`
    }))
  ),
  Schema.makeFilter((rule) => "fail" in rule || !("form" in rule) || { path: ["form"], issue: "only with fail" })
)

export type Rule = typeof Rule.Type

/** The answer that a rule gives itself. */
export const answerOf = ({ fail, form = "venice", respond }: Rule): WireResponse | undefined =>
  fail === undefined ? respond : forms[form](fail)

/** How often a rule answers. */
export const timesOf = ({ times }: Rule): number =>
  times === undefined || times === "always" ? Infinity : times === "once" ? 1 : times
