/**
 * A Venice on the loopback interface that fails on demand.
 *
 * A real HTTP server on a free port. It answers Venice's routes with a small success, and with whatever was asked for
 * before: the replies given to `reply` are used up one by one, by whichever requests come next. A client outside the
 * process asks with a header: `x-emulate: MODEL_OVERLOADED`.
 *
 * **Details**
 *
 * Unasked, it fails as Venice does: without credentials with a 402 and an x402 offer (a missing key is no 401), on an
 * unknown route with a 404, on a body that is no JSON with a 400. Every answer has a `CF-RAY`.
 *
 * **Example** (Provoking a failure)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *
 *   yield* emulator.reply(new Errors.ModelOffline())
 *   return yield* venice.execute("POST /embeddings", { success: Schema.Unknown }).pipe(
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
import { createServer } from "node:http"
import * as Fixtures from "./Fixtures.ts"
import * as WireResponse from "./WireResponse.ts"

/**
 * What to answer: an error in Venice's shape, or a response as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = VeniceError.VeniceError | WireResponse.WireResponse

/**
 * A request the emulator got.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  readonly path: string
  /** The operation, or nothing for a route Venice does not have. */
  readonly operation: Operation.Operation | undefined
  readonly headers: Headers
  readonly body: string
}

/**
 * The emulator, from the side of the test.
 *
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<Emulator, {
  /** The base URL, to be used as `VENICE_BASE_URL`. */
  readonly baseUrl: string
  /** Answers the next requests with these, in this order. */
  readonly reply: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
  /** The requests so far. */
  readonly received: Effect.Effect<ReadonlyArray<Received>>
}>()("@effect-venice/testing/Emulator") {}

const prefix = "/api/v1"

// What needs no credentials; the top-up answers with its own offer.
const isPublic = (operation: Operation.Operation): boolean =>
  operation.startsWith("GET /models") || operation === "GET /image/styles" || operation === "GET /crypto/rpc/networks"

const proofs = ["authorization", "sign-in-with-x", "x-sign-in-with-x", "x-api-key"]

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

const demanded = (headers: Headers): WireResponse.WireResponse | undefined => {
  const code = headers["x-emulate"]
  if (code === undefined) return undefined
  const error = Fixtures.errors.find((error) => error._tag === code.trim().toUpperCase())
  return error === undefined
    ? WireResponse.json(400, { error: `The emulator knows no code ${JSON.stringify(code)}` })
    : WireResponse.fromError(error)
}

/** What Venice would answer to a request nobody said anything about. */
const unasked = ({ body, headers, operation }: Received): WireResponse.WireResponse => {
  if (operation === undefined) return WireResponse.json(404, { error: "Not found" })
  if (!isPublic(operation) && !proofs.some((name) => headers[name] !== undefined)) {
    return WireResponse.fromError(Fixtures.error("PAYMENT_REQUIRED"))
  }
  if (Operation.operations[operation].onReplay === "retired" || operation === "GET /billing/usage") {
    return WireResponse.fromError(Fixtures.error("GONE"))
  }
  if (isJson(headers) && isBrokenJson(body)) return WireResponse.json(400, { error: "Invalid JSON request" })
  return WireResponse.success(operation)
}

const toResponse = ({ body, headers, status }: WireResponse.WireResponse, ray: string) => {
  const contentType = headers["content-type"]
  const options = { status, headers: { "CF-RAY": ray, ...headers }, ...(contentType && { contentType }) }
  return typeof body === "string"
    ? HttpServerResponse.text(body, options)
    : HttpServerResponse.uint8Array(body, options)
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
    const reply = demanded(request.headers) ?? replies.shift() ?? unasked(entry)
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
 * The emulator on a free port of the loopback interface.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Emulator> = Layer.effect(Emulator, make).pipe(
  Layer.provide(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 })),
  Layer.orDie
)

/**
 * A `VeniceClient` that talks to the emulator, over the `HttpClient` of the context.
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
 * A `VeniceClient` that talks to the emulator over `fetch`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient: Layer.Layer<VeniceClient, never, Emulator> = Layer.provide(
  layerHttpClient,
  FetchHttpClient.layer
)
