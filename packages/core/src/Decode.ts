/**
 * From a response to exactly one error of the algebra.
 *
 * Status, headers and the text of the body go in, one member of `VeniceError` comes out: for any status, any headers and
 * any text. Decoding never throws, takes time linear in the body, and reads neither clock nor network.
 *
 * **Details**
 *
 * What is tried, in this order:
 *
 * 1. A machine code in the body (`matchedBy: "code"`). One of Venice's codes wins over everything else.
 * 2. The 402 bodies of x402, and a blocked image inside a success (`"shape"`).
 * 3. The message under its status (`"message"`), anchored at the start and without regard to case.
 * 4. What a Venice-shaped body means under its status: 400, 401, 403, 500 (`"shape"`).
 * 5. The statuses that mean one code only: 413, 415, 429, 504 (`"status"`).
 * 6. `UnrecognizedResponse`, with the category the status implies (`"none"`).
 *
 * **Gotchas**
 *
 * A success can hold an error too: give the text of a failed event stream, or of an answer whose headers say that the
 * content was blocked, with its status of 200.
 *
 * @since 0.1.0
 */
import * as Headers from "effect/http/Headers"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as Errors from "./Errors.ts"
import { captureStack, fromWire, withoutStacks } from "./internal/ApiError.ts"
import { contextOf } from "./internal/decoding/context.ts"
import { fieldsOf, validationOf } from "./internal/decoding/fields.ts"
import * as Verdict from "./internal/decoding/recognize.ts"
import { errorOfEvent, isStream, readStream } from "./internal/decoding/streamError.ts"
import { Validation } from "./internal/decoding/validation.ts"
import { excerpt, isPlain } from "./internal/redaction/excerpt.ts"
import * as Json from "./internal/redaction/json.ts"
import { unescaped, without, withoutBegun } from "./internal/redaction/redact.ts"
import * as ResponseBody from "./ResponseBody.ts"
import type { ResponseContext } from "./ResponseContext.ts"
import { maxMessageLength } from "./ResponseContext.ts"
import * as ResponseHeaders from "./ResponseHeaders.ts"
import type { VeniceError } from "./VeniceError.ts"

/**
 * A response, as it was received.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly status: number
  /** Names in any case. */
  readonly headers?: Headers.Input | undefined
  /** The body's text. What cannot be decoded as text may be left out or replaced. */
  readonly body: string
  /** Whether more body was on its way than `body` holds. */
  readonly bodyTruncated?: boolean | undefined
  /** The operation that was called, such as `POST /chat/completions`. */
  readonly operation?: string | undefined
  /** How many events of a stream had been delivered before. */
  readonly delivered?: number | undefined
  /** The moment the response was received, in epoch milliseconds: what dates in headers are read against. */
  readonly now: number
  /**
   * Values that must not appear in the error, such as the key the request was sent with. Values shorter than four
   * characters are no credentials and are passed over.
   */
  readonly secrets?: ReadonlyArray<string> | undefined
  /**
   * Whether the error's `stack` has the frames of the caller of {@link response}. Without, it has one line that says where
   * the answer came from: capturing frames costs as much as decoding, and in an effect they are the runtime's.
   */
  readonly captureStack?: boolean | undefined
}

const remove = (input: Input, secrets: ReadonlyArray<string>): Input => {
  const redacted = without(secrets)
  const headers = headersOf(input)
  const isEchoed = Object.values(headers).some((value) => redacted(value) !== value)
  return {
    ...input,
    headers: isEchoed ? Headers.fromRecordUnsafe(Record.map(headers, redacted)) : headers,
    body: input.bodyTruncated === true ? withoutBegun(redacted(input.body), secrets) : redacted(input.body)
  }
}

/**
 * A function that takes known secrets out of a text: as they are, and as JSON or a URL would write them.
 *
 * @category decoding
 * @since 0.1.0
 */
export const redacting: (secrets: ReadonlyArray<string>) => (text: string) => string = without

/**
 * The response without the values that are known to be secret.
 *
 * @category decoding
 * @since 0.1.0
 */
export const withoutSecrets = (input: Input): Input => {
  const body = unescaped(input.body)
  const received = body === input.body ? input : { ...input, body }
  return input.secrets === undefined ? received : remove(received, input.secrets)
}

const headersOf = ({ headers }: Input): Headers.Headers =>
  Headers.isHeaders(headers) ? headers : Headers.fromInput(headers)

