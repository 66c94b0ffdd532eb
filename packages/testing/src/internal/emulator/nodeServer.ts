/**
 * The emulator behind a real socket. Answers are written to the socket directly, because a rule can end the connection
 * anywhere.
 *
 * @internal
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import { type ServerResponse, STATUS_CODES } from "node:http"
import * as Fixtures from "../../Fixtures.ts"
import * as WireResponse from "../../WireResponse.ts"
import { answer, type Emulation, maxBody } from "./emulation.ts"
import type { Exchange } from "./sandbox.ts"
import { beforeHead, parts, whole } from "./send.ts"

/** Ends when the bytes are handed to the system. */
const write = (response: ServerResponse, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    response.write(bytes, () => resume(Effect.void))
  })

const destroy = (response: ServerResponse) => Effect.sync(() => response.socket?.destroy())

const writeWithinHeader = (response: ServerResponse, status: number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    response.socket?.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-ty`, () => resume(Effect.void))
  })

const send = Effect.fnUntraced(function*(exchange: Exchange, response: ServerResponse) {
  const { cut, headers, isTimed, status } = exchange.delivery
  yield* beforeHead(exchange)
  if (cut === "before-header" || cut === "within-header") {
    if (cut === "within-header") yield* writeWithinHeader(response, status)
    exchange.end("disconnected")
    return yield* destroy(response)
  }
  exchange.head()
  if (!isTimed && cut === undefined) {
    const bytes = whole(exchange)
    const hasLength = Object.keys(headers).some((name) => name.toLowerCase() === "content-length")
    response.writeHead(status, hasLength ? headers : { ...headers, "content-length": String(bytes.length) })
    // Whoever has the answer finds it in the journal.
    exchange.end("completed")
    response.end(bytes)
    return
  }
  response.writeHead(status, headers)
  response.flushHeaders()
  yield* Stream.runForEach(parts(exchange), (bytes) => bytes.length === 0 ? Effect.void : write(response, bytes))
  exchange.end(cut === undefined ? "completed" : "disconnected")
  if (cut === undefined) response.end()
  else yield* destroy(response)
})

const tooLarge = Effect.map(
  Clock.Clock,
  (clock) => answer(WireResponse.fromError(Fixtures.error("PAYLOAD_TOO_LARGE")), clock)
)

const abort = (exchange: Exchange, response: ServerResponse) =>
  Effect.sync(() => {
    exchange.end("aborted")
    response.destroy()
  })

const receive = (emulation: Pick<Emulation, "handle">, request: HttpServerRequest.HttpServerRequest) =>
  request.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBody)),
    Effect.matchEffect({
      onFailure: () => tooLarge,
      onSuccess: (body) =>
        emulation.handle({
          method: request.method,
          target: request.url,
          headers: request.headers,
          bytes: new Uint8Array(body)
        })
    })
  )

/** The handler of an HTTP server. */
export const handler = (emulation: Pick<Emulation, "handle">) =>
  Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const response = NodeHttpServerRequest.toServerResponse(request) as ServerResponse
    const exchange = yield* receive(emulation, request)
    yield* send(exchange, response).pipe(Effect.onInterrupt(() => abort(exchange, response)))
    return HttpServerResponse.empty()
  }).pipe(Effect.interruptible)
