/**
 * The command `doctor`: what would keep a program from calling Venice.
 *
 * @internal
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { TerminalCapabilities } from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Check, Status } from "../internal/doctor/check.ts"
import { diagnose, type Diagnosis } from "../internal/doctor/diagnose.ts"
import { versionsIn } from "../internal/doctor/versions.ts"
import { escapeControls, oneLine } from "../internal/pasted/printable.ts"
import { columns, wrap } from "./output.ts"
import { CommandFailure } from "./recording.ts"

const marks: Readonly<Record<Status, string>> = { ok: "ok", warning: "warning", failure: "FAILURE", skipped: "-" }

const colors: Readonly<Record<Status, number>> = { ok: 32, warning: 33, failure: 31, skipped: 2 }

const nameWidth = 15
const markWidth = 9
const indent = " ".repeat(nameWidth + markWidth)

// A server's message has 4096 characters at most, of which the beginning says enough here.
const maxFound = 600

const paragraph = (text: string): ReadonlyArray<string> =>
  wrap(oneLine(text).slice(0, maxFound), columns - indent.length)

const textOf = ({ check, found, remedies, status }: Check, canColor: boolean): string => {
  const mark = marks[status].padEnd(markWidth)
  const head = check.padEnd(nameWidth) + (canColor ? `\u001b[${colors[status]}m${mark}\u001b[0m` : mark)
  const lines = [
    ...found.flatMap(paragraph),
    ...remedies.flatMap((remedy) => paragraph(`Remedy: ${remedy}`))
  ]
  return lines.map((line, i) => `${i === 0 ? head : indent}${line}`).join("\n")
}

const summaryOf = ({ checks, status }: Diagnosis): string => {
  const count = (wanted: Status): number => checks.filter((check) => check.status === wanted).length
  const plural = (amount: number, noun: string) => `${amount} ${noun}${amount === 1 ? "" : "s"}`
  return status === "ok"
    ? "No problem."
    : `${plural(count("failure"), "failure")}, ${plural(count("warning"), "warning")}.`
}

const print = (diagnosis: Diagnosis) =>
  Effect.flatMap(TerminalCapabilities, ({ canColor }) =>
    Console.log([
      ...(diagnosis.emulated
        ? ["EMULATED: what follows is about an emulator on this machine, not about Venice.", ""]
        : []),
      ...diagnosis.checks.map((check) => textOf(check, canColor)),
      "",
      summaryOf(diagnosis)
    ].join("\n")))

interface Options {
  readonly emulator: boolean
  readonly models: Option.Option<string>
  readonly timeout: number
  readonly strict: boolean
  readonly json: boolean
}

const doctor = Effect.fnUntraced(function*({ emulator, json, models, strict, timeout }: Options) {
  const versions = versionsIn(process.cwd())
  const diagnosis = yield* diagnose({ emulator, models, timeout: Duration.seconds(timeout), versions }).pipe(
    Effect.provide(FetchHttpClient.layer)
  )
  yield* json ? Console.log(escapeControls(JSON.stringify(diagnosis))) : print(diagnosis)
  if (diagnosis.status === "failure" || (strict && diagnosis.status === "warning")) {
    return yield* new CommandFailure({ problem: summaryOf(diagnosis).slice(0, -1), status: 1 })
  }
})

export const doctorCommand = Command.make(
  "doctor",
  {
    emulator: Flag.Boolean("emulator").pipe(
      Flag.withDescription("Check an emulator on this machine, also if there is a key"),
      Flag.withDefault(false)
    ),
    models: Flag.String("models").pipe(
      Flag.withDescription("The models in use, separated by commas; those of VENICE_MODELS by default"),
      Flag.optional
    ),
    timeout: Flag.Finite("timeout").pipe(
      Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0.1, maximum: 300 }))),
      Flag.withDescription("The longest time for a request, in seconds; all together take twice that at most"),
      Flag.withDefault(10)
    ),
    strict: Flag.Boolean("strict").pipe(
      Flag.withDescription("Exit with 1 on a warning, too"),
      Flag.withDefault(false)
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON, on one line"), Flag.withDefault(false))
  },
  (options) => doctor(options)
).pipe(
  Command.withShortDescription("Check the configuration, the way to Venice, the key, and the models in use"),
  Command.withDescription(
    [
      "Check the configuration, the way to Venice, the key, and the models in use",
      "",
      "  It reads VENICE_API_KEY, VENICE_BASE_URL and VENICE_MODELS, and sends only reads",
      "  that cost nothing. Without a key it checks an emulator, and says so. The exit",
      "  status is 0 without a failure, 1 with one (with --strict also with a warning),",
      "  and 2 if the arguments are wrong. The key is never printed."
    ].join("\n")
  ),
  Command.withExamples([
    { command: "effect-venice doctor", description: "Can a program here call Venice?" },
    {
      command: "effect-venice doctor --models llama-3.3-70b,text-embedding-bge-m3 --strict",
      description: "In CI: fail also if one of the models is deprecated"
    },
    { command: "effect-venice doctor --emulator --json", description: "The form of the JSON, without a key" }
  ])
)
