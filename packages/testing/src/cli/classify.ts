/**
 * The command `classify`: reads responses, writes their errors, as JSON lines.
 *
 * @internal
 */
import { Category, Decode, VeniceError } from "@effect-venice/core"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { escapeControls } from "../internal/pasted/printable.ts"
import { isFailing, parse, readLine } from "../internal/pasted/response.ts"
import { complain, stdout } from "./output.ts"

export const encodeError = Schema.encodeSync(Schema.toCodecJson(VeniceError.VeniceError))

/** What the command writes for a line: an error, a success, or why the line is refused. */
export type Classification =
  | {
    readonly id: Schema.Json
    readonly tag: string
    readonly category: Category.Category
    readonly matchedBy: string
    readonly retryable: boolean
    readonly retryAfterMillis: number | null
    readonly requestId: string | null
    readonly message: string
    readonly error: unknown
  }
  | { readonly id: Schema.Json; readonly line: number; readonly tag: null; readonly problem: string }
  | { readonly id: Schema.Json; readonly line: number; readonly problem: string }

/** The longest line that is read, in UTF-16 code units. */
export const maxLineLength = 2 ** 24

/** Classifies one line. Dates and resets in it are relative to `now`, in epoch milliseconds. */
export const classify = (text: string, { line, now }: { line: number; now: number }): Classification => {
  if (text.length > maxLineLength) return { id: null, line, problem: `longer than ${maxLineLength} characters` }
  const json = parse(text)
  if (Result.isFailure(json)) return { id: null, line, problem: json.failure }
  const value = json.success
  const id = Predicate.hasProperty(value, "id") ? value.id as Schema.Json : null
  const read = readLine(value, now)
  if (Result.isFailure(read)) return { id, line, problem: read.failure }
  const input = read.success
  const error = Decode.response(input)
  if (!isFailing(input, error)) return { id, line, tag: null, problem: "not a failing response" }
  return {
    id,
    tag: error._tag,
    category: error.category,
    matchedBy: error.matchedBy,
    retryable: Category.isRetryable(error.category),
    retryAfterMillis: error.response.retryAfter === undefined ? null : Duration.toMillis(error.response.retryAfter),
    requestId: error.response.requestId ?? null,
    message: error.message,
    error: encodeError(error)
  }
}

interface Written {
  readonly text: string
  readonly isRefused: boolean
}

const write = (text: string, position: { line: number; now: number }): Written => {
  const written = (classification: Classification): Written => ({
    text: `${escapeControls(JSON.stringify(classification))}\n`,
    isRefused: !("tag" in classification)
  })
  try {
    return written(classify(text, position))
  } catch {
    // JSON that is nested deeper than the stack is: V8 parses it, but nothing else can walk it.
    return written({ id: null, line: position.line, problem: "nested too deeply" })
  }
}

/**
 * Drops what exceeds `max` characters of a line, but for one, so that a line without an end needs no memory and is
 * still too long.
 */
export const cutLines = (max: number) =>
  Stream.mapAccum(() => 0, (pending: number, text: string): readonly [number, ReadonlyArray<string>] => {
    const start = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1
    if (pending + text.length <= max) return [start === 0 ? pending + text.length : text.length - start, [text]]
    let length = pending
    const cut = text.replace(/[^\r\n]+|[\r\n]+/g, (part) => {
      if (part.startsWith("\n") || part.startsWith("\r")) {
        length = 0
        return part
      }
      const kept = part.slice(0, max + 1 - length)
      length += kept.length
      return kept
    })
    return [length, [cut]]
  })

/** Some lines were refused. The command has already reported them. */
export class RefusedLines extends Data.TaggedError("RefusedLines")<{ readonly count: number }> {}

/** The input cannot be read. */
export class UnreadableInput extends Data.TaggedError("UnreadableInput")<{
  readonly source: string
  readonly cause: PlatformError
}> {
  override get message(): string {
    const { cause } = this.cause.reason
    return `cannot read ${this.source}: ${cause instanceof Error ? cause.message : this.cause.message}`
  }
}

/** Classifies a file, or else standard input, line by line, in bounded memory. */
export const classifyLines = Effect.fnUntraced(function*(
  options: { readonly file: Option.Option<string>; readonly now: Option.Option<number> }
) {
  const stdio = yield* Stdio.Stdio
  const fs = yield* FileSystem.FileSystem
  const input = Option.match(options.file, { onNone: () => stdio.stdin, onSome: (path) => fs.stream(path) })
  const source = Option.getOrElse(options.file, () => "standard input")
  let line = 0
  let refused = 0
  yield* input.pipe(
    Stream.mapError((cause) => new UnreadableInput({ source, cause })),
    Stream.decodeText,
    cutLines(maxLineLength),
    Stream.splitLines,
    Stream.mapArrayEffect((lines) =>
      Effect.gen(function*() {
        const now = Option.isSome(options.now) ? options.now.value : yield* Clock.currentTimeMillis
        const written = lines.map((text) => write(text, { line: ++line, now }))
        refused += written.filter(({ isRefused }) => isRefused).length
        return [written.map(({ text }) => text).join("")]
      })
    ),
    Stream.run(stdout)
  )
  if (refused > 0) {
    yield* complain(`${refused} of ${line} ${line === 1 ? "line" : "lines"} refused; see \`problem\` in the output`)
    return yield* new RefusedLines({ count: refused })
  }
})
