/**
 * From a response to exactly one error of the algebra.
 *
 * Status, headers and the text of the body go in, one member of `VeniceError` comes out, for any status, any headers and
 * any text. Decoding never throws, takes time linear in the body, and reads neither clock nor network.
 *
 * **Details**
 *
 * The first of these that matches decides, and `matchedBy` says which it was:
 *
 * 1. `code`: a machine code in the body. One of Venice's own codes wins over the names others have for it.
 * 2. `message`: the most specific wording of the message under its status, anchored at the start, in any case.
 * 3. `shape`: an x402 offer under 402, a successor under 410, a blocked image in a success; else what a Venice-shaped body
 *    means under 400, 401, 403 and 500.
 * 4. `status`: 413, 415, 429 and 504, which mean one code each.
 * 5. `none`: `UnrecognizedResponse`, with the category the status implies.
 *
 * **Gotchas**
 *
 * A success can hold an error too. Pass the text of a failed event stream, or a response whose headers say that the
 * content was blocked, with its status of 200.
 *
 * @since 0.1.0
 */
import type * as Headers from "effect/http/Headers"
import { captureStack, fromWire, withoutStacks } from "./internal/ApiError.ts"
import { contextOf } from "./internal/decoding/context.ts"
import * as ErrorBody from "./internal/decoding/errorBody.ts"
import { isBlocked as hasBlockedContent } from "./internal/decoding/headers.ts"
import { messageOf } from "./internal/decoding/message.ts"
import type { Input, Received } from "./internal/decoding/received.ts"
import { headersOf, receive, withoutSecrets } from "./internal/decoding/received.ts"
import { fieldsOf, recognize } from "./internal/decoding/recognize.ts"
import { errorOfEvent, isStream, readStream } from "./internal/decoding/streamError.ts"
import type { ResponseContext } from "./ResponseContext.ts"
import type { VeniceError } from "./VeniceError.ts"

export type { Input } from "./internal/decoding/received.ts"

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
export const response = (input: Input): VeniceError => {
  const error = withoutStacks(() => {
    const clean = withoutSecrets(input)
    const errorBody = isStream(clean.status, headersOf(clean), clean.body)
      ? readStream(clean.body)
      : ErrorBody.read(clean.body)
    return toError(receive(clean, errorBody))
  })
  if (input.captureStack === true) captureStack(error, response)
  return error
}

const toError = (received: Received): VeniceError => {
  const recognition = recognize(received)
  const { Class, matchedBy } = recognition
  return fromWire<VeniceError>(Class, {
    _tag: Class.code,
    message: messageOf(Class, received),
    matchedBy,
    response: contextOf(received)
  }, fieldsOf(recognition, received))
}

/**
 * Decodes one event of a stream if it is an error: the `data` of a chat completion with an `error`, or of a
 * `response.failed` of `/responses`. Total; any other event gives nothing.
 *
 * @category decoding
 * @since 0.1.0
 */
export const event = (data: string, input: Omit<Input, "body">): VeniceError | undefined =>
  withoutStacks(() => {
    const error = errorOfEvent(data)
    if (error === undefined) return undefined
    const clean = withoutSecrets({ ...input, body: data })
    // The event is parsed again only if a secret was found in it.
    return toError(receive(clean, ErrorBody.fromJson(clean.body === data ? error : errorOfEvent(clean.body))))
  })

/**
 * The context of a response that is no error of Venice, such as a success with an unexpected body: what an error would
 * keep of it, within the same bounds and without secrets.
 *
 * @category decoding
 * @since 0.1.0
 */
export const context = (input: Input): ResponseContext => {
  const clean = withoutSecrets(input)
  return contextOf(receive(clean, ErrorBody.read(clean.body)))
}

/**
 * Whether a success is an error after all: a blocked image says so in a header.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isBlocked: (headers: Headers.Headers) => boolean = hasBlockedContent
