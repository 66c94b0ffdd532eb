/**
 * The command `backtest`.
 *
 * @internal
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Backtest from "../Backtest.ts"
import { presets } from "../internal/backtest/policyFile.ts"
import { cutLines, maxLineLength, UnreadableInput } from "./classify.ts"
import { complain } from "./output.ts"
import { CommandFailure } from "./recording.ts"

const isPreset = (name: string): name is keyof typeof presets => Object.hasOwn(presets, name)

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** A preset by its name, or a file. */
const readPolicy = Effect.fnUntraced(function*(source: string) {
  if (isPreset(source)) return { name: source, policy: presets[source] }
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = yield* Effect.mapError(fs.readFileString(source), ({ message, reason }) =>
    new CommandFailure({
      problem: `cannot read the policy ${source}: ${
        reason.cause === undefined ? message : reasonOf(reason.cause)
      }; presets are ${Object.keys(presets).join(", ")}`,
      status: 2
    }))
  const json = Result.try({ try: () => JSON.parse(text.replace(/^\ufeff/, "")) as unknown, catch: reasonOf })
  if (Result.isFailure(json)) {
    return yield* new CommandFailure({ problem: `${source} is not JSON: ${json.failure}`, status: 2 })
  }
  const name = path.basename(source).replace(/\.json$/, "")
  return yield* Effect.catch(
    Backtest.decodePolicy(json.success, { name }),
    ({ problems }) =>
      Effect.forEach(
        problems,
        ({ message, path }) => complain(`${source}: ${path === "" ? "" : `${path}: `}${message}`)
      )
        .pipe(
          Effect.andThen(Effect.fail(new CommandFailure({ problem: `${source} is no policy`, status: 2 })))
        )
  )
})

interface Options {
  readonly file: Option.Option<string>
  readonly policies: ReadonlyArray<string>
  readonly seed: number
  readonly json: boolean
  readonly suggest: boolean
  readonly candidates: number
}

const backtest = Effect.fnUntraced(function*({ candidates, file, json, policies, seed, suggest }: Options) {
  const chosen = yield* Effect.forEach(policies.length === 0 ? ["standard"] : policies, readPolicy)
  const stdio = yield* Stdio.Stdio
  const fs = yield* FileSystem.FileSystem
  const input = Option.match(file, { onNone: () => stdio.stdin, onSome: (path) => fs.stream(path) })
  const source = Option.getOrElse(file, () => "standard input")
  const observations = yield* Backtest.read(
    input.pipe(
      Stream.mapError((cause) => new UnreadableInput({ source, cause })),
      Stream.decodeText,
      cutLines(maxLineLength),
      Stream.splitLines
    )
  )
  for (const { line, problem } of observations.refused) yield* complain(`line ${line}: ${problem}`)
  const { lines, refusedCount } = observations
  if (refusedCount > observations.refused.length) yield* complain(`${refusedCount} of ${lines} lines refused`)
  if (lines > 0 && refusedCount === lines) {
    return yield* new CommandFailure({ problem: "no line is a failure that can be read", status: 1 })
  }
  const report = Backtest.compare(observations, chosen, { seed })
  const suggestions = suggest ? Backtest.suggest(observations, chosen[0]!, { seed, candidates }) : []
  const encoded = Schema.encodeSync(Backtest.Report)
  if (json) {
    return yield* Console.log(JSON.stringify(
      suggest
        ? {
          ...encoded(report),
          suggestions: suggestions.map(({ code, row }) => ({ row: Schema.encodeSync(Backtest.Row)(row), code }))
        }
        : encoded(report)
    ))
  }
  const rows = suggestions.map(({ row }) => row)
  yield* Console.log(Backtest.render({ ...report, policies: [...report.policies, ...rows] }))
  if (!suggest) return
  yield* Console.log(
    suggestions.length === 0
      ? `\nOf ${candidates} candidates none dominates ${chosen[0]!.name}.`
      : `\n// No worse than ${chosen[0]!.name} in anything above, and better in something:\n\n${
        suggestions.map(({ code }) => code).join("\n\n")
      }`
  )
})

export const backtestCommand = Command.make(
  "backtest",
  {
    file: Argument.Path("file", { pathType: "either" }).pipe(
      Argument.withDescription("The log to read; standard input by default"),
      Argument.optional
    ),
    policies: Flag.String("policy").pipe(
      Flag.withDescription("A preset or a JSON file; several are compared. `standard` by default"),
      Flag.between(0, 20)
    ),
    suggest: Flag.Boolean("suggest").pipe(
      Flag.withDescription(
        "Search for policies that are no worse than the first one in anything, and better in something"
      ),
      Flag.withDefault(false)
    ),
    candidates: Flag.Int("candidates").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000 }))),
      Flag.withDescription("How many policies --suggest tries"),
      Flag.withDefault(400)
    ),
    seed: Flag.Int("seed").pipe(Flag.withDescription("The seed of everything that is drawn"), Flag.withDefault(0)),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON"), Flag.withDefault(false))
  },
  (options) => backtest(options)
).pipe(
  Command.withShortDescription("Show what the failures of a log would have been under other policies"),
  Command.withDescription(
    [
      "Show what the failures of a log would have been under other policies",
      "",
      "  Lines are JSON: {\"timestamp\", \"operation\", \"error\"}, responses as `classify`",
      "  reads them, the journal of the emulator, or an OTLP export of spans. What a log",
      "  cannot say is assumed, and printed. Bad lines are reported; the exit status is 1",
      "  if all are bad or the log cannot be read, and 2 if a policy is invalid."
    ].join("\n")
  ),
  Command.withExamples([
    {
      command: "effect-venice backtest --policy standard --policy patient failures.jsonl",
      description: "Compare presets"
    },
    {
      command: "effect-venice backtest --policy mine.json --suggest < failures.jsonl",
      description: "Is there a better one?"
    }
  ])
)
