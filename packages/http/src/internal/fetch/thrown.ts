/**
 * The response behind an error of another client: what it kept of the status, the headers and the body.
 *
 * The values are those of other libraries, and may be hostile: every property is read by `attempt`.
 *
 * @internal
 */
import { hidden, type Input, response as decodeResponse } from "@effect-venice/core/Decode"
import { byCode, isVeniceError, VeniceError } from "@effect-venice/core/VeniceError"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { partsOf } from "./encoded.ts"

const attempt = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const read = (value: unknown, name: string): unknown =>
  isObject(value) ? attempt(() => Reflect.get(value, name) as unknown) : undefined

const has = (value: object, name: string): boolean => attempt(() => name in value) === true

const isStatus = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 100

const maxHeaders = 200

/** The headers of `fetch`, or a record of them. */
const headersIn = (headers: unknown): Readonly<Record<string, string>> =>
  attempt(() => {
    const entries = Symbol.iterator in (headers as object)
      ? headers as Iterable<[string, unknown]>
      : Object.entries(headers as object)
    const out: Record<string, string> = {}
    let read = 0
    for (const [name, value] of entries) {
      if (read++ === maxHeaders) break
      if (typeof value === "string") out[name.toLowerCase()] = value
    }
    return out
  }) ?? {}

/** Whether `Encode` wrote it, so that it is an error of Venice wherever it is found. */
const isMarked = (value: unknown): boolean =>
  typeof read(value, "venice_code") === "string" || typeof read(read(value, "param"), "venice_code") === "string"

/**
 * Whether it has the members of an `APIError` of openai or Anthropic, which have these also without a response. In older
 * versions the first one is `request_id`.
 */
const isApiError = (thrown: object): boolean =>
  (has(thrown, "requestID") || has(thrown, "request_id")) && has(thrown, "headers") && has(thrown, "error")
  && has(thrown, "status")

/** Whether it has the members of an `APICallError` of the AI SDK. */
const isApiCallError = (thrown: object): boolean =>
  has(thrown, "requestBodyValues") && has(thrown, "responseHeaders") && has(thrown, "isRetryable")

interface Kept {
  /** Absent if the client kept an event of a stream. */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a client keeps as an object: `error` of OpenAI's body, or the whole body. */
const bodyOf = (kept: unknown): string | undefined =>
  attempt(() => JSON.stringify(isObject(read(kept, "error")) ? kept : { error: kept }))

const keptBy = (thrown: object): Kept | undefined => {
  if (isApiError(thrown)) {
    const status = read(thrown, "status")
    const error = read(thrown, "error")
    const body = error === undefined || error === null ? undefined : bodyOf(error)
    const headers = headersIn(read(thrown, "headers"))
    if (isStatus(status)) return { status, headers, body: body ?? "" }
    if (body === undefined) return undefined
    // The headers are those of the stream, and the body is the JSON of one event.
    return { status: undefined, headers: { ...headers, "content-type": "application/json" }, body }
  }
  if (isApiCallError(thrown)) {
    const status = read(thrown, "statusCode")
    const body = read(thrown, "responseBody")
    if (!isStatus(status)) return undefined
    const headers = headersIn(read(thrown, "responseHeaders"))
    return { status, headers, body: typeof body === "string" ? body : "" }
  }
  // An error in a stream: the object that the AI SDK keeps, or an event.
  const marked = [thrown, read(thrown, "error"), read(thrown, "data"), read(read(thrown, "response"), "error")]
    .find(isMarked)
  const body = marked === undefined ? undefined : bodyOf(marked)
  return body === undefined ? undefined : { status: undefined, headers: {}, body }
}

// What the client is told about repeats is for the client. The truth about the error is in the marked body.
const withoutAdvice = (headers: Kept["headers"]): Kept["headers"] => Struct.omit(headers, ["x-should-retry"])

const decode = ({ body, headers, status }: Kept, now: number): VeniceError | undefined => {
  const isOurs = body.includes("\"venice_code\"")
  // The client may have got another status than Venice sent. The true one is in a body of ours.
  const input: Input = isOurs
    ? { status: 0, headers: withoutAdvice(headers), body, now }
    : { status: status ?? 200, headers, body, now }
  // A client also fails on a success that it cannot read.
  const isSuccess = status !== undefined && status >= 200 && status < 300
  return isSuccess && !isOurs ? hidden(input) : decodeResponse(input)
}

/** The error of the class in this copy of core. */
const asOwn = (error: VeniceError): VeniceError | undefined => {
  if (attempt(() => error instanceof byCode.get(error._tag)!) === true) return error
  return attempt(() => Schema.decodeUnknownSync(Schema.toCodecJson(VeniceError))(JSON.parse(JSON.stringify(error))))
}

const isKept = (value: unknown): value is Kept =>
  isStatus(read(value, "status")) && typeof read(value, "body") === "string"

const maxDepth = 8

/** The first error of Venice in a thrown value, or behind it. */
const search = (thrown: unknown, now: number, depth: number): VeniceError | undefined => {
  if (!isObject(thrown) || depth > maxDepth) return undefined
  if (isVeniceError(thrown)) return asOwn(thrown)
  const parts = attempt(() => partsOf(thrown))
  const kept = isKept(parts) ? parts : keptBy(thrown)
  const decoded = kept && attempt(() => decode(kept, now))
  if (decoded !== undefined) return decoded
  for (const name of ["lastError", "cause"]) {
    const inner = search(read(thrown, name), now, depth + 1)
    if (inner !== undefined) return inner
  }
  return undefined
}

/** Total, for any value. A cycle ends at the maximal depth. */
export const errorIn = (thrown: unknown, now: number): VeniceError | undefined => search(thrown, now, 0)
