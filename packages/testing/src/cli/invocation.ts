/**
 * An invocation that the command does not understand: what is wrong with it comes first, the usage after it.
 *
 * @internal
 */
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { didYouMean, nearest } from "../internal/nearest.ts"
import { complain } from "./output.ts"

/** The values that an argument or a flag takes, by its name. */
export type Choices = Readonly<Record<string, ReadonlyArray<string>>>

const suggestions = (error: CliError.NonShowHelpErrors, choices: Choices): ReadonlyArray<string> => {
  switch (error._tag) {
    case "UnrecognizedOption":
    case "UnknownSubcommand":
      return error.suggestions
    case "InvalidValue":
      return nearest(error.value, choices[error.option] ?? [])
    default:
      return []
  }
}

const describe = (error: CliError.NonShowHelpErrors, choices: Choices): string => {
  // The platform's own suggestions follow in a paragraph of their own.
  const [problem = ""] = error.message.split("\n\n  Did you mean this?")
  return `${problem}${didYouMean(suggestions(error, choices))}`
}

/** Presents invalid invocations on standard error, and everything else as the platform does. */
export const layer = (choices: Choices): Layer.Layer<never> =>
  CliOutput.layerPresenter({
    present: Effect.fnUntraced(function*(event) {
      if (event._tag !== "InvalidInvocation") return yield* CliOutput.defaultPresenter.present(event)
      for (const error of event.errors) yield* complain(describe(error, choices))
      yield* Console.error(
        `\nUsage: ${event.helpDoc.usage}\nRun \`${event.commandPath.join(" ")} --help\` for details and examples.`
      )
    })
  })
