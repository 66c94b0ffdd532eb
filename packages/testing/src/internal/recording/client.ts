/**
 * An `HttpClient` that records what passes through it.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { bodyOf, join } from "../emulator/inProcess.ts"
import { decompress } from "./compression.ts"
import type { Writer } from "./file.ts"
import * as Recorder from "./recorder.ts"
import { secretsOfUrl } from "./secrets.ts"

export interface Options {
  readonly writer: Writer
  readonly limits: Recorder.Limits
  /** Of the client, besides those of each request. */
  readonly secrets: ReadonlyArray<string>
}

/** An exchange that goes on, and how to end it. */
interface Open {
  readonly recorded: Recorder.Recorded
  readonly end: (ended: Recorder.Ended) => Effect.Effect<void>
}

const now = Clock.currentTimeMillis

/** Whether the platform has decompressed the body, as `fetch` does. Others hand it over as it was sent. */
const isDecompressed = (response: HttpClientResponse.HttpClientResponse): boolean =>
  Option.isSome(HttpClientResponse.toWeb(response))

const headersOf = (
  { headers }: HttpClientResponse.HttpClientResponse
): Readonly<Record<string, string | undefined>> => ({ ...headers, "content-encoding": undefined })

/** The body, recorded chunk by chunk. Of a compressed one, which no redaction can read, the plain bytes at its end. */
const recording = (
  response: HttpClientResponse.HttpClientResponse,
  { end, recorded }: Open,
  max: number
): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> => {
  const encoding = isDecompressed(response) ? undefined : response.headers["content-encoding"]
  const compressed: Array<Uint8Array> = []
  const keep = (bytes: Uint8Array) =>
    Effect.map(now, (at) => encoding === undefined ? recorded.chunk(bytes, at) : void compressed.push(bytes))
  const unpack = Effect.flatMap(now, (at) =>
    Effect.sync(() => {
      if (encoding !== undefined) recorded.chunk(decompress(join(compressed), encoding, max), at)
    }))
  const complete = Effect.andThen(unpack, end({ outcome: "completed" }))
  return response.stream.pipe(
    Stream.tap(keep),
    Stream.concat(Stream.drain(Stream.fromEffect(complete))),
    // A reader that stops reading is a client that leaves. What has ended already ends no second time.
    Stream.onExit((exit) => {
      const error = Option.getOrUndefined(Exit.findErrorOption(exit))
      return Effect.andThen(unpack, end(error === undefined ? { outcome: "aborted" } : { outcome: "broken", error }))
    })
  )
}

/** The response whose body is recorded while it is read, in whatever way. */
const recordedResponse = (
  response: HttpClientResponse.HttpClientResponse,
  body: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>
): HttpClientResponse.HttpClientResponse => {
  let read: Uint8Array<ArrayBuffer> | undefined
  const bytes = Effect.suspend(() =>
    read !== undefined
      ? Effect.succeed(read)
      : Effect.map(Stream.runCollect(body), (chunks) => read = join(chunks))
  )
  const text = Effect.map(bytes, (bytes) => new TextDecoder().decode(bytes))
  const decoding = <A>(f: () => A | Promise<A>) =>
    Effect.tryPromise({
      try: async () => f(),
      catch: (cause) =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.DecodeError({ request: response.request, response, cause })
        })
    })
  const readers = {
    stream: body,
    arrayBuffer: Effect.map(bytes, ({ buffer }) => buffer),
    text,
    json: Effect.flatMap(text, (text) => decoding(() => text === "" ? null : JSON.parse(text) as Schema.Json)),
    urlParamsBody: Effect.map(text, (text) => UrlParams.fromInput(new URLSearchParams(text))),
    formData: Effect.flatMap(
      bytes,
      (bytes) => decoding(() => new Response(bytes, { headers: response.headers as Record<string, string> }).formData())
    )
  }
  return Object.create(
    response,
    Object.fromEntries(Object.entries(readers).map(([name, value]) => [name, { value, enumerable: true }]))
  )
}

/** A body that can be read once becomes one that is sent and recorded. */
const buffered = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientRequest.HttpClientRequest, HttpClientError.HttpClientError> => {
  const { body } = request
  return body._tag === "Stream"
    ? Effect.map(
      bodyOf(request),
      ({ bytes }) => HttpClientRequest.setBody(request, HttpBody.uint8Array(bytes, body.contentType))
    )
    : Effect.succeed(request)
}

const failedEnd = (exit: Exit.Exit<unknown, unknown>): Recorder.Ended => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return error === undefined ? { outcome: "aborted" } : { outcome: "failed", error }
}

/** Records every exchange of a client. Those that go on when the scope closes are recorded as far as they came. */
export const make = Effect.fnUntraced(function*<E, R>(client: HttpClient.HttpClient.With<E, R>, options: Options) {
  const open = new Set<Open>()
  let id = 0

  const begin = (request: HttpClientRequest.HttpClientRequest, url: URL) =>
    Effect.gen(function*() {
      const { bytes, contentType } = yield* bodyOf(request)
      const recorded = Recorder.open(
        {
          method: request.method,
          path: url.pathname,
          query: url.search.slice(1),
          headers: contentType === undefined || contentType === null
            ? request.headers
            : { ...request.headers, "content-type": contentType },
          body: bytes
        },
        { id: ++id, limits: options.limits, secrets: [...options.secrets, ...secretsOfUrl(url)] },
        yield* now
      )
      const entry: Open = {
        recorded,
        end: (ended) =>
          Effect.flatMap(now, (at) => {
            open.delete(entry)
            const line = recorded.end(ended, at)
            return line === undefined ? Effect.void : options.writer.write(line)
          })
      }
      open.add(entry)
      return entry
    })

  yield* Effect.addFinalizer(() => Effect.forEach([...open], ({ end }) => end({ outcome: "aborted" })))

  return HttpClient.transform(HttpClient.mapRequestEffect(client, buffered), (effect, request) => {
    const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
    if (url === undefined) return effect
    return Effect.flatMap(begin(request, url), (entry) =>
      effect.pipe(
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : entry.end(failedEnd(exit))),
        Effect.flatMap((response) =>
          Effect.map(now, (at) => {
            entry.recorded.head({ status: response.status, headers: headersOf(response) }, at)
            return recordedResponse(response, recording(response, entry, options.limits.response))
          })
        )
      ))
  })
})
