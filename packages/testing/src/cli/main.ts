#!/usr/bin/env node
/**
 * The command `effect-venice`.
 *
 * @internal
 */
import type { Failure, RequestFailure } from "@effect-venice/http"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Argument from "effect/cli/Argument"
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import type * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import manifest from "../../package.json" with { type: "json" }
import { locales } from "../internal/explanations/locales.ts"
import { backtestCommand } from "./backtest.ts"
import { classifyLines, type RefusedLines, type UnreadableInput } from "./classify.ts"
import { demo, live } from "./demo.ts"
import { doctorCommand } from "./doctor.ts"
import { type CannotEmulate, defaultHost, defaultPort, emulate } from "./emulate.ts"
import { explainInput, parseQuery, print, type Unexplained } from "./explain.ts"
import * as Invocation from "./invocation.ts"
import { complain, type OutputFailure, watched } from "./output.ts"
import { parseScript, type Preset, presets, show } from "./policy.ts"
import type { CommandFailure } from "./recording.ts"
import { recordCommand, replayCommand, validateCommand } from "./recordingCommands.ts"

const demoCommand = Command.make(
  "demo",
  {
    live: Flag.Boolean("live").pipe(
      Flag.withDescription("Call the real API instead of the emulator; needs VENICE_API_KEY"),
      Flag.withDefault(false)
    )
  },
  (flags): Effect.Effect<void, Config.ConfigError | Failure.UnexpectedBody | RequestFailure> =>
    flags.live ? Effect.provide(live, FetchHttpClient.layer) : demo
).pipe(
  Command.withDescription("Cause every error over HTTP, and show how it is decoded and retried"),
  Command.withExamples([
    { command: "effect-venice demo", description: "Cause every error in an emulator on this machine" },
    {
      command: "VENICE_API_KEY=... effect-venice demo --live",
      description: "Send requests that cost nothing to Venice"
    }
  ])
)

const classifyCommand = Command.make(
  "classify",
  {
    file: Argument.Path("file", { pathType: "either" }).pipe(
      Argument.withDescription("The file to read; standard input by default"),
      Argument.optional
    ),
    now: Flag.Finite("now").pipe(
      Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 8.64e15 }))),
      Flag.withDescription(
        "The time to which dates and resets are relative, in epoch milliseconds; the clock by default"
      ),
      Flag.optional
    )
  },
  (options) => classifyLines(options)
).pipe(
  Command.withShortDescription("Read responses as JSON lines, and write the error of each"),
  Command.withDescription(
    [
      "Read responses as JSON lines, and write the error of each",
      "",
      "  A line is {\"id\"?, \"status\", \"headers\"?, \"body\", \"operation\"?}; `body` is text.",
      "  A success is no error: its \"tag\" is null. A line that is no response gets a",
      "  \"problem\" and no \"tag\", and the exit status is 1 at the end. Both have the",
      "  number of the \"line\"."
    ].join("\n")
  ),
  Command.withExamples([
    {
      command: `echo '{"status":429,"body":"{\\"error\\":\\"Rate limit exceeded\\"}"}' | effect-venice classify`,
      description: "Classify one response"
    },
    { command: "effect-venice classify responses.jsonl", description: "Classify the responses in a file" }
  ])
)

const policyCommand = Command.make(
  "policy",
  {
    preset: Argument.Literals("preset", Object.keys(presets) as Array<Preset>).pipe(
      Argument.withDescription(`The policy to show: ${Object.keys(presets).join(", ")}`)
    ),
    fail: Flag.String("fail").pipe(
      Flag.withDescription(
        "The failures of the attempts, as codes separated by commas; `Transport` is a lost connection"
      ),
      Flag.mapEffect(parseScript),
      Flag.withDefault([])
    ),
    svg: Flag.Boolean("svg").pipe(
      Flag.withDescription("Draw the delays of every kind as an SVG chart"),
      Flag.withDefault(false)
    )
  },
  ({ fail, preset, svg }) => show(preset, fail, { svg })
).pipe(
  Command.withDescription("Show what a retry policy does"),
  Command.withExamples([
    { command: "effect-venice policy patient", description: "Let every attempt fail, once for each kind of failure" },
    {
      command: "effect-venice policy standard --fail RATE_LIMIT_EXCEEDED,MODEL_OVERLOADED",
      description: "Fail with a rate limit, then with a busy model"
    },
    { command: "effect-venice policy eager --svg > eager.svg", description: "Draw a picture" }
  ])
)

const emulateCommand = Command.make(
  "emulate",
  {
    port: Flag.Int("port").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
      Flag.withDescription("The port; 0 is a free one"),
      Flag.withDefault(defaultPort)
    ),
    host: Flag.String("host").pipe(
      Flag.withDescription("The address; 0.0.0.0 is reachable from other machines"),
      Flag.withDefault(defaultHost)
    ),
    script: Flag.Path("script", { pathType: "either" }).pipe(
      Flag.withDescription("A JSON file with rules: which requests fail, and how"),
      Flag.optional
    ),
    seed: Flag.Int("seed").pipe(
      Flag.withDescription("The seed of everything that is drawn; that of the script, or 0, by default"),
      Flag.optional
    ),
    strict: Flag.Boolean("strict").pipe(
      Flag.withDescription("Let a request fail that no rule of the script matches"),
      Flag.withDefault(false)
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print the line that says where it listens as JSON"),
      Flag.withDefault(false)
    )
  },
  (options) => emulate(options)
).pipe(
  Command.withShortDescription("Serve an emulator of Venice over HTTP"),
  Command.withDescription(
    [
      "Serve an emulator of Venice over HTTP",
      "",
      "  It prints one line when it is ready, and ends with SIGINT or SIGTERM. Below",
      "  /__emulator is its own API: GET health, script, journal, verify and clock;",
      "  PUT and POST script; POST reset and clock. The header x-emulate of a request",
      "  names the error to respond with."
    ].join("\n")
  ),
  Command.withExamples([
    { command: "effect-venice emulate", description: "Emulate Venice at http://127.0.0.1:4141/api/v1" },
    {
      command: "effect-venice emulate --port 0 --json --script script.json --seed 7",
      description: "On a free port, with rules, for another program to start"
    }
  ])
)

