/**
 * Recordings of real exchanges: made by a client or a proxy, kept in a file without secrets, and replayed.
 *
 * A recording is a file of JSON lines: one for each session, and one for each exchange with the request, the response,
 * the time of every chunk and how the exchange ended. Record the real API once, and replay it in every test: without a
 * network, a key or costs, and with the same failures at the same times.
 *
 * **When to use**
 *
 * - {@link layer} records what an `HttpClient` of yours sends and receives; {@link layerReplay} replays it without
 *   sockets, on `Clock`.
 * - {@link layerProxy} and `effect-venice record` record the clients of others; {@link layerReplayServer} and
 *   `effect-venice replay` replay for them.
 * - For failures that you cannot provoke, use `Script` instead.
 *
 * **Details**
 *
 * Secrets are redacted before a line is written, and the line is checked again: what a credential header, a secret query
 * parameter or a member such as `apiKey` of the request has, in any encoding and anywhere in the exchange; and what
 * looks like a credential. If the check still finds one, the exchange is written without its contents. Bodies that are
 * no text are kept as base64. Of a request 1 MiB is kept, and of a response 8 MiB; a body that was cut is marked.
 *
 * A file may be appended to by several sessions. A line that was cut by a kill is skipped and reported.
 *
 * A request is replayed by the first exchange that is not used yet and has the same operation, query, model and body.
 * Bodies are compared after redaction; the order of the members of JSON does not count. A request that matches none is
 * answered with 400 and the difference to the nearest one. An exchange ends as it did: one that broke off breaks off
 * after the same bytes, and one without a response fails without one. Where the client had left, the connection ends at
 * the time when it left. Moments in the headers of limits keep their distance from the response.
 *
 * **Example** (Recording and replaying)
 *
 * ```ts
 * import { VeniceClient } from "@effect-venice/http"
 * import { Emulator, Recording } from "@effect-venice/testing"
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import { Effect, Layer } from "effect"
 * import { mkdtempSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 *
 * const file = join(mkdtempSync(join(tmpdir(), "recording-")), "models.jsonl")
 * const listModels = Effect.gen(function*() {
 *   const venice = yield* VeniceClient.make({ baseUrl: "https://api.venice.ai/api/v1" })
 *   return (yield* venice.request("GET /models")).status
 * })
 *
 * // The emulator stands in for Venice.
 * const recorded = Layer.provide(Recording.layer({ file }), Emulator.layerInProcess)
 * const replayed = Recording.layerReplay({ file })
 *
 * const run = (layer: typeof recorded | typeof replayed) =>
 *   Effect.runPromise(listModels.pipe(Effect.provide(layer), Effect.provide(NodeFileSystem.layer)))
 * [await run(recorded), await run(replayed)] // => [200, 200]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as NodeServer from "./internal/emulator/nodeServer.ts"
import * as Client from "./internal/recording/client.ts"
import * as File from "./internal/recording/file.ts"
import * as Format from "./internal/recording/format.ts"
import { handler } from "./internal/recording/proxy.ts"
import { type Contents, type Numbered, parseText, type Problem as InternalProblem } from "./internal/recording/read.ts"
import { defaultLimits } from "./internal/recording/recorder.ts"
import * as Replaying from "./internal/recording/replay.ts"
import { secretsOfUrl } from "./internal/recording/secrets.ts"
import { client, layerFetch, layerServer, originOf, withVerify } from "./internal/recording/server.ts"

/**
 * The schema of an exchange: a line of a recording. Times are in milliseconds, `at` in epoch milliseconds; a chunk is
 * timed from the header. `end.outcome` says how it ended:
 *
 * - `completed`: the response arrived in full
 * - `aborted`: the client left
 * - `broken`: the response broke off within its body
 * - `failed`: there was no response
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exchange = Format.Exchange

/**
 * A request with its response, as recorded. Read it from {@link Recording}, to assert on it or to convert it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exchange extends Schema.Schema.Type<typeof Exchange> {}

/**
 * A recording that was read: its exchanges in their order, each with the number of its line, and the numbers of the
 * lines that a kill cut off.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recording {
  readonly exchanges: ReadonlyArray<Numbered>
  readonly half: ReadonlyArray<number>
}

/**
 * A problem of a recording: the number of the line, where in it, and what it is. {@link validate} returns them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem extends InternalProblem {}

/**
 * A recording is invalid. `message` has a line for each problem.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRecording extends Data.TaggedError("InvalidRecording")<{
  readonly problems: ReadonlyArray<Problem>
}> {
  override get message(): string {
    return this.problems.map(({ line, message, path }) => `line ${line}: ${path === "" ? "" : `${path}: `}${message}`)
      .join("\n")
  }
}

/**
 * The options of a recording. {@link layer} and {@link record} take them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The file to append to. It is made if there is none. */
  readonly file: string
  /** More values that must not be in the file, besides the secrets of each request. */
  readonly secrets?: ReadonlyArray<string> | undefined
  /** How many bytes of the bodies are kept: 1 MiB of a request and 8 MiB of a response by default. */
  readonly limits?: { readonly request?: number | undefined; readonly response?: number | undefined } | undefined
}

