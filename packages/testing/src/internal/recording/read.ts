/**
 * Recordings read line by line.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { problemsOf } from "../script/script.ts"
import type { Exchange } from "./format.ts"
import * as Format from "./format.ts"

export interface Problem {
  readonly line: number
  /** Where in the line, such as `request.method`. Empty for the line as a whole. */
  readonly path: string
  readonly message: string
}

export interface Numbered {
  readonly line: number
  readonly exchange: Exchange
}

export interface Contents {
  readonly exchanges: ReadonlyArray<Numbered>
  readonly problems: ReadonlyArray<Problem>
  /** The lines that a kill cut off. They are no problem. */
  readonly half: ReadonlyArray<number>
}

const decodeSession = Schema.decodeUnknownResult(Format.Session)

const decodeExchange = Schema.decodeUnknownResult(Format.Exchange, { errors: "all" })

const parse = (text: string): Result.Result<unknown, string> =>
  Result.try({ try: () => JSON.parse(text) as unknown, catch: () => "not JSON" })

const isSession = (value: unknown): boolean => typeof value === "object" && value !== null && "recording" in value

const problemOfSession = (value: unknown): ReadonlyArray<Omit<Problem, "line">> => {
  const session = decodeSession(value)
  if (Result.isFailure(session)) return problemsOf(session.failure)
  const { version } = session.success
  return version === Format.version
    ? []
    : [{ path: "version", message: `is ${version}, and this version reads ${Format.version}` }]
}

/** Reads a recording. A line that is no JSON is half a line if it is the last one, or if a session follows. */
export const parseText = (text: string): Contents => {
  const exchanges: Array<Numbered> = []
  const problems: Array<Problem> = []
  const half: Array<number> = []
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/)
  const isComplete = lines.at(-1) === ""
  if (isComplete) lines.pop()
  const values = lines.map((line) => parse(line))
  const isSessionAt = (i: number) => isSession(Result.getOrUndefined(values[i]!))
  const isCutOff = (i: number) => i > 0 && (i === lines.length - 1 ? !isComplete : isSessionAt(i + 1))
  if (lines.length === 0) problems.push({ line: 1, path: "", message: "the file is empty" })
  for (const [i, value] of values.entries()) {
    const line = i + 1
    const add = (found: ReadonlyArray<Omit<Problem, "line">>) =>
      problems.push(...found.map((problem) => ({ line, ...problem })))
    if (Result.isFailure(value)) {
      if (isCutOff(i)) half.push(line)
      else add([{ path: "", message: value.failure }])
    } else if (isSession(value.success)) {
      add(problemOfSession(value.success))
    } else if (i === 0) {
      add([{ path: "", message: "not a recording: the first line must be {\"recording\":\"effect-venice\",…}" }])
    } else {
      const exchange = decodeExchange(value.success)
      if (Result.isFailure(exchange)) add(problemsOf(exchange.failure))
      else exchanges.push({ line, exchange: exchange.success })
    }
  }
  return { exchanges, problems, half }
}
