/**
 * The command `emulate`: the emulator as a server, for users of any language.
 *
 * @internal
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { ServeError } from "effect/http/HttpServerError"
import * as Option from "effect/Option"
import * as Emulator from "../Emulator.ts"
import { adminPath } from "../internal/emulator/emulation.ts"
import { prefix } from "../internal/emulator/received.ts"
import * as Script from "../Script.ts"
import { complain } from "./output.ts"

export const defaultPort = 4141

export const defaultHost = "127.0.0.1"

/** The command cannot begin. */
export class CannotEmulate extends Data.TaggedError("CannotEmulate")<{ readonly problem: string }> {
  override get message(): string {
    return this.problem
  }
}

interface Options {
  readonly port: number
  readonly host: string
  readonly script: Option.Option<string>
  readonly seed: Option.Option<number>
  readonly strict: boolean
  readonly json: boolean
}

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** Reads a script, and reports its problems one a line. */
export const readScript = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    fs.readFileString(file),
    ({ message, reason }) =>
      new CannotEmulate({
        problem: `cannot read ${file}: ${reason.cause === undefined ? message : reasonOf(reason.cause)}`
      })
  )
  const input = yield* Effect.try({
    try: () => JSON.parse(text.replace(/^\ufeff/, "")) as unknown,
    catch: (cause) => new CannotEmulate({ problem: `${file} is not JSON: ${reasonOf(cause)}` })
  })
  return yield* Effect.catchTag(
    Script.decode(input),
    "InvalidScript",
    ({ problems }) =>
      Effect.forEach(problems, ({ message, path }) => complain(`${file}: ${path === "" ? "" : `${path}: `}${message}`))
        .pipe(
          Effect.andThen(
            new CannotEmulate({
              problem: `${file} has ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`
            })
          )
        )
  )
})

const describe = (host: string, port: number, { cause }: ServeError): string => {
  const reason = reasonOf(cause)
  const isInUse = reason.includes("EADDRINUSE")
  return `cannot listen on ${host}:${port}: ${isInUse ? "the port is in use; choose another with --port" : reason}`
}

const announce = (json: boolean) =>
  Effect.flatMap(Emulator.Emulator, ({ baseUrl }) => {
    const adminUrl = `${baseUrl.slice(0, -prefix.length)}${adminPath}`
    return Console.log(
      json
        ? JSON.stringify({ status: "ready", baseUrl, adminUrl, pid: process.pid })
        : `Venice is emulated at ${baseUrl} (health, script, journal: ${adminUrl})`
    )
  })

/** Serves until the process is told to end. */
export const emulate = ({ host, json, port, script, seed, strict }: Options) =>
  Effect.gen(function*() {
    const read = Option.isNone(script) ? Script.make({}) : yield* readScript(script.value)
    const own: Script.Script = {
      ...read,
      ...(Option.isSome(seed) && { seed: seed.value }),
      ...(strict && { strict })
    }
    return yield* announce(json).pipe(
      Effect.andThen(Effect.never),
      Effect.provide(Emulator.layerWith({ host, port, script: own, grace: Duration.seconds(2) })),
      Effect.catchTag("ServeError", (error) => Effect.fail(new CannotEmulate({ problem: describe(host, port, error) })))
    )
  })
