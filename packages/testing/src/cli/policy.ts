/**
 * The command `policy`: shows what a preset does.
 *
 * @internal
 */
import { Retry, VeniceError } from "@effect-venice/core"
import * as CliError from "effect/cli/CliError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { presets } from "../internal/backtest/policyFile.ts"
import { didYouMean, nearest } from "../internal/nearest.ts"

export { presets }

export type Preset = keyof typeof presets

const failures = [...VeniceError.byCode.keys(), "Transport"]

const unknown = (code: string) =>
  new CliError.ValidationError({
    message: `Unknown code ${JSON.stringify(code)} in --fail${
      didYouMean(nearest(code, failures)) || ": use the codes that `effect-venice demo` lists, or Transport"
    }`
  })

/** Reads failures that are separated by commas. */
export const parseScript = (text: string): Effect.Effect<ReadonlyArray<string>, CliError.CliError> =>
  Effect.forEach(text.split(","), (part) => {
    const code = part.trim()
    return failures.includes(code) ? Effect.succeed(code) : Effect.fail(unknown(code))
  })

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
