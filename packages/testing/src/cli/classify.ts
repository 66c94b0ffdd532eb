/**
 * The command `classify`: reads responses, writes their errors, as JSON lines.
 *
 * @internal
 */
import { Category, Decode, VeniceError } from "@effect-venice/core"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"

const HeaderText = Schema.Union([Schema.String, Schema.Number, Schema.Boolean])

const Line = Schema.Struct({
  id: Schema.optionalKey(Schema.Json),
  status: Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 999 })),
  headers: Schema.optionalKey(Schema.NullOr(Schema.Record(
    Schema.String,
    Schema.NullOr(Schema.Union([HeaderText, Schema.Array(HeaderText)]))
  ))),
  body: Schema.String,
  operation: Schema.optionalKey(Schema.NullOr(Schema.String))
})

const decodeLine = Schema.decodeUnknownResult(Line)

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const encodeError = Schema.encodeSync(Schema.toCodecJson(VeniceError.VeniceError))

/** What the command writes for a line. */
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
  | { readonly id: null; readonly problem: string }

const problem = (text: string): Classification => ({ id: null, problem: text })

const toHeaders = (headers: typeof Line.Type["headers"]): Record<string, string> => {
  const out: Array<[string, string]> = []
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === null) continue
    out.push([name, Array.isArray(value) ? value.join(", ") : String(value)])
  }
  return Object.fromEntries(out)
}

const problemOf = (error: Schema.SchemaError): string => {
  const [issue] = formatIssue(error.issue).issues
  const path = (issue?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".")
  return path === "" ? issue?.message ?? "not a response" : `${path}: ${issue?.message}`
}

/** Classifies one line. Dates and resets in it are relative to `now`, in epoch milliseconds. */
export const classify = (line: string, now: number): Classification => {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return problem(line.trim() === "" ? "an empty line" : "not JSON")
  }
  const decoded = decodeLine(json)
  if (Result.isFailure(decoded)) return problem(problemOf(decoded.failure))
  const { body, headers, id, operation, status } = decoded.success
  const error = Decode.response({
    status,
    headers: toHeaders(headers),
    body,
    operation: operation ?? undefined,
    now
  })
  return {
    id: id ?? null,
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

/** Some lines were no responses. The command has already reported them, so the runtime must not. */
export class UnreadableLines extends Data.TaggedError("UnreadableLines")<{ readonly count: number }> {
  override readonly [Runtime.errorReported] = false
}

/** Classifies standard input line by line, in bounded memory. */
export const classifyStdin = Effect.fnUntraced(function*(fixedNow: Option.Option<number>) {
  const stdio = yield* Stdio.Stdio
  let unreadable = 0
  yield* stdio.stdin.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.mapArrayEffect((lines) =>
      Effect.gen(function*() {
        const now = Option.isSome(fixedNow) ? fixedNow.value : yield* Clock.currentTimeMillis
        const classified = lines.map((line) => classify(line, now))
        unreadable += classified.filter((classification) => "problem" in classification).length
        return [classified.map((classification) => `${JSON.stringify(classification)}\n`).join("")]
      })
    ),
    Stream.run(stdio.stdout())
  )
  if (unreadable > 0) {
    yield* Console.error(
      `${unreadable} ${
        unreadable === 1 ? "line is not a response" : "lines are not responses"
      }; see \`problem\` in the output`
    )
    return yield* new UnreadableLines({ count: unreadable })
  }
})
