/**
 * The commands `record`, `replay` and `validate`.
 *
 * @internal
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { ServeError } from "effect/http/HttpServerError"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import { verifyPath } from "../internal/recording/server.ts"
import * as Recording from "../Recording.ts"
import * as Script from "../Script.ts"
import { complain } from "./output.ts"

export const defaultRecordPort = 4142

export const defaultReplayPort = 4143

/** The command cannot do its work. `status` is the exit status. */
export class CommandFailure extends Data.TaggedError("CommandFailure")<{
  readonly problem: string
  readonly status: number
}> {
  override get message(): string {
    return this.problem
  }
}

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const platformReason = ({ message, reason }: PlatformError): string =>
  reason.cause === undefined ? message : reasonOf(reason.cause)

const cannotServe = (host: string, port: number, { cause }: ServeError) => {
  const reason = reasonOf(cause)
  return new CommandFailure({
    problem: `cannot listen on ${host}:${port}: ${
      reason.includes("EADDRINUSE") ? "the port is in use; choose another with --port" : reason
    }`,
    status: 1
  })
}

const checkUpstream = (text: string): Effect.Effect<URL, CommandFailure> => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol)
    ? Effect.succeed(url)
    : Effect.fail(new CommandFailure({ problem: `--upstream must be the URL of an API, such as ${venice}`, status: 2 }))
}

export const venice = "https://api.venice.ai/api/v1"

interface Listening {
  readonly port: number
  readonly host: string
  readonly json: boolean
}

const announce = (json: boolean, facts: Readonly<Record<string, unknown>>, text: string) =>
  Console.log(json ? JSON.stringify({ status: "ready", ...facts, pid: process.pid }) : text)

/** Records until the process is told to end, or until the file cannot be written. */
export const record = (
  { host, json, out, port, upstream }: Listening & { readonly upstream: string; readonly out: string }
) =>
  Effect.gen(function*() {
    const url = yield* checkUpstream(upstream)
    const onFailure = (error: unknown) => complain(`recorded a failure: ${reasonOf(error)}`)
    return yield* Effect.flatMap(Recording.Proxy, ({ baseUrl, failed }) =>
      Effect.andThen(
        announce(json, { baseUrl, file: out }, `Recording ${url.origin} at ${baseUrl} to ${out}`),
        Effect.mapError(
          failed,
          (error) => new CommandFailure({ problem: `cannot write ${out}: ${platformReason(error)}`, status: 1 })
        )
      )).pipe(
        Effect.provide(Recording.layerProxy({ upstream: url, file: out, host, port, onFailure })),
        Effect.catchTags({
          ServeError: (error) => Effect.fail(cannotServe(host, port, error)),
          PlatformError: (error) =>
            Effect.fail(new CommandFailure({ problem: `cannot write ${out}: ${platformReason(error)}`, status: 1 }))
        })
      )
  })

const readText = Effect.fnUntraced(function*(file: string, status: number) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.mapError(
    fs.readFileString(file),
    (error) => new CommandFailure({ problem: `cannot read ${file}: ${platformReason(error)}`, status })
  )
})

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

const describeHalf = (file: string, half: ReadonlyArray<number>): Effect.Effect<void> =>
  half.length === 0 ? Effect.void : complain(`${file}: line ${half.join(", ")} was cut off, and is skipped`)

const printProblems = (
  file: string,
  problems: ReadonlyArray<{ readonly line?: number; readonly path: string; readonly message: string }>
) =>
  Effect.forEach(problems, ({ line, message, path }) =>
    complain(
      [file, ...(line === undefined ? [] : [`line ${line}`]), ...(path === "" ? [] : [path]), message].join(": ")
    ), { discard: true })

