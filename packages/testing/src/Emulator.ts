/**
 * An emulator of the Venice API that fails on demand.
 *
 * It responds to every operation as Venice does, unless a test says otherwise: `reply` gives the next requests their
 * answers, one each; `on` adds a rule, and `script` replaces all rules (see `Script`). A client in another process
 * chooses an error with a header: `x-emulate: MODEL_OVERLOADED`.
 *
 * **When to use**
 *
 * - {@link layerInProcess} is an `HttpClient` without a socket, for tests with `TestClock`: its delays are virtual.
 * - {@link layer} is an HTTP server on a free port of the loopback interface, for tests with clients of other libraries.
 * - {@link layerScoped} gives every test an emulator of its own behind the server of another one.
 * - `Msw` intercepts requests in a browser; the command `effect-venice emulate` serves users of other languages.
 *
 * **Details**
 *
 * Headers of a request: `x-emulate` names an error, `x-emulate-scope` a scope, and `x-emulate-strict: true` lets the
 * request fail if no rule matches it. Below `/__emulator` is an API of the emulator itself: `GET health`, `GET`, `PUT`
 * and `POST script`, `GET journal`, `POST reset`, `GET verify`, `GET` and `POST clock`; and the same below
 * `/__emulator/scopes/<name>`, whose base URL is `/__emulator/scopes/<name>/api/v1`.
 *
 * A reply or a rule that no request uses up stays until `reset`, and never reaches another scope. `verify` fails if
 * there is one.
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
 * **Example** (Testing retries on virtual time)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect, Fiber } from "effect"
 * import { TestClock } from "effect/testing"
 *
 * const test = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *   yield* emulator.on("POST /embeddings", { times: 1, fail: { code: "MODEL_OFFLINE", retryAfter: "30 seconds" } })
 *
 *   const body = { model: "text-embedding-bge-m3", input: "Venice" }
 *   const call = yield* Effect.forkChild(Effect.retry(venice.request("POST /embeddings", { body }), Retry.patient))
 *   yield* TestClock.adjust("29 seconds")
 *   const early = yield* emulator.received
 *   yield* TestClock.adjust("10 seconds")
 *   const { status } = yield* Fiber.join(call)
 *   return [early.length, status]
 * }).pipe(Effect.provide(Emulator.layerInProcess), Effect.provide(TestClock.layer()))
 *
 * await Effect.runPromise(Effect.scoped(test)) // => [1, 200]
 * ```
 *
 * @since 0.1.0
 */
import type { Operation, VeniceError } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { Headers } from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import * as Emulation from "./internal/emulator/emulation.ts"
import * as InProcess from "./internal/emulator/inProcess.ts"
import * as NodeServer from "./internal/emulator/nodeServer.ts"
import { prefix } from "./internal/emulator/received.ts"
import * as internal from "./internal/emulator/service.ts"
import { limitsOf, settingsOf } from "./internal/emulator/settings.ts"
import type { Entry, Filter, Page } from "./Journal.ts"
import type { RuleOptions, Script, UnmetExpectations } from "./Script.ts"
import type * as WireResponse from "./WireResponse.ts"

/**
 * The response to one request, as a test passes it to `reply`: an error that Venice could send, or a response as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = VeniceError.VeniceError | WireResponse.WireResponse

/**
 * A request that the emulator received. Assert on it in a test that checks what a client sends, or match it in the
 * predicate of a rule.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Without the question mark. Empty without a query. */
  readonly query: string
  /** The operation, or nothing if Venice has no such route. */
  readonly operation: Operation.Operation | undefined
  readonly headers: Headers
  /** The body as text. Of a body that is not text, such as a multipart form with a file, use `bytes`. */
  readonly body: string
  readonly bytes: Uint8Array
}

/**
 * What a test controls the emulator with: the service of {@link Emulator}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** The base URL, for `VENICE_BASE_URL` or a client of your own. */
  readonly baseUrl: string
  /** Responds to the next requests with these replies, in this order. They go before the rules. */
  readonly reply: (...replies: ReadonlyArray<Reply>) => Effect.Effect<void>
  /** Adds a rule behind those that are there. */
  readonly on: (target: Operation.Operation | (string & {}), options?: RuleOptions) => Effect.Effect<void>
  /** Replaces all rules, and starts again: with an empty journal, and a Venice to which nothing has happened. */
  readonly script: (script: Script) => Effect.Effect<void>
  /** Starts again as it was made: without replies and requests, with the rules that it was made with. */
  readonly reset: Effect.Effect<void>
  /** Fails if a reply or a rule was not used up, or if a request matched no rule of a strict emulator. */
  readonly verify: Effect.Effect<void, UnmetExpectations>
  /** The requests so far, with their secrets. */
  readonly received: Effect.Effect<ReadonlyArray<Received>>
  /** The requests so far with their answers, without their secrets. */
  readonly journal: (filter?: Filter) => Effect.Effect<ReadonlyArray<Entry>>
  /** A page of the journal, with the number of entries that were dropped. */
  readonly journalPage: (filter?: Filter) => Effect.Effect<Page>
  /** Moves the clock of the emulator forward: delays end, windows of limits pass, jobs advance. */
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  /** Sets the clock of the emulator. */
  readonly setTime: (moment: DateTime.DateTime.Input) => Effect.Effect<void>
  /**
   * An emulator of its own behind a base URL of its own, for as long as the scope is open. Requests to it see only its
   * rules, and its journal has only them.
   */
  readonly scoped: (script?: Script) => Effect.Effect<Service, never, Scope.Scope>
}

