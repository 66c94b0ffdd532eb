/**
 * A response as the decoder sees it: without known secrets, and with its parts read once.
 *
 * @internal
 */
import * as Headers from "effect/http/Headers"
import * as Record from "effect/Record"
import type { RateLimit } from "../../ResponseContext.ts"
import { isPlain } from "../redaction/excerpt.ts"
import { redactCutSecret, redactSecrets, unescapeAscii } from "../redaction/redact.ts"
import type { ErrorBody, Written } from "./errorBody.ts"
import { type Clocks, parseClocks, rateLimit } from "./headers.ts"
import { unwrap } from "./relay.ts"

/**
 * A response to decode, as the caller of `Decode` passes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  /** The status of the response. Zero for a body without a response: then it is the one that `Encode` wrote into it. */
  readonly status: number
  /** The names may be in any case. */
  readonly headers?: Headers.Input | undefined
  /** The text of the body. Bytes that are not valid text may be omitted or replaced. */
  readonly body: string
  /** Whether the server sent, or was about to send, more than `body` holds. */
  readonly bodyTruncated?: boolean | undefined
  /** The operation of the request, such as `POST /chat/completions`. */
  readonly operation?: string | undefined
  /** How many events of a stream the caller received before this error. */
  readonly delivered?: number | undefined
  /** When the response was received, in epoch milliseconds. Dates in headers become delays relative to it. */
  readonly now: number
  /**
   * Values that must not appear in the error, such as the API key of the request. Values shorter than four characters
   * are ignored.
   */
  readonly secrets?: ReadonlyArray<string> | undefined
  /**
   * Whether `stack` of the error has the frames of the caller of `Decode.response`. By default it has one line with the
   * operation: capturing frames costs as much as decoding, and inside an effect the frames are the runtime's.
   */
  readonly captureStack?: boolean | undefined
}

export interface Received {
  readonly input: Input
  readonly headers: Headers.Headers
  readonly errorBody: ErrorBody
  readonly clocks: Clocks
  /** The budgets of the rate limiter, from the headers. */
  readonly rateLimit: RateLimit | undefined
  /** Whether the body is short and contains no credential, so that its parts need no redaction. */
  readonly isPlain: boolean
}

/** Whether the status is that of a success. A success can contain an error: a blocked image, an event of a stream. */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300

const joinPairs = (pairs: Iterable<readonly [string, string]>): Headers.Headers => {
  const joined: Record<string, string> = {}
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    joined[key] = joined[key] === undefined ? value : `${joined[key]}, ${value}`
  }
  return Headers.fromInput(joined)
}

/** The headers with lower-case names; values of the same name are joined by a comma, as `fetch` does. */
export const headersOf = ({ headers }: Input): Headers.Headers => {
  if (headers === undefined || Headers.isHeaders(headers)) return headers ?? Headers.empty
  return Symbol.iterator in headers ? joinPairs(headers) : Headers.fromInput(headers)
}

const redactInput = (input: Input, secrets: ReadonlyArray<string>): Input => {
  const redact = redactSecrets(secrets)
  const headers = headersOf(input)
  const isEchoed = Object.values(headers).some((value) => redact(value) !== value)
  return {
    ...input,
    headers: isEchoed ? Headers.fromRecordUnsafe(Record.map(headers, redact)) : headers,
    body: input.bodyTruncated === true ? redactCutSecret(redact(input.body), secrets) : redact(input.body)
  }
}

/** The input as an object that can be copied. That of a caller may be an instance of a class, with inherited members. */
export const copyable = <I extends Omit<Input, "body">>(input: I): I => {
  if (Object.getPrototypeOf(input) === Object.prototype) return input
  const { body, bodyTruncated, captureStack, delivered, headers, now, operation, secrets, status } = input as I & Input
  return { body, bodyTruncated, captureStack, delivered, headers, now, operation, secrets, status } as I & Input
}

/** The response with its known secrets redacted. */
export const withoutSecrets = (given: Input): Input => {
  const input = copyable(given)
  const body = unescapeAscii(input.body)
  const unescaped = body === input.body ? input : { ...input, body }
  return input.secrets === undefined ? unescaped : redactInput(unescaped, input.secrets)
}

/**
 * The input with the status and the operation that `Encode` wrote, if the caller has no response. What a body says never
 * replaces the status of a response, by which a policy knows whether a request was executed.
 */
const asWritten = (input: Input, { operation, status }: Written): Input =>
  input.status === 0
    ? { ...input, status: status ?? input.status, operation: input.operation ?? operation }
    : input

/** Reads the headers of a response. Its secrets must be redacted already. */
export const receive = (input: Input, errorBody: ErrorBody): Received => {
  const headers = headersOf(input)
  const clocks = parseClocks(headers, input.now)
  const unwrapped = unwrap(input.body, errorBody)
  return {
    input: unwrapped.written === undefined ? input : asWritten(input, unwrapped.written),
    headers,
    errorBody: unwrapped,
    clocks,
    rateLimit: rateLimit(headers, clocks.serverTime),
    isPlain: isPlain(input.body)
  }
}
