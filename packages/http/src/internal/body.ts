/**
 * Reading of response bodies within limits of size and time.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import { DecodeError, HttpClientError } from "effect/http/HttpClientError"
import { type HttpClientResponse, toWeb } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { nodeBody as nodeBodyOf, readNodeBody } from "./nodeBody.ts"

/** How much of a body is read, and for how long. */
export interface Limits {
  readonly bytes: number
  readonly time: Duration.Input
}

/** The text that was read, and whether it is less than the whole body. */
export interface Body {
  readonly text: string
  readonly truncated: boolean
}

interface Collected {
  readonly chunks: Array<Uint8Array>
  size: number
}

/** Keeps a chunk up to the limit. Returns false once there are more bytes than the limit. */
const collect = (collected: Collected, chunk: Uint8Array, bytes: number): boolean => {
  if (collected.size < bytes) collected.chunks.push(chunk.subarray(0, bytes - collected.size))
  collected.size += chunk.length
  return collected.size <= bytes
}

type WebBody = ReadableStream<Uint8Array>

// Only the platform's own stream stops an upload that has not ended.
const mayBeUploading = (response: HttpClientResponse): boolean => response.request.body._tag === "Stream"

const webOf = (response: HttpClientResponse): Response | undefined =>
  mayBeUploading(response) ? undefined : Option.getOrUndefined(toWeb(response))

const nodeBody = (response: HttpClientResponse) => mayBeUploading(response) ? undefined : nodeBodyOf(response)

/** The text that the response keeps of a body that something in the client has read. */
const readAgain = (response: HttpClientResponse, collected: Collected, bytes: number) =>
  Effect.map(response.text, (text) => void collect(collected, new TextEncoder().encode(text), bytes))

const brokenOff = (response: HttpClientResponse, cause: unknown): HttpClientError =>
  new HttpClientError({ reason: new DecodeError({ request: response.request, response, cause }) })

/** Unlike the stream of the platform's client, does not abort the request after the body was read to its end. */
const readWebBody = (response: HttpClientResponse, body: WebBody, collected: Collected, bytes: number) =>
  // A callback, because `Effect.tryPromise` makes an `AbortController` for every call.
  Effect.callback<void, HttpClientError>((resume) => {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    const cancel = () => void reader?.cancel().catch(() => {})
    const read = async () => {
      reader = body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        if (!collect(collected, value, bytes)) return cancel()
      }
    }
    read().then(
      () => resume(Effect.void),
      (cause) => {
        cancel()
        resume(Effect.fail(brokenOff(response, cause)))
      }
    )
    return Effect.sync(cancel)
  })

/** Reads until the end, or until there are more bytes than the limit. */
const readChunks = (
  response: HttpClientResponse,
  web: Response | undefined,
  collected: Collected,
  bytes: number
): Effect.Effect<void, HttpClientError> => {
  if (web?.bodyUsed === true) return readAgain(response, collected, bytes)
  const body = web?.body ?? undefined
  const reading = body === undefined
    ? Stream.runForEachWhile(response.stream, (chunk) => Effect.succeed(collect(collected, chunk, bytes)))
    : readWebBody(response, body, collected, bytes)
  return Effect.catch(
    reading,
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
 * Reads a body as text within limits, and releases the connection. If the connection ends early, the text so far is
 * returned.
 */
export const readBody = (response: HttpClientResponse, { bytes, time }: Limits): Effect.Effect<Body> =>
  Effect.suspend(() => {
    const collected: Collected = { chunks: [], size: 0 }
    const node = nodeBody(response)
    const reading = node === undefined
      ? Effect.timeout(readChunks(response, webOf(response), collected, bytes), time)
      : node.readableDidRead
      ? Effect.timeout(readAgain(response, collected, bytes), time)
      : readNodeBody(response, node, (chunk) => collect(collected, chunk, bytes), Effect.timeout(time))
    return Effect.match(reading, {
      onFailure: () => ({ text: decodeText(collected.chunks), truncated: true }),
      onSuccess: () => ({ text: decodeText(collected.chunks), truncated: collected.size > bytes })
    })
  })

// `content-length` counts the bytes before decompression, so it is of no use for a compressed body.
const isShort = ({ headers }: HttpClientResponse, bytes: number): boolean =>
  Number(headers["content-length"]) <= bytes && headers["content-encoding"] === undefined

/**
 * Reads the whole body of a success as text. If it is longer than the limit, the text is its beginning, for the error.
 */
export const readWhole = (response: HttpClientResponse, bytes: number): Effect.Effect<Body, HttpClientError> =>
  Effect.suspend(() => {
    const collected: Collected = { chunks: [], size: 0 }
    const node = nodeBody(response)
    if (node !== undefined) {
      const reading = node.readableDidRead
        ? readAgain(response, collected, bytes)
        : Effect.mapError(
          readNodeBody(response, node, (chunk) => collect(collected, chunk, bytes), identity),
          (cause) => brokenOff(response, cause)
        )
      return Effect.map(reading, () => wholeOf(collected, bytes))
    }
    const web = webOf(response)
    // A browser may hide `content-encoding`, so the length of a web body cannot be trusted.
    return web === undefined && isShort(response, bytes)
      ? Effect.map(response.text, (text) => ({ text, truncated: false }))
      : Effect.map(readChunks(response, web, collected, bytes), () => wholeOf(collected, bytes))
  })

const wholeOf = ({ chunks, size }: Collected, bytes: number): Body => {
  const truncated = size > bytes
  return { text: decodeText(truncated ? chunks.slice(0, 1) : chunks), truncated }
}
