/**
 * Reading of bodies that may be endless.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { DecodeError, HttpClientError } from "effect/http/HttpClientError"
import { type HttpClientResponse, toWeb } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
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

interface Gathered {
  readonly chunks: Array<Uint8Array>
  size: number
}

/** Takes what is wanted of a chunk; says whether more may come. */
const keep = (gathered: Gathered, chunk: Uint8Array, bytes: number): boolean => {
  if (gathered.size < bytes) gathered.chunks.push(chunk.subarray(0, bytes - gathered.size))
  gathered.size += chunk.length
  return gathered.size <= bytes
}

type WebBody = ReadableStream<Uint8Array>

// An upload that may still be going on is stopped by the platform's own stream only.
const webBody = (response: HttpClientResponse): WebBody | undefined =>
  response.request.body._tag === "Stream" ? undefined : Option.getOrUndefined(toWeb(response))?.body ?? undefined

/** Unlike the stream of the platform's client, does not abort a request whose answer has come to its end. */
const gatherWeb = (response: HttpClientResponse, body: WebBody, gathered: Gathered, bytes: number) =>
  Effect.tryPromise({
    try: async (signal) => {
      const reader = body.getReader()
      const cancel = () => void reader.cancel().catch(() => {})
      signal.addEventListener("abort", cancel)
      try {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return
          if (!keep(gathered, value, bytes)) return cancel()
        }
      } catch (cause) {
        cancel()
        throw cause
      }
    },
    catch: (cause) => new HttpClientError({ reason: new DecodeError({ request: response.request, response, cause }) })
  })

/** Reads until the end, or until there are more bytes than are wanted. */
const gather = (
  response: HttpClientResponse,
  body: WebBody | undefined,
  gathered: Gathered,
  bytes: number
): Effect.Effect<void, HttpClientError> => {
  const gathering = body === undefined
    ? Stream.runForEachWhile(response.stream, (chunk) => Effect.succeed(keep(gathered, chunk, bytes)))
    : gatherWeb(response, body, gathered, bytes)
  return Effect.catch(
    gathering,
    (error) => error.reason._tag === "EmptyBodyError" ? Effect.void : Effect.fail(error)
  )
}

const decodeText = (chunks: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  let text = ""
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

/**
 * Reads a body as text within limits, and then lets go of the connection. A body that breaks off is as much as came.
 */
export const readBody = Effect.fnUntraced(function*(
  response: HttpClientResponse,
  limits: Limits
): Effect.fn.Return<Body> {
  const gathered: Gathered = { chunks: [], size: 0 }
  const ended = yield* gather(response, webBody(response), gathered, limits.bytes).pipe(
    Effect.timeout(limits.time),
    Effect.isSuccess
  )
  return { text: decodeText(gathered.chunks), truncated: !ended || gathered.size > limits.bytes }
})

// By what the server says, which a body that has to be unpacked first exceeds.
const isShort = ({ headers }: HttpClientResponse, bytes: number): boolean =>
  Number(headers["content-length"]) <= bytes && headers["content-encoding"] === undefined

/**
 * Reads the body of a success, which is of use only as a whole. Of one that is longer than it may be, the text is its
 * beginning.
 */
export const readWhole = Effect.fnUntraced(function*(
  response: HttpClientResponse,
  bytes: number
): Effect.fn.Return<Body, HttpClientError> {
  const body = webBody(response)
  // Of a web body a browser may keep from us that it was unpacked.
  if (body === undefined && isShort(response, bytes)) return { text: yield* response.text, truncated: false }
  const gathered: Gathered = { chunks: [], size: 0 }
  yield* gather(response, body, gathered, bytes)
  const truncated = gathered.size > bytes
  return { text: decodeText(truncated ? gathered.chunks.slice(0, 1) : gathered.chunks), truncated }
})
