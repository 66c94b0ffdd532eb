/**
 * The command `policy`: shows what a preset does.
 *
 * @internal
 */
import { Retry, VeniceError } from "@effect-venice/core"
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

export const presets = {
  standard: Retry.standard,
  patient: Retry.patient,
  eager: Retry.eager,
  never: Retry.never
} as const

export type Preset = keyof typeof presets

const isFailure = (text: string): boolean => VeniceError.isCode(text) || text === "Transport"

const Failure = Schema.String.check(
  Schema.makeFilter((text) => isFailure(text) || `a code of Venice or Transport, not ${JSON.stringify(text)}`)
)

/** Failures, separated by commas. */
export const Script: Schema.Codec<ReadonlyArray<string>, string> = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Array(Failure),
    SchemaTransformation.transform({
      decode: (text: string): ReadonlyArray<string> => text.split(",").map((code) => code.trim()),
      encode: (codes: ReadonlyArray<string>) => codes.join(",")
    })
  )
)

const codes = ["RATE_LIMIT_EXCEEDED", "MODEL_OVERLOADED", "INFERENCE_FAILED", "ASR_UPSTREAM_FAILED", "REQUEST_TIMEOUT"]

const repeated = (code: string) => Array.from({ length: 100 }, () => code)

/** Prints what a preset does about a script of failures, or else about a failure of every attempt, for each kind. */
export const show = (
  preset: Preset,
  script: ReadonlyArray<string>,
  options: { readonly svg: boolean }
): Effect.Effect<void> => {
  const policy = presets[preset]
  if (options.svg) return Console.log(Retry.renderSvg(policy, { title: `Retry.${preset}` }))
  if (script.length > 0) return Console.log(Retry.render(Retry.simulate(policy, script)))
  const timelines = [...codes, "Transport"].map((code) => Retry.render(Retry.simulate(policy, repeated(code))))
  return Console.log(timelines.join("\n\n"))
}