/** Replays until the process is told to end. With `strict` the exit status is 1 if something is left then. */
export const replay = (
  options: Listening & {
    readonly file: string
    readonly immediate: boolean
    readonly ignore: ReadonlyArray<string>
    readonly repeat: boolean
    readonly strict: boolean
  }
) =>
  Effect.gen(function*() {
    const { file, host, ignore, immediate, json, port, repeat, strict } = options
    const recording = Recording.validate(yield* readText(file, 1))
    yield* describeHalf(file, recording.half)
    if (recording.problems.length > 0) {
      yield* printProblems(file, recording.problems)
      return yield* new CommandFailure({
        problem: `${file} has ${plural(recording.problems.length, "problem")}`,
        status: 1
      })
    }
    const leftovers = Effect.flatMap(Recording.Replay, ({ verify }) =>
      Effect.catch(verify, (unmet) =>
        Effect.andThen(
          Console.error(`effect-venice: ${unmet.message}`),
          // An interruption has a status of its own.
          Effect.sync(() => {
            process.exitCode = 1
          })
        )))
    return yield* Effect.flatMap(Recording.Replay, ({ baseUrl }) =>
      Effect.andThen(
        announce(
          json,
          { baseUrl, exchanges: recording.exchanges.length, verifyUrl: new URL(verifyPath, baseUrl).href },
          `Replaying ${plural(recording.exchanges.length, "exchange")} of ${file} at ${baseUrl}`
        ),
        Effect.never
      )).pipe(
        Effect.onInterrupt(() => strict ? leftovers : Effect.void),
        Effect.provide(Recording.layerReplayServer({
          file: recording,
          host,
          port,
          timing: immediate ? "immediate" : "recorded",
          ignore,
          repeat
        })),
        Effect.catchTags({
          ServeError: (error) => Effect.fail(cannotServe(host, port, error)),
          InvalidRecording: Effect.die,
          PlatformError: Effect.die
        })
      )
  })

const parse = (text: string): Result.Result<unknown, string> =>
  Result.try({ try: () => JSON.parse(text.replace(/^\ufeff/, "")) as unknown, catch: reasonOf })

/** Whether the text begins as a recording does: with a line that is JSON of its own, and names it. */
const isRecording = (text: string): boolean => {
  const [line = "", rest] = text.split(/\r?\n(.*)/s)
  const first = Result.getOrUndefined(parse(line))
  if (typeof first !== "object" || first === null) return false
  return "recording" in first || (rest !== undefined && rest.trim() !== "")
}

interface Verdict {
  readonly isValid: boolean
  readonly report: Effect.Effect<void>
}

const verdictOf = (file: string, text: string): Verdict => {
  if (isRecording(text)) {
    const { exchanges, half, problems } = Recording.validate(text)
    const isValid = problems.length === 0
    const valid = Console.log(`${file}: valid, a recording of ${plural(exchanges.length, "exchange")}`)
    return {
      isValid,
      report: Effect.andThen(describeHalf(file, half), isValid ? valid : printProblems(file, problems))
    }
  }
  const json = parse(text)
  if (Result.isFailure(json)) {
    return {
      isValid: false,
      report: complain(`${file}: neither a recording nor the JSON of a script: ${json.failure}`)
    }
  }
  const problems = Script.validate(json.success)
  if (problems.length > 0) return { isValid: false, report: printProblems(file, problems) }
  const { rules } = json.success as { readonly rules?: ReadonlyArray<unknown> }
  return {
    isValid: true,
    report: Console.log(`${file}: valid, a script with ${plural(rules?.length ?? 0, "rule")}`)
  }
}

/** Checks files. Fails with status 2 if one cannot be read, else with 1 if one is invalid, when all are checked. */
export const validate = Effect.fnUntraced(function*(files: ReadonlyArray<string>) {
  const statuses = yield* Effect.forEach(files, (file) =>
    readText(file, 2).pipe(
      Effect.matchEffect({
        onFailure: ({ problem }) => Effect.as(complain(problem), 2),
        onSuccess: (text) => {
          const { isValid, report } = verdictOf(file, text)
          return Effect.as(report, isValid ? 0 : 1)
        }
      })
    ))
  const status = Math.max(...statuses)
  if (status > 0) {
    const bad = statuses.filter((status) => status > 0).length
    return yield* new CommandFailure({ problem: `${bad} of ${plural(files.length, "file")} not valid`, status })
  }
})
