#!/usr/bin/env node
/**
 * The command `effect-venice`.
 *
 * @internal
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import manifest from "../../package.json" with { type: "json" }
import { classifyStdin } from "./classify.ts"
import { demo, live } from "./demo.ts"

const demoCommand = Command.make(
  "demo",
  {
    live: Flag.Boolean("live").pipe(
      Flag.withDescription("Ask the real API instead of the emulator; needs VENICE_API_KEY"),
      Flag.withDefault(false)
    )
  },
  (flags) => flags.live ? Effect.provide(live, FetchHttpClient.layer) : demo
).pipe(Command.withDescription("Provoke every error over HTTP and show what is made of it"))

const classifyCommand = Command.make(
  "classify",
  {
    now: Flag.Finite("now").pipe(
      Flag.withDescription("Read dates and resets against this moment, in epoch milliseconds, instead of the clock"),
      Flag.optional
    )
  },
  ({ now }) => classifyStdin(now)
).pipe(
  Command.withDescription("Read responses as JSON lines from standard input and say which error each one is"),
  Command.withExamples([{
    command: `echo '{"status":429,"body":"{\\"error\\":\\"Rate limit exceeded\\"}"}' | effect-venice classify`,
    description: "Classify one response"
  }])
)

Command.make("effect-venice").pipe(
  Command.withDescription("The errors of the Venice API, typed"),
  Command.withSubcommands([demoCommand, classifyCommand]),
  Command.run({ version: manifest.version }),
  Effect.provide(TerminalCapabilities.layer),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
