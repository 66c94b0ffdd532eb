#!/usr/bin/env node
/**
 * The command `effect-venice`.
 *
 * @internal
 */
import type { Failure, RequestFailure } from "@effect-venice/http"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Schema from "effect/Schema"
import manifest from "../../package.json" with { type: "json" }
import { classifyStdin } from "./classify.ts"
import { demo, live } from "./demo.ts"
import { type Preset, presets, Script, show } from "./policy.ts"

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
).pipe(Command.withDescription("Cause every error over HTTP, and show how it is decoded and retried"))

const classifyCommand = Command.make(
  "classify",
  {
    now: Flag.Finite("now").pipe(
      Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 8.64e15 }))),
      Flag.withDescription(
        "The time to which dates and resets are relative, in epoch milliseconds; the clock by default"
      ),
      Flag.optional
    )
  },
  ({ now }) => classifyStdin(now)
).pipe(
  Command.withDescription("Read responses as JSON lines from standard input, and write the error of each"),
  Command.withExamples([{
    command: `echo '{"status":429,"body":"{\\"error\\":\\"Rate limit exceeded\\"}"}' | effect-venice classify`,
    description: "Classify one response"
  }])
)

const policyCommand = Command.make(
  "policy",
  {
    preset: Argument.Literals("preset", Object.keys(presets) as Array<Preset>).pipe(
      Argument.withDescription("The policy to show")
    ),
    fail: Flag.String("fail").pipe(
      Flag.withDescription(
        "The failures of the attempts, as codes separated by commas; `Transport` is a lost connection"
      ),
      Flag.withSchema(Script),
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
  Command.withExamples([{
    command: "effect-venice policy standard --fail RATE_LIMIT_EXCEEDED,MODEL_OVERLOADED",
    description: "Fail with a rate limit, then with a busy model"
  }])
)

Command.make("effect-venice").pipe(
  Command.withDescription("The errors of the Venice API, typed"),
  Command.withSubcommands([demoCommand, classifyCommand, policyCommand]),
  Command.run({ version: manifest.version }),
  Effect.provide(TerminalCapabilities.layer),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
