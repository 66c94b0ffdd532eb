/**
 * Decoding of a response into exactly one error.
 *
 * `Decode` takes status, headers and the text of the body, and returns one member of `VeniceError` for any input. It
 * never throws, takes time linear in the body, and reads neither clock nor network.
 *
 * **When to use**
 *
 * With an HTTP client of your own. `VeniceClient` and `HttpFailure` of `@effect-venice/http` decode by themselves.
 *
 * **Details**
 *
 * The first rule that matches decides, and `matchedBy` names it:
 *
 * 1. `code`: a machine code in the body. Venice's own codes win over the names that others have for them.
 * 2. `message`: the most specific wording of the message under its status, anchored at the start, in any case.
 * 3. `shape`: an x402 offer under 402, a successor under 410, a blocked image in a success; then, under 400, 401, 403
 *    and 500, the default error of a Venice-shaped body.
 * 4. `status`: 413, 415, 429 and 504, which mean one code each.
 * 5. `none`: `UnrecognizedResponse`, with the category that the status implies.
 *
 * **Gotchas**
 *
 * A success can contain an error too: in an event stream that failed, or in headers that report blocked content. Decode
 * it with its status of 200.
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
import { copyable, receive, withoutSecrets } from "./internal/decoding/received.ts"
import { fieldsOf, recognize } from "./internal/decoding/recognize.ts"
import { errorOfEvent, errorOfSuccess, readBody } from "./internal/decoding/streamError.ts"
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
    return toError(receive(clean, readBody(clean)))
  })
  if (input.captureStack === true) captureStack(error, response)
  return error
}

const toError = (received: Received): VeniceError => {
  const recognition = recognize(received)
  const { Class, matchedBy } = recognition
  const fields = fieldsOf(recognition, received)
  return fromWire<VeniceError>(Class, {
    _tag: Class.code,
    message: messageOf(Class, received),
    matchedBy,
    response: contextOf(received, recognition, fields)
  }, fields)
}

/**
 * Decodes one event of a stream if it is an error: the `data` of a chat completion with an `error`, or of a
 * `response.failed` of `/responses`, or of an event named `error`, whatever its data. Total; any other event gives
 * nothing.
 *
 * @category decoding
 * @since 0.1.0
 */
export const event = (
  data: string,
  input: Omit<Input, "body">,
  /** The name of the event, from its `event:` line. */
  name?: string
): VeniceError | undefined =>
  withoutStacks(() => {
    const error = errorOfEvent(data, name)
    if (error === undefined) return undefined
    const clean = withoutSecrets({ ...copyable(input), body: data })
    // The event is parsed again only if a secret was found in it.
    return toError(receive(clean, ErrorBody.fromJson(clean.body === data ? error : errorOfEvent(clean.body, name))))
  })

/**
 * Decodes the error in the JSON body of a success, or returns nothing if the success holds none. Total.
 *
 * **When to use**
 *
 * Before you use the body of a success that another client received. `VeniceClient.execute` does it.
 *
 * **Details**
 *
 * A success is an error if it is a response of `/responses` with `"status": "failed"`, even without an `error`: one with
 * `"object": "response"` or an `output`, or any of `POST /responses`. It is one too if it has an `error` with one
 * of Venice's codes or messages. An `error` that nobody recognizes may be a member of the caller's success.
 *
 * @category decoding
 * @since 0.1.0
 */
export const hidden = (input: Input): VeniceError | undefined =>
  withoutStacks(() => {
    // Most successes of `/responses` have `"error": null`: parse only what may be more.
    if (!/"error"\s*:\s*["{[]|"status"\s*:\s*"failed"/.test(input.body)) return undefined
    const clean = withoutSecrets(input)
    const json = errorOfSuccess(clean.body, clean.operation)
    if (json === undefined) return undefined
    const errorBody = ErrorBody.fromJson(json)
    const error = toError(receive(clean, errorBody))
    const isRecognized = error.matchedBy === "code" || error.matchedBy === "message"
    return isRecognized || errorBody.body.status === "failed" ? error : undefined
  })

/**
 * Returns the context of a response that is not an error, with the same bounds and redaction as in an error.
 *
 * **When to use**
 *
 * To put the response into a failure of your own, for example when a success has an unexpected body.
 *
 * @category decoding
 * @since 0.1.0
 */
export const context = (input: Input): ResponseContext => {
  const clean = withoutSecrets(input)
  return contextOf(receive(clean, ErrorBody.read(clean.body)))
}

/**
 * Returns whether a success is an error: for a blocked image, Venice responds with 200 and a header. Check the headers
 * of a success before you use its body, and decode the response if this returns `true`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isBlocked: (headers: Headers.Headers) => boolean = hasBlockedContent
