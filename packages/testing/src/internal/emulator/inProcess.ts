/**
 * An `HttpClient` that calls the emulator without a socket. Nothing of it is a promise, so that a fiber that waits for
 * an answer sleeps on `Clock` and nowhere else.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import type { Emulation } from "./emulation.ts"
import type { Exchange } from "./sandbox.ts"
import { beforeHead, parts, whole } from "./send.ts"

// As Node's `fetch` reports a server that closes the connection.
const otherSideClosed = () =>
  Object.assign(new Error("other side closed"), { name: "SocketError", code: "UND_ERR_SOCKET" })

const lost = (request: HttpClientRequest.HttpClientRequest) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request,
      cause: new TypeError("fetch failed", { cause: otherSideClosed() })
    })
  })

export const join = (chunks: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  chunks.reduce((offset, chunk) => (out.set(chunk, offset), offset + chunk.length), 0)
  return out
}

class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId] = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId] = HttpClientResponse.TypeId
  readonly remoteAddress = Option.none<string>()
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly headers: Headers.Headers
  readonly #exchange: Exchange
  #isRead = false
  #bytes: Uint8Array<ArrayBuffer> | undefined

  constructor(request: HttpClientRequest.HttpClientRequest, url: string, exchange: Exchange) {
    super()
    this.request = request
    this.url = url
    this.#exchange = exchange
    this.headers = Headers.fromInput(exchange.delivery.headers)
  }

  get status(): number {
    return this.#exchange.delivery.status
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.headers["set-cookie"] ?? [])
  }

  private fail(cause: unknown) {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause })
    })
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> {
    return Stream.suspend(() => {
      if (this.#isRead) return Stream.fail(this.fail(new TypeError("Body is unusable: Body has already been read")))
      this.#isRead = true
      const { delivery, end } = this.#exchange
      const rest = Effect.suspend(() => {
        end(delivery.cut === undefined ? "completed" : "disconnected")
        return delivery.cut === undefined
          ? Effect.void
          : Effect.fail(this.fail(new TypeError("terminated", { cause: otherSideClosed() })))
      })
      return parts(this.#exchange).pipe(
        Stream.concat(Stream.drain(Stream.fromEffect(rest))),
        // A reader that stops reading is a client that leaves.
        Stream.ensuring(Effect.sync(() => end("aborted")))
      )
    })
  }

  private get bytes(): Effect.Effect<Uint8Array<ArrayBuffer>, HttpClientError.HttpClientError> {
    return Effect.suspend(() =>
      this.#bytes !== undefined
        ? Effect.succeed(this.#bytes)
        : Effect.map(Stream.runCollect(this.stream), (chunks) => this.#bytes = join(chunks))
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.HttpClientError> {
    return Effect.map(this.bytes, (bytes) => bytes.buffer)
  }

  get text(): Effect.Effect<string, HttpClientError.HttpClientError> {
    return Effect.map(this.bytes, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<Schema.Json, HttpClientError.HttpClientError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: () => text === "" ? null : JSON.parse(text) as Schema.Json,
        catch: (cause) => this.fail(cause)
      }))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.HttpClientError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.HttpClientError> {
    return Effect.flatMap(this.bytes, (bytes) =>
      Effect.tryPromise({
        try: () => new globalThis.Response(bytes, { headers: this.headers as Record<string, string> }).formData(),
        catch: (cause) => this.fail(cause)
      }))
  }

  get upgrade(): Effect.Effect<Socket.Socket, HttpClientError.HttpClientError> {
    return Effect.fail(
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.StatusCodeError({
          request: this.request,
          response: this,
          description: "the emulator cannot hand over a connection"
        })
      })
    )
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

interface Sent {
  readonly bytes: Uint8Array
  /** Of a form, whose boundary the platform chooses. */
  readonly contentType?: string | null
}

const failEncoding = (request: HttpClientRequest.HttpClientRequest) => (cause: unknown) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.EncodeError({ request, cause }) })

/** The body of a request as bytes, as the platform would send it. */
export const bodyOf = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Sent, HttpClientError.HttpClientError> => {
  const { body } = request
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({ bytes: new Uint8Array() })
    case "Uint8Array":
      return Effect.succeed({ bytes: body.body })
    case "Stream":
      return Stream.runCollect(body.stream).pipe(
        Effect.mapBoth({ onSuccess: (chunks) => ({ bytes: join(chunks) }), onFailure: failEncoding(request) })
      )
    default: {
      const source = body._tag === "FormData" ? body.formData : body.body as BodyInit
      if (typeof source === "string") return Effect.succeed({ bytes: new TextEncoder().encode(source) })
      return Effect.tryPromise({
        try: async () => {
          const web = new globalThis.Response(source)
          return { bytes: new Uint8Array(await web.arrayBuffer()), contentType: web.headers.get("content-type") }
        },
        catch: failEncoding(request)
      })
    }
  }
}

const isShort = ({ delivery }: Exchange): boolean => !delivery.isTimed && delivery.cut === undefined

/** A body that is sent at once is sent whether it is read or not, as on a socket. */
const sendAtOnce = (exchange: Exchange): Exchange => {
  const bytes = whole(exchange)
  exchange.end("completed")
  return {
    ...exchange,
    delivery: { ...exchange.delivery, parts: bytes.length === 0 ? [] : [{ bytes, due: 0 }] },
    sent: () => {}
  }
}

export const make = (emulation: Pick<Emulation, "handle">): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) =>
    Effect.gen(function*() {
      const { bytes, contentType } = yield* bodyOf(request)
      const headers = contentType === undefined || contentType === null
        ? request.headers
        : Headers.set(request.headers, "content-type", contentType)
      const exchange = yield* emulation.handle({
        method: request.method,
        target: `${url.pathname}${url.search}`,
        headers,
        bytes
      })
      yield* beforeHead(exchange).pipe(Effect.onInterrupt(() => Effect.sync(() => exchange.end("aborted"))))
      const { cut } = exchange.delivery
      if (cut === "before-header" || cut === "within-header") {
        exchange.end("disconnected")
        return yield* lost(request)
      }
      exchange.head()
      signal.addEventListener("abort", () => exchange.end("aborted"), { once: true })
      return new Response(request, url.href, isShort(exchange) ? sendAtOnce(exchange) : exchange)
    })
  )
