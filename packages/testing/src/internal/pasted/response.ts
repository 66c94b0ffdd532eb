/**
 * Responses as JSON: a log line with status, headers and body.
 *
 * @internal
 */
import { Category, Decode, type VeniceError } from "@effect-venice/core"
import * as Headers from "effect/http/Headers"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const HeaderText = Schema.Union([Schema.String, Schema.Number, Schema.Boolean])

const Line = Schema.Struct({
  id: Schema.optionalKey(Schema.Json),
  status: Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 999 })),
  headers: Schema.optionalKey(Schema.NullOr(Schema.Record(
    Schema.String,
    Schema.Union([...HeaderText.members, Schema.Array(HeaderText), Schema.Null])
  ))),
  body: Schema.String,
  operation: Schema.optionalKey(Schema.NullOr(Schema.String))
})

type Line = typeof Line.Type

const decodeLine = Schema.decodeUnknownResult(Line)

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const toHeaders = (headers: Line["headers"]): Headers.Headers => {
  const out: Array<[string, string]> = []
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === null) continue
    out.push([name, Array.isArray(value) ? value.join(", ") : String(value)])
  }
  return Headers.fromInput(out)
}

const problemOf = (error: Schema.SchemaError): string => {
  const [issue] = formatIssue(error.issue).issues
  const path = (issue?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".")
  return path === "" ? issue?.message ?? "not a response" : `${path}: ${issue?.message}`
}

// Files with a byte order mark have it inside of their concatenation.
export const parse = (text: string): Result.Result<Schema.Json, string> =>
  Result.try({
    try: () => JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as Schema.Json,
    catch: () => text.trim() === "" ? "an empty line" : "not JSON"
  })

/**
 * Whether a response fails. Of a success, only what Venice hides an error in does: the header of a blocked image, a JSON
 * body with an `error`, a stream with an event that has one.
 */
export const isFailing = (
  input: Decode.Input & { readonly headers: Headers.Headers },
  error: VeniceError.VeniceError
) => {
  if (input.status < 200 || input.status > 299 || Decode.isBlocked(input.headers)) return true
  return Result.isSuccess(parse(input.body))
    ? Decode.event(input.body, input) !== undefined
    // Text and pages match no rule, and their category is that of the status.
    : error.matchedBy !== "none" || error.category !== Category.fromStatus(input.status)
}

/** A response in the form that the decoder takes. */
export type ResponseInput = Decode.Input & { readonly headers: Headers.Headers }

const toInput = ({ body, headers, operation, status }: Line, now: number): ResponseInput => ({
  status,
  headers: toHeaders(headers),
  body,
  operation: operation ?? undefined,
  now
})

/** Reads a line as {@link classify} does, or says what is wrong with it. */
export const readLine = (value: Schema.Json, now: number): Result.Result<ResponseInput, string> =>
  Result.match(decodeLine(value), {
    onFailure: (error) => Result.fail(problemOf(error)),
    onSuccess: (line) => Result.succeed(toInput(line, now))
  })