/**
 * The service with which a test controls the emulator. Provide it with one of the layers.
 *
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<Emulator, Service>()("@effect-venice/testing/Emulator") {}

/**
 * The options of an emulator. {@link layerWith} and {@link layerInProcessWith} take them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The rules, seed, strictness and dynamics it begins with, and every scope with it. */
  readonly script?: Script | undefined
  /** How much the journal keeps: 10,000 entries and 64 MiB by default, with 64 KiB of each body. */
  readonly journal?: {
    readonly entries?: number | undefined
    readonly bytes?: number | undefined
    readonly body?: number | undefined
  } | undefined
}

/**
 * The options of an emulator with a server.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerOptions extends Options {
  /** A free one by default. */
  readonly port?: number | undefined
  /** `127.0.0.1` by default, which other machines cannot reach. */
  readonly host?: string | undefined
  /** How long open requests may go on when the emulator stops. By default they are aborted. */
  readonly grace?: Duration.Input | undefined
}

/**
 * Starts an emulator with a server, and stops it when the scope of the layer closes.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: ServerOptions): Layer.Layer<Emulator, ServeError> =>
  Layer.effect(
    Emulator,
    Effect.gen(function*() {
      const server = yield* HttpServer.HttpServer
      const origin = HttpServer.formatAddress(server.address)
      const emulation = yield* Emulation.make(settingsOf(options), {
        limits: limitsOf(options),
        origin: () => origin
      })
      yield* server.serve(NodeServer.handler(emulation))
      return internal.make(emulation, prefix)
    })
  ).pipe(
    Layer.provide(NodeHttpServer.layer(() => createServer(), {
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 0,
      ...(options.grace === undefined
        ? { disablePreemptiveShutdown: true }
        : { gracefulShutdownTimeout: options.grace })
    }))
  )

/**
 * Starts the emulator on a free port of the loopback interface, and stops it when the scope of the layer closes.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Emulator> = Layer.orDie(layerWith({}))

/**
 * Provides a `VeniceClient` for the emulator over the `HttpClient` of the context. Use it to test with an `HttpClient`
 * of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient: Layer.Layer<VeniceClient, never, Emulator | HttpClient.HttpClient> = Layer.fresh(
  // A layer that is provided twice is built once, and a client for the emulator of a scope is not the one for another.
  Layer.effect(
    VeniceClient,
    Effect.flatMap(
      Emulator,
      ({ baseUrl }) => VeniceClient.make({ apiKey: Redacted.make("emulated-key"), baseUrl })
    )
  )
)

/**
 * Provides a `VeniceClient` for the emulator over `fetch`. Most tests with a server use this one.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient: Layer.Layer<VeniceClient, never, Emulator> = Layer.fresh(
  Layer.provide(layerHttpClient, FetchHttpClient.layer)
)

/**
 * Provides an emulator without a server: an `HttpClient` that calls it directly, and a `VeniceClient` over that. See
 * {@link layerInProcess}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInProcessWith = (options: Options): Layer.Layer<Emulator | HttpClient.HttpClient | VeniceClient> =>
  layerHttpClient.pipe(
    Layer.provideMerge(Layer.effectContext(
      Effect.gen(function*() {
        const emulation = yield* Emulation.make(settingsOf(options), {
          limits: limitsOf(options),
          origin: () => "http://emulator.test"
        })
        return Context.make(Emulator, internal.make(emulation, prefix)).pipe(
          Context.add(HttpClient.HttpClient, InProcess.make(emulation))
        )
      })
    ))
  )

/**
 * Provides an emulator without a server: an `HttpClient` that calls it directly, and a `VeniceClient` over that. The
 * fastest and most exact way to test a program of Effect.
 *
 * **Details**
 *
 * The `HttpClient` answers on every host, so that a program that calls Venice's own URL does not leave the process.
 * Delays pass on the `Clock` of the caller. A lost connection fails as in Effect's client over Node's `fetch`:
 * `TransportError` before the header, `DecodeError` in the body. An interrupted call is `aborted` in the journal.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInProcess: Layer.Layer<Emulator | HttpClient.HttpClient | VeniceClient> = layerInProcessWith({})

/**
 * Provides an emulator of its own behind the server or the `HttpClient` of the emulator in the context: with its own
 * base URL, rules, journal, clock and account. Use it so that tests that share a server run side by side.
 *
 * **Example** (Giving each test its own emulator)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect, Layer } from "effect"
 *
 * const own = Layer.provideMerge(Emulator.layerClient, Emulator.layerScoped)
 *
 * const first = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   yield* emulator.reply(new Errors.RateLimitExceeded())
 *   const venice = yield* VeniceClient
 *   return yield* Effect.flip(venice.request("GET /models"))
 * }).pipe(Effect.provide(own))
 *
 * const second = Effect.gen(function*() {
 *   const venice = yield* VeniceClient
 *   return yield* venice.request("GET /models")
 * }).pipe(Effect.provide(own))
 *
 * const both = Effect.all([first, second], { concurrency: 2 }).pipe(Effect.provide(Emulator.layer))
 *
 * const [failed, succeeded] = await Effect.runPromise(both)
 * failed._tag // => "RATE_LIMIT_EXCEEDED"
 * succeeded.status // => 200
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerScoped: Layer.Layer<Emulator, never, Emulator> = Layer.fresh(Layer.effect(
  Emulator,
  Effect.flatMap(Emulator, ({ scoped }) => scoped())
))
