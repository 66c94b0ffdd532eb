/**
 * A response as the decoder works on it: its parts are read once, and known secrets are gone.
 *
 * @internal
 */
import * as Headers from "effect/http/Headers"
import * as Record from "effect/Record"
import type { RateLimit } from "../../ResponseContext.ts"
import { isPlain } from "../redaction/excerpt.ts"
import { unescaped, without, withoutBegun } from "../redaction/redact.ts"
import type { ErrorBody } from "./errorBody.ts"
import { rateLimit } from "./headers.ts"

/**
 * A response to decode.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly status: number
  /** Names in any case. */
  readonly headers?: Headers.Input | undefined
  /** The body's text. Bytes that are not text may be left out or replaced. */
  readonly body: string
  /** Whether the server sent, or was about to send, more than `body` holds. */
  readonly bodyTruncated?: boolean | undefined
  /** The operation that was called, such as `POST /chat/completions`. */
  readonly operation?: string | undefined
  /** How many events of a stream were delivered before this error. */
  readonly delivered?: number | undefined
  /** When the response was received, in epoch milliseconds. Dates in headers are read against it. */
  readonly now: number
  /**
   * Values that must not appear in the error, such as the API key of the request. Values shorter than four characters
   * are ignored.
   */
  readonly secrets?: ReadonlyArray<string> | undefined
  /**
   * Whether the error's `stack` has the frames of the caller of `Decode.response`. By default it has one line that names
   * the operation: capturing frames costs as much as decoding, and inside an effect they are the runtime's.
   */
  readonly captureStack?: boolean | undefined
}

/** A response whose parts were read. */
export interface Received {
  readonly input: Input
  readonly headers: Headers.Headers
  readonly errorBody: ErrorBody
  /** The budgets of the rate limiter, from the headers. */
  readonly rateLimit: RateLimit | undefined
  /** Whether the body is short and holds nothing that looks like a credential, so that parts of it can be kept as is. */
  readonly isPlain: boolean
}

/** Whether the status is that of a success. A success can still hold an error: a blocked image, an event of a stream. */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** The headers with lower-case names. */
export const headersOf = ({ headers }: Input): Headers.Headers =>
  Headers.isHeaders(headers) ? headers : Headers.fromInput(headers)

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

/** The response without its known secrets. */
export const withoutSecrets = (input: Input): Input => {
  const body = unescaped(input.body)
  const readable = body === input.body ? input : { ...input, body }
  return input.secrets === undefined ? readable : remove(readable, input.secrets)
}

/** Reads the headers of a response without secrets, and puts them beside its error body. */
export const receive = (input: Input, errorBody: ErrorBody): Received => {
  const headers = headersOf(input)
  return { input, headers, errorBody, rateLimit: rateLimit(headers, input.now), isPlain: isPlain(input.body) }
}
