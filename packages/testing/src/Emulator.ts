/**
 * An emulator of the Venice API that fails on demand.
 *
 * It is a real HTTP server on a free port of the loopback interface. It responds to every operation with a small
 * success, unless a test passes replies to `reply`: the next requests use them up, one each. A client in another
 * process chooses an error with a header: `x-emulate: MODEL_OVERLOADED`.
 *
 * **Details**
 *
 * Without a reply it fails where Venice fails: with 402 and an x402 offer if the request has no credentials (Venice
 * does not use 401 for a missing key), with 404 on an unknown route, with 410 on a retired operation, and with 400 on a
 * body that is not JSON. Every response has a `CF-RAY`.
 *
 * **Example** (Provoking a failure)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Success, VeniceClient } from "@effect-venice/http"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *
 *   yield* emulator.reply(new Errors.ModelOffline())
 *   const body = { model: "text-embedding-bge-m3", input: "Venice" }
 *   return yield* venice.execute("POST /embeddings", { body, success: Success.Embeddings }).pipe(
 *     Effect.catchTag("MODEL_OFFLINE", (error) => Effect.succeed(error.message))
 *   )
 * }).pipe(
 *   Effect.provide(Layer.provideMerge(Emulator.layerClient, Emulator.layer))
 * )
 *
 * await Effect.runPromise(program) // => "The model is temporarily offline. Please try again later."
 * ```
 *
 * @since 0.1.0
 */
import type { VeniceError } from "@effect-venice/core"
import { Operation } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { Headers } from "effect/http/Headers"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import * as Fixtures from "./Fixtures.ts"
import * as WireResponse from "./WireResponse.ts"

/**
 * The response to one request, as a test passes it to `reply`: an error that Venice could send, or a response as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = VeniceError.VeniceError | WireResponse.WireResponse

/**
 * A request that the emulator received. Assert on it in a test that checks what a client sends.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  readonly path: string
  /** The operation, or nothing if Venice has no such route. */
  readonly operation: Operation.Operation | undefined
  readonly headers: Headers
  readonly body: string
}

/**
 * The service with which a test controls the emulator. Provide it with {@link layer}.
 *
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<Emulator, {
  /** The base URL, for `VENICE_BASE_URL` or a client of your own. */
  readonly baseUrl: string
  /** Responds to the next requests with these replies, in this order. */
  readonly reply: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
  /** The requests so far. */
  readonly received: Effect.Effect<ReadonlyArray<Received>>
}>()("@effect-venice/testing/Emulator") {}

const prefix = "/api/v1"

// The x402 top-up is not public: without a payment it responds with 402 too.
const isPublic = (operation: Operation.Operation): boolean =>
  operation.startsWith("GET /models") || operation === "GET /image/styles" || operation === "GET /crypto/rpc/networks"

const credentialHeaders = ["authorization", "sign-in-with-x", "x-sign-in-with-x", "x-api-key"]

const isJson = (headers: Headers): boolean => headers["content-type"]?.includes("json") === true

const isBrokenJson = (body: string): boolean => {
  try {
    JSON.parse(body)
    return false
  } catch {
    return true
  }
}

const toWire = (reply: Reply): WireResponse.WireResponse => "_tag" in reply ? WireResponse.fromError(reply) : reply

const replyOfHeader = (headers: Headers): WireResponse.WireResponse | undefined => {
  const code = headers["x-emulate"]
  if (code === undefined) return undefined
  const error = Fixtures.errors.find((error) => error._tag === code.trim().toUpperCase())
  return error === undefined
    ? WireResponse.json(400, { error: `Unknown code in x-emulate: ${JSON.stringify(code)}` })
    : WireResponse.fromError(error)
}

const defaultReply = ({ body, headers, operation }: Received): WireResponse.WireResponse => {
  if (operation === undefined) return WireResponse.json(404, { error: "Not found" })
  if (!isPublic(operation) && !credentialHeaders.some((name) => headers[name] !== undefined)) {
    return WireResponse.fromError(Fixtures.error("PAYMENT_REQUIRED"))
  }
  if (Operation.operations[operation].onReplay === "retired" || operation === "GET /billing/usage") {
    return WireResponse.fromError(Fixtures.error("GONE"))
  }
  if (isJson(headers) && isBrokenJson(body)) return WireResponse.json(400, { error: "Invalid JSON request" })
  return WireResponse.success(operation)
}

const encoder = new TextEncoder()

const toBytes = ({ data, delay }: WireResponse.Chunk): Effect.Effect<Uint8Array> =>
  Effect.as(
    delay === undefined ? Effect.void : Effect.sleep(delay),
    typeof data === "string" ? encoder.encode(data) : data
  )

const toResponse = ({ body, headers, status }: WireResponse.WireResponse, ray: string) => {
  const contentType = headers["content-type"]
  const options = { status, headers: { "CF-RAY": ray, ...headers }, ...(contentType && { contentType }) }
  if (typeof body === "string") return HttpServerResponse.text(body, options)
  return body instanceof Uint8Array
    ? HttpServerResponse.uint8Array(body, options)
    : HttpServerResponse.stream(Stream.mapEffect(Stream.fromIterable(body), toBytes), options)
}

const make = Effect.gen(function*() {
  const server = yield* HttpServer.HttpServer
  const replies: Array<WireResponse.WireResponse> = []
  const received: Array<Received> = []

  const handle = Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const path = new URL(request.url, "http://localhost").pathname
    const entry: Received = {
      method: request.method,
      path,
      operation: Operation.fromRequest(request.method, path),
      headers: request.headers,
      body: yield* request.text
    }
    received.push(entry)
    const reply = replyOfHeader(request.headers) ?? replies.shift() ?? defaultReply(entry)
    return toResponse(reply, `${received.length.toString(16).padStart(16, "0")}-VCE`)
  })
  yield* server.serve(handle)

  return Emulator.of({
    baseUrl: `${HttpServer.formatAddress(server.address)}${prefix}`,
    reply: (...next) =>
      Effect.sync(() => {
        replies.push(...next.map(toWire))
      }),
    received: Effect.sync(() => [...received])
  })
})

/**
 * Starts the emulator on a free port of the loopback interface, and stops it when the scope of the layer closes.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Emulator> = Layer.effect(Emulator, make).pipe(
  Layer.provide(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 })),
  Layer.orDie
)

/**
 * Provides a `VeniceClient` for the emulator over the `HttpClient` of the context. Use it to test with an `HttpClient`
 * of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient: Layer.Layer<VeniceClient, never, Emulator | HttpClient.HttpClient> = Layer.effect(
  VeniceClient,
  Effect.flatMap(
    Emulator,
    ({ baseUrl }) => VeniceClient.make({ apiKey: Redacted.make("emulated-key"), baseUrl })
  )
)

/**
 * Provides a `VeniceClient` for the emulator over `fetch`. Most tests use this one.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient: Layer.Layer<VeniceClient, never, Emulator> = Layer.provide(
  layerHttpClient,
  FetchHttpClient.layer
)
