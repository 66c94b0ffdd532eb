/**
 * Reading of bodies that may be endless.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"

/** How much of a body is read, and for how long. */
export interface Limits {
  readonly bytes: number
  readonly time: Duration.Duration
}

/** What came of a body, and whether there was more of it. */
export interface Body {
  readonly text: string
  readonly truncated: boolean
}

/**
 * Reads a body as text within limits, and then lets go of the connection. A body that breaks off is as much as came.
 */
export const readBody = Effect.fnUntraced(function*(
  response: HttpClientResponse,
  limits: Limits
): Effect.fn.Return<Body> {
  const chunks: Array<Uint8Array> = []
  let size = 0
  const read = response.stream.pipe(
    Stream.runForEachWhile((chunk) =>
      Effect.sync(() => {
        chunks.push(chunk.subarray(0, limits.bytes - size))
        size += chunk.length
        return size <= limits.bytes
      })
    ),
    Effect.as(true),
    Effect.timeoutOrElse({ duration: limits.time, orElse: () => Effect.succeed(false) }),
    // No body at all, or one that broke off: what came is what there is.
    Effect.catch((error) => Effect.succeed(error.reason._tag === "EmptyBodyError"))
  )
  const ended = yield* read
  return { text: decodeText(chunks), truncated: !ended || size > limits.bytes }
})

const decodeText = (chunks: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  let text = ""
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}
