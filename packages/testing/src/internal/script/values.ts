/**
 * The values of a rule, as a test or a JSON file writes them: durations, failures, responses.
 *
 * @internal
 */
import { VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Fixtures from "../../Fixtures.ts"
import type * as WireResponse from "../../WireResponse.ts"
import { didYouMean, nearest } from "../nearest.ts"

const refuse = (expected: string): Effect.Effect<never, SchemaIssue.Issue> =>
  Effect.fail(new SchemaIssue.InvalidValue({ expected }))

const aDelay = "a duration such as \"2 seconds\" or a number of milliseconds"

const isDelay = (duration: Duration.Duration): boolean =>
  Number.isFinite(Duration.toMillis(duration)) && !Duration.isNegative(duration)

/** A finite duration that is not negative, from everything that Effect takes for a duration. */
export const Delay = Schema.Unknown.pipe(
  Schema.decodeTo(
    Schema.Duration,
    SchemaTransformation.transformEffect({
      decode: (input: unknown) => {
        const duration = Duration.fromInput(input as Duration.Input)
        return duration._tag === "Some" && isDelay(duration.value) ? Effect.succeed(duration.value) : refuse(aDelay)
      },
      encode: (duration) => Effect.succeed(`${Duration.toMillis(duration)} millis`)
    })
  )
)

/** The names that a rule gives to members of the context of a response. */
const contextNames = ["status", "requestId", "rayId", "retryAfter"] as const

const exact = { errors: "all", onExcessProperty: "error" } as const

const describeCode = (code: unknown): string =>
  `a code of Venice${typeof code === "string" ? didYouMean(nearest(code, [...VeniceError.byCode.keys()])) : ""}`

const at = (key: string, issue: SchemaIssue.Issue): SchemaIssue.Issue => new SchemaIssue.Pointer([key], issue)

const decodeFailure = (input: object): Effect.Effect<VeniceError.VeniceError, SchemaIssue.Issue> => {
  const { code, response, retryAfter, ...rest } = input as Record<string, unknown>
  const Class = typeof code === "string" ? VeniceError.byCode.get(code) : undefined
  if (Class === undefined) {
    return Effect.fail(at("code", new SchemaIssue.InvalidValue({ expected: describeCode(code) })))
  }
  const codec = Schema.toCodecJson(Class as Schema.Codec<VeniceError.VeniceError, any>)
  const example = Schema.encodeSync(codec)(Fixtures.error(Class.code)) as Record<string, unknown>
  const context: Record<string, unknown> = {
    ...example.response as object,
    ...(typeof response === "object" ? response : undefined)
  }
  for (const name of contextNames) if (name in rest) context[name] = rest[name]
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => !contextNames.includes(name as "status")))
  const decoded = retryAfter === undefined
    ? Effect.succeed(context)
    : Schema.decodeUnknownEffect(Delay)(retryAfter).pipe(
      Effect.mapBoth({
        onSuccess: (hint) => ({ ...context, retryAfter: Duration.toMillis(hint) }),
        onFailure: ({ issue }) => at("retryAfter", issue)
      })
    )
  return Effect.flatMap(decoded, (response) =>
    Effect.mapError(
      Schema.decodeUnknownEffect(codec, exact)({ ...example, ...fields, response }),
      ({ issue }) => issue
    ))
}

const isVeniceError = (u: unknown): u is VeniceError.VeniceError => VeniceError.isVeniceError(u)

const encodeFailure = (error: VeniceError.VeniceError): unknown => {
  const { _tag, matchedBy: _, ...rest } = Schema.encodeSync(
    Schema.toCodecJson(VeniceError.VeniceError)
  )(error) as Record<string, unknown>
  return { code: _tag, ...rest }
}

/** An error: a code, a code with fields, or an error of the algebra. */
export const Failure = Schema.Unknown.pipe(
  Schema.decodeTo(
    Schema.declare(isVeniceError),
    SchemaTransformation.transformEffect({
      decode: (input: unknown): Effect.Effect<VeniceError.VeniceError, SchemaIssue.Issue> => {
        if (isVeniceError(input)) return Effect.succeed(input)
        if (typeof input === "object" && input !== null && !Array.isArray(input)) return decodeFailure(input)
        return typeof input === "string" && VeniceError.isCode(input)
          ? Effect.succeed(Fixtures.error(input))
          : refuse(describeCode(input))
      },
      encode: (error) => Effect.succeed(encodeFailure(error))
    })
  )
)

const isName = (name: string): boolean => /^[!#$%&'*+.^_`|~\w-]+$/.test(name)

const isValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

const HeadersOfResponse = Schema.Record(Schema.String, Schema.String).check(
  Schema.makeFilter((headers) =>
    Object.entries(headers).filter(([name, value]) => !isName(name) || !isValue(value)).map(([name]) => ({
      path: [name],
      issue: isName(name) ? "Expected a value that a header can have" : "Expected a name of a header"
    }))
  )
)

const isBytes = (u: unknown): u is Uint8Array => u instanceof Uint8Array

const Chunk = Schema.Struct({
  data: Schema.Union([Schema.String, Schema.declare(isBytes)]),
  delay: Schema.optionalKey(Delay)
})

const bodies = ["body", "json", "base64", "events"] as const

const Parts = Schema.Struct({
  status: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))),
  headers: Schema.optionalKey(HeadersOfResponse),
  /** A text; in a test also bytes, or chunks with delays. */
  body: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Chunk), Schema.declare(isBytes)])),
  json: Schema.optionalKey(Schema.Json),
  base64: Schema.optionalKey(Schema.String.check(
    Schema.makeFilter((text) => Result.isSuccess(Base64.decode(text)) || "base64")
  )),
  /** The data of the events of a stream: a text as it is, anything else as JSON. */
  events: Schema.optionalKey(Schema.Array(Schema.Json))
}).check(
  Schema.makeFilter((parts) =>
    bodies.filter((name) => name in parts).length <= 1 || `at most one of ${bodies.join(", ")}`
  )
)

const contentTypes = { json: "application/json", events: "text/event-stream", base64: "application/octet-stream" }

const toWire = (parts: typeof Parts.Type): WireResponse.WireResponse => {
  const kind = bodies.find((name) => name in parts)
  const contentType = kind === undefined || kind === "body" ? undefined : contentTypes[kind]
  const headers = Object.fromEntries(
    Object.entries(parts.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  )
  return {
    status: parts.status ?? 200,
    headers: contentType === undefined ? headers : { "content-type": contentType, ...headers },
    body: parts.json !== undefined
      ? JSON.stringify(parts.json)
      : parts.base64 !== undefined
      ? Result.getOrThrow(Base64.decode(parts.base64))
      : parts.events !== undefined
      ? parts.events.map((data) => ({ data: `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n` }))
      : parts.body ?? ""
  }
}

const decoder = new TextDecoder()

const fromWire = ({ body, headers, status }: WireResponse.WireResponse): typeof Parts.Type => {
  if (body instanceof Uint8Array) return { status, headers, base64: Base64.encode(body) }
  return {
    status,
    headers,
    body: typeof body === "string"
      ? body
      : body.map((chunk) => ({ ...chunk, data: isBytes(chunk.data) ? decoder.decode(chunk.data) : chunk.data }))
  }
}

const isWireResponse = (u: unknown): u is WireResponse.WireResponse => typeof u === "object" && u !== null

/** A response with status, headers and a body in one of several forms. */
export const Response = Parts.pipe(
  Schema.decodeTo(
    Schema.declare(isWireResponse),
    SchemaTransformation.transform({ decode: toWire, encode: fromWire })
  )
)