const open = Effect.fnUntraced(function*(options: Options, upstream?: URL) {
  const writer = yield* File.append(options.file, upstream)
  return {
    writer,
    limits: {
      request: options.limits?.request ?? defaultLimits.request,
      response: options.limits?.response ?? defaultLimits.response
    },
    secrets: options.secrets ?? []
  }
})

/**
 * Makes a client that records what passes through the given one, until the scope closes.
 *
 * **When to use**
 *
 * For one client among several. {@link layer} records the client of the context.
 *
 * **Details**
 *
 * An exchange is written when its body has been read to the end, or when the client leaves. What goes on when the scope
 * closes is written as `aborted`. If the file cannot be written, requests go on, and one line is logged.
 *
 * @category recording
 * @since 0.1.0
 */
export const record = <E, R>(
  client: HttpClient.HttpClient.With<E, R>,
  options: Options
): Effect.Effect<HttpClient.HttpClient.With<E, R>, PlatformError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(open(options), (opened) => Client.make(client, opened)) as Effect.Effect<
    HttpClient.HttpClient.With<E, R>,
    PlatformError,
    FileSystem.FileSystem | Scope.Scope
  >

/**
 * Records the `HttpClient` of the context. Provide it between your program and the client.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<HttpClient.HttpClient, PlatformError, FileSystem.FileSystem | HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.flatMap(HttpClient.HttpClient, (client) => record(client, options))
  )

/**
 * The options of a proxy that records. {@link layerProxy} takes them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProxyOptions extends Options {
  /** The base URL of the API, such as `https://api.venice.ai/api/v1`. */
  readonly upstream: string | URL
  /** A free one by default. */
  readonly port?: number | undefined
  /** `127.0.0.1` by default: whoever reaches the proxy can use it. */
  readonly host?: string | undefined
  /** Called for every request that failed without a response, or whose response broke off. */
  readonly onFailure?: ((error: unknown) => Effect.Effect<void>) | undefined
}

/**
 * The proxy that {@link layerProxy} started.
 *
 * @category services
 * @since 0.1.0
 */
export class Proxy extends Context.Service<Proxy, {
  /** The base URL for the clients, with the path of the upstream. */
  readonly baseUrl: string
  /** Fails when the file cannot be written. */
  readonly failed: Effect.Effect<never, PlatformError>
}>()("@effect-venice/testing/Recording/Proxy") {}

/**
 * Starts a proxy that passes requests on to an API and records them, and stops it when the scope of the layer closes.
 *
 * **Details**
 *
 * The proxy passes on what it gets: chunk by chunk, without following redirects, and if the API breaks off or cannot be
 * reached, the connection of the client ends, too. It asks for bodies that are not compressed.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerProxy = (
  options: ProxyOptions
): Layer.Layer<Proxy, PlatformError | ServeError, FileSystem.FileSystem> =>
  Layer.effect(
    Proxy,
    Effect.gen(function*() {
      const server = yield* HttpServer.HttpServer
      const upstream = new URL(options.upstream)
      const opened = yield* open({
        ...options,
        secrets: [...options.secrets ?? [], ...secretsOfUrl(upstream)]
      }, upstream)
      const client = yield* Client.make(yield* HttpClient.HttpClient, opened)
      yield* server.serve(handler(client, upstream, options.onFailure ?? (() => Effect.void)))
      return {
        baseUrl: `${originOf(server)}${upstream.pathname.replace(/\/$/, "")}`,
        failed: opened.writer.failed
      }
    })
  ).pipe(Layer.provide(layerServer(options)), Layer.provide(layerFetch))

/**
 * Decodes the text of a recording.
 *
 * @category decoding
 * @since 0.1.0
 */
export const parse = (text: string): Effect.Effect<Recording, InvalidRecording> =>
  Effect.suspend(() => {
    const { exchanges, half, problems } = parseText(text)
    return problems.length === 0 ? Effect.succeed({ exchanges, half }) : Effect.fail(new InvalidRecording({ problems }))
  })