const explainCommand = Command.make(
  "explain",
  {
    query: Argument.String("query").pipe(
      Argument.withDescription("A code, class, category, status or message; standard input by default"),
      Argument.variadic(),
      Argument.mapEffect(parseQuery)
    ),
    locale: Flag.Literals("locale", locales).pipe(
      Flag.withDescription(`The language of the explanation: ${locales.join(", ")}`),
      Flag.withDefault("en" as const)
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Write the explanation as a JSON line"),
      Flag.withDefault(false)
    )
  },
  ({ query, ...options }) =>
    Option.match(query, {
      onNone: () => explainInput(options),
      onSome: (subject) => print(subject, options)
    })
).pipe(
  Command.withShortDescription("Explain an error: what happened, what to do, whether it is retried"),
  Command.withDescription(
    [
      "Explain an error: what happened, what to do, whether it is retried",
      "",
      "  Without a query, it reads what is pasted on standard input: what `curl -i` or",
      "  `curl -v` printed, a JSON line as `classify` reads it, a body, or a message.",
      "  The exit status is 1 if that is no failing response."
    ].join("\n")
  ),
  Command.withExamples([
    { command: "effect-venice explain RATE_LIMIT_EXCEEDED", description: "Explain a code" },
    { command: "effect-venice explain 402", description: "List the errors of a status" },
    { command: "effect-venice explain The model is at capacity", description: "Recognize a message" },
    { command: "curl -i ... | effect-venice explain", description: "Explain a response" },
    { command: "effect-venice explain --locale ar MODEL_OFFLINE", description: "Explain in Arabic" }
  ])
)

/** The status with which the process exits after a failure that is already reported. */
class ExitStatus extends Data.TaggedError("ExitStatus")<{ readonly status: number }> {
  override readonly [Runtime.errorExitCode] = this.status
  override readonly [Runtime.errorReported] = false
}

type Failures =
  | CannotEmulate
  | CliError.CliError
  | CommandFailure
  | Config.ConfigError
  | Failure.UnexpectedBody
  | OutputFailure
  | RefusedLines
  | RequestFailure
  | Unexplained
  | UnreadableInput

const exit = (status: number) => new ExitStatus({ status })

/** Reports a failure as one line on standard error, unless that was done where it happened. */
const report = (error: Failures): Effect.Effect<void, ExitStatus> => {
  switch (error._tag) {
    case "ShowHelp":
      return error.errors.length === 0 ? Effect.void : exit(2)
    case "RefusedLines":
      return exit(1)
    case "OutputFailure":
      return error.isBrokenPipe ? Effect.void : Effect.andThen(complain(error.message), exit(1))
    case "CommandFailure":
      return Effect.andThen(complain(error.message), exit(error.status))
    case "CannotEmulate":
    case "Unexplained":
    case "UnreadableInput":
      return Effect.andThen(complain(error.message), exit(1))
    case "ConfigError":
      return Effect.andThen(complain(`cannot read the configuration: ${error.cause.message}`), exit(1))
    default:
      return Effect.andThen(complain(`${error._tag}: ${error.message}`), exit(1))
  }
}

Command.make("effect-venice").pipe(
  Command.withDescription("The errors of the Venice API, typed"),
  Command.withSubcommands([
    demoCommand,
    explainCommand,
    classifyCommand,
    policyCommand,
    emulateCommand,
    recordCommand,
    replayCommand,
    validateCommand,
    backtestCommand,
    doctorCommand
  ]),
  Command.withExamples([
    { command: "effect-venice demo", description: "See every error" },
    { command: "effect-venice explain 429", description: "What does this mean, and what can I do?" },
    { command: "effect-venice classify responses.jsonl", description: "Which error is each of these responses?" },
    { command: "effect-venice policy standard", description: "What does a policy do about each kind of failure?" }
  ]),
  Command.run({ version: manifest.version }),
  Effect.provide(Invocation.layer({ preset: Object.keys(presets), locale: locales })),
  Effect.provide(TerminalCapabilities.layer),
  Effect.provide(NodeServices.layer),
  watched,
  Effect.catch(report),
  // Only a bug of the command ends here. Standard output has nothing but results.
  Effect.catchDefect((defect) => Effect.andThen(Console.error(Cause.pretty(Cause.die(defect))), exit(1))),
  // Standard input may still be open, and would keep the process.
  NodeRuntime.runMain({
    teardown: (ended) => Runtime.defaultTeardown(ended, (status) => process.exit(process.exitCode ?? status))
  })
)