const messageOf = (
  { Class }: Verdict.Verdict,
  reading: ResponseBody.Reading,
  input: Input,
  isBodyPlain: boolean
): string => {
  const isJson = reading.shape === "venice" || reading.shape === "json"
  const said = reading.message ?? (isJson ? Validation.firstMessage(validationOf(reading)) : undefined)
  // Venice's own words hold no credential, and neither does what is part of a text without one.
  if (said === Class.defaultMessage || (said !== undefined && isBodyPlain)) return said
  if (said !== undefined) return excerpt(said, maxMessageLength)
  if (Class !== Errors.UnrecognizedResponse) return Class.defaultMessage
  switch (reading.shape) {
    case "empty":
      return `HTTP ${input.status} with an empty body`
    case "text":
      return excerpt(input.body.trim(), 500)
    case "html":
      return excerpt(ResponseBody.title(input.body) ?? `HTTP ${input.status} with an HTML page`, 500)
    default:
      return `HTTP ${input.status} with an unknown JSON body`
  }
}

/**
 * Decodes a response. Total: any input gives exactly one error.
 *
 * **Example** (Decoding a busy model)
 *
 * ```ts
 * import { Decode } from "@effect-venice/core"
 *
 * const error = Decode.response({
 *   status: 429,
 *   headers: { "Retry-After": "30", "CF-RAY": "91dbd54fa83f8cbd-EWR" },
 *   body: "{\"error\":\"The model is currently overloaded. Please try again later.\"}",
 *   operation: "POST /chat/completions",
 *   now: Date.UTC(2026, 0, 1)
 * })
 *
 * error._tag // => "MODEL_OVERLOADED"
 * error.category // => "Capacity"
 * error.matchedBy // => "message"
 * error.response.requestId // => "91dbd54fa83f8cbd-EWR"
 * String(error.response.retryAfter) // => "30000 millis"
 * ```
 *
 * @category decoding
 * @since 0.1.0
 */
export const response = (received: Input): VeniceError => {
  const error = withoutStacks(() => decode(withoutSecrets(received)))
  if (received.captureStack === true) captureStack(error, response)
  return error
}

const decode = (input: Input): VeniceError =>
  fromReading(
    isStream(input.status, headersOf(input), input.body) ? readStream(input.body) : ResponseBody.read(input.body),
    input
  )

const fromReading = (reading: ResponseBody.Reading, input: Input): VeniceError => {
  const headers = headersOf(input)
  const verdict = Verdict.judge(reading, input.status, headers)
  const snapshot = ResponseHeaders.rateLimit(headers, input.now)
  const isBodyPlain = isPlain(input.body)
  return fromWire<VeniceError>(verdict.Class, {
    _tag: verdict.Class.code,
    message: messageOf(verdict, reading, input, isBodyPlain),
    matchedBy: verdict.matchedBy,
    response: contextOf(input, reading, headers, snapshot, isBodyPlain)
  }, fieldsOf(verdict, reading, input, headers, snapshot))
}

/**
 * Decodes one event of a stream, if it is an error: the `data` of a chat completion with an `error`, or of a
 * `response.failed` of `/responses`. Total; anything else is nothing.
 *
 * @category decoding
 * @since 0.1.0
 */
export const event = (data: string, input: Omit<Input, "body">): VeniceError | undefined =>
  withoutStacks(() => {
    const found = errorOfEvent(data)
    if (found === undefined) return undefined
    const cleaned = withoutSecrets({ ...input, body: data })
    // Only a secret that was found makes it worth reading the event again.
    const error = cleaned.body === data ? found : errorOfEvent(cleaned.body)
    return fromReading(ResponseBody.fromJson(error), cleaned)
  })

/**
 * What is known of a response that is no error of Venice, such as a success whose body is not what was expected: the
 * same context, bounds and redaction as for an error.
 *
 * @category decoding
 * @since 0.1.0
 */
export const context = (received: Input): ResponseContext => {
  const input = withoutSecrets(received)
  const headers = headersOf(input)
  return contextOf(input, ResponseBody.read(input.body), headers, ResponseHeaders.rateLimit(headers, input.now))
}

/**
 * A copy of a JSON value that may be kept: without credentials, at most 16 deep, with at most 200 entries and texts of at
 * most 2,048 characters. Total.
 *
 * @category decoding
 * @since 0.1.0
 */
export const excerptJson: (value: unknown) => Schema.Json = Json.excerptJson

/**
 * Whether a success carries an error after all: a blocked image says so in a header.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isBlocked: (headers: Headers.Headers) => boolean = Verdict.isBlocked