/**
 * Returns the problems of the text of a recording, or none if it is valid, and what is in it. `effect-venice validate`
 * prints them; use it in a check of your own for recordings that you keep.
 *
 * @category decoding
 * @since 0.1.0
 */
export const validate = (text: string): Recording & { readonly problems: ReadonlyArray<Problem> } =>
  parseText(text) satisfies Contents

/**
 * Reads a recording from a file.
 *
 * @category decoding
 * @since 0.1.0
 */
export const read = (
  file: string
): Effect.Effect<Recording, InvalidRecording | PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.flatMap(fs.readFileString(file), parse))

/**
 * The options of a replay. {@link layerReplay} and {@link layerReplayServer} take them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReplayOptions {
  /** The file of a recording, or one that was read. */
  readonly file: Recording | string
  /** `recorded` by default. `immediate` waits for nothing. */
  readonly timing?: "immediate" | "recorded" | undefined
  /**
   * Members of JSON bodies that differ from run to run, by their paths: `user`, `metadata.traceId`, `messages.0.content`;
   * `*` is any member. They do not count when a request is matched.
   */
  readonly ignore?: ReadonlyArray<string> | undefined
  /** Whether the last exchange of a request is replayed again when all are used, as for a client that polls more often. */
  readonly repeat?: boolean | undefined
}

/**
 * The replay is not what was recorded: exchanges are left, or requests matched none. `verify` fails with it.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnmetRecording extends Data.TaggedError("UnmetRecording")<{
  /** Exchanges that no request asked for. */
  readonly unused: ReadonlyArray<string>
  /** Requests that matched no exchange, each with the difference to the nearest one. */
  readonly unmatched: ReadonlyArray<string>
}> {
  override get message(): string {
    return [
      ...(this.unused.length === 0 ? [] : ["Not replayed:", ...this.unused.map((text) => `  ${text}`)]),
      ...this.unmatched
    ].join("\n")
  }
}

/**
 * The replay that {@link layerReplay} or {@link layerReplayServer} started.
 *
 * @category services
 * @since 0.1.0
 */
export class Replay extends Context.Service<Replay, {
  /** The base URL of a server; without one, that of Venice. */
  readonly baseUrl: string
  /** Fails if exchanges are left, or if a request matched none. Call it at the end of a test. */
  readonly verify: Effect.Effect<void, UnmetRecording>
  /** Starts again with the first exchange. */
  readonly reset: Effect.Effect<void>
}>()("@effect-venice/testing/Recording/Replay") {}

const load = Effect.fnUntraced(function*(options: ReplayOptions) {
  const { exchanges } = typeof options.file === "string" ? yield* read(options.file) : options.file
  return Replaying.make(exchanges, options)
})

const service = (replay: Replaying.Replay, baseUrl: string): Replay["Service"] => ({
  baseUrl,
  verify: Effect.suspend(() => {
    const unmet = replay.unmet()
    return unmet.unused.length + unmet.unmatched.length === 0 ? Effect.void : Effect.fail(new UnmetRecording(unmet))
  }),
  reset: Effect.sync(replay.reset)
})

/**
 * Provides an `HttpClient` that answers from a recording, without sockets. Its delays are on `Clock`, so that `TestClock`
 * moves them.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerReplay = (
  options: ReplayOptions
): Layer.Layer<HttpClient.HttpClient | Replay, InvalidRecording | PlatformError, FileSystem.FileSystem> =>
  Layer.effectContext(
    Effect.map(load(options), (replay) =>
      Context.make(HttpClient.HttpClient, client(replay)).pipe(
        Context.add(Replay, service(replay, "https://api.venice.ai/api/v1"))
      ))
  )

/**
 * Starts a server that answers from a recording, and stops it when the scope of the layer closes. For clients of other
 * libraries. `GET /__replay/verify` answers 200, or 409 with what is left.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerReplayServer = (
  options: ReplayOptions & {
    /** A free one by default. */
    readonly port?: number | undefined
    /** `127.0.0.1` by default. */
    readonly host?: string | undefined
  }
): Layer.Layer<Replay, InvalidRecording | PlatformError | ServeError, FileSystem.FileSystem> =>
  Layer.effect(
    Replay,
    Effect.gen(function*() {
      const server = yield* HttpServer.HttpServer
      const replay = yield* load(options)
      yield* server.serve(NodeServer.handler(withVerify(replay)))
      return service(replay, `${originOf(server)}/api/v1`)
    })
  ).pipe(Layer.provide(layerServer(options)))
