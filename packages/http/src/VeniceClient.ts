/**
 * The Venice API as a service with typed failures.
 *
 * `execute` calls an operation and decodes the success with a schema of `Success`, or your own. A failing status becomes an error of Venice, a
 * success that does not match the schema an `UnexpectedBody`, and a request without a response an `HttpClientError`.
 * The client does not retry: use `Effect.retry` with a policy of `Retry`.
 *
 * **Example** (Calling Venice)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { Success, VeniceClient } from "@effect-venice/http"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const venice = yield* VeniceClient
 *   const models = yield* venice.execute("GET /models", { success: Success.Models })
 *   return models.data.map((model) => model.id)
 * }).pipe(
 *   Effect.retry(Retry.standard),
 *   // Reads VENICE_API_KEY, and VENICE_BASE_URL if there is one.
 *   Effect.provide(VeniceClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 */
import type * as Operation from "@effect-venice/core/Operation"
import * as OperationFailure from "@effect-venice/core/OperationFailure"
import { recordSuccess } from "@effect-venice/core/RetryBudget"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as Headers from "effect/http/Headers"
import type * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import type * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import type { JsonRpcError, UnexpectedBody, UnfinishedStream } from "./Failure.ts"
import { orFail, typed, withIdempotencyKey } from "./HttpFailure.ts"
import { observe, observeStream } from "./internal/callSpan.ts"
import { checkHeaders, redactFailure, redacting, redactResponse } from "./internal/credentials.ts"
import { checkDestination, markAsEnvironment } from "./internal/destination.ts"
import { durationOf } from "./internal/duration.ts"
import { events } from "./internal/eventStream.ts"
import { failIfHidden } from "./internal/hiddenError.ts"
import { nameOf, toRequest } from "./internal/operationRequest.ts"
import { withoutRedirects } from "./internal/redirects.ts"
import { makeRecorder } from "./internal/responseMetadata.ts"
import { decodeSuccess, readSuccess } from "./internal/success.ts"
import { timeoutOf } from "./internal/timeout.ts"
import type * as RequestBody from "./RequestBody.ts"

/**
 * The URL of Venice's public API, used if {@link ClientOptions} has no `baseUrl`.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultBaseUrl = "https://api.venice.ai/api/v1"

/**
 * An operation that Venice documents, or one made by `Operation.custom`: the first parameter of the methods of
 * {@link Service}.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyOperation = Operation.AnyOperation

interface CommonOptions {
  readonly query?: UrlParams.Input | undefined
  readonly headers?: Headers.Input | undefined
  /**
   * The longest time until the end of the response for `execute`, or until its headers for `request` and `stream`. Then
   * the request is aborted and fails with an `HttpClientError` with the reason `TransportError`. No limit by default.
   *
   * That failure names the operation, so a policy retries a read, but not a request that may be billed twice. After an
   * `Effect.timeout` around a call no policy retries, because that failure does not name the operation.
   *
   * The call throws a `RangeError` if it is no duration or a negative one.
   */
  readonly timeout?: Duration.Input | undefined
}

interface AnyPath {
  readonly path?: Readonly<Record<string, string | number>> | undefined
}

interface NoPath {
  readonly path?: undefined
}

interface PathOf<Parameter extends string> {
  /** The values of the parameters in the operation's path: `{ slug: "alan-watts" }` for `GET /characters/{slug}`. */
  readonly path: { readonly [P in Parameter]: string | number }
}

interface AnyBody {
  /** `FormData` is sent as multipart, an `HttpBody` as it is, anything else as JSON. */
  readonly body?: unknown
}

/** Any `HttpBody`. Without its other members, which an editor would offer for a body of fields. */
interface EncodedBody extends Pick<HttpBody.HttpBody, "~effect/http/HttpBody"> {}

interface BodyOf<Op extends RequestBody.Operation> {
  /** Sent as JSON, or as it is if it is an `HttpBody`. */
  readonly body: RequestBody.Of<Op> | EncodedBody
}

type PathOptions<Op extends string> = [Operation.PathParameter<Op>] extends [never] ? NoPath
  : PathOf<Operation.PathParameter<Op>>

// The compiler has refused a name that is no operation, and has nothing to say about its options.
type OptionsOf<Op extends string> = Op extends RequestBody.Operation ? CommonOptions & NoPath & BodyOf<Op>
  : CommonOptions & AnyBody & (Op extends AnyOperation ? PathOptions<Op> : AnyPath)

/**
 * The parts of a request, and its timeout: the options of every method of {@link Service}.
 *
 * **Details**
 *
 * `path` has exactly the parameters of the operation's path. `body` has the fields of {@link RequestBody} for the
 * operations that are described there. Without a parameter this is the type for an operation that is only known at run
 * time.
 *
 * @category models
 * @since 0.1.0
 */
export type RequestOptions<Op extends string = AnyOperation> = Operation.Operation extends Op
  ? CommonOptions & AnyPath & AnyBody
  : OptionsOf<Op>

type RequestArguments<Op extends string> = {} extends RequestOptions<Op> ? [options?: RequestOptions<Op>]
  : [options: RequestOptions<Op>]

/**
 * The failures of {@link Service.request}: the errors of the operation, and `HttpClientError` for a request without a
 * response. For signatures of your own.
 *
 * **Details**
 *
 * A code that Venice does not document for the operation arrives as an `UnrecognizedResponse` with that code, its
 * category and the response. A method and path that Venice does not document can fail with any error.
 *
 * @category models
 * @since 0.1.0
 */
export type RequestFailure<Op extends string = AnyOperation> =
  | OperationFailure.Of<Op>
  | HttpClientError.HttpClientError

type NodeError<Op extends string> = Op extends "POST /crypto/rpc/{network}" ? JsonRpcError : never

/**
 * The failures of {@link Service.execute}: those of any request, `UnexpectedBody`, and `JsonRpcError` for
 * `POST /crypto/rpc/{network}`. For signatures of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type ExecuteFailure<Op extends string = AnyOperation> = RequestFailure<Op> | UnexpectedBody | NodeError<Op>

/**
 * The methods of {@link VeniceClient}, to be implemented by a fake in your tests.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Calls an operation and decodes the JSON of its success. Reads at most `MaxBodySize` of `effect/http`, by default
   * 256 MiB.
   */
  readonly execute: <const Op extends Operation.Name, S extends Schema.Constraint>(
    operation: Operation.Checked<Op>,
    options: RequestOptions<Op> & { readonly success: S }
  ) => Effect.Effect<S["Type"], ExecuteFailure<Op>, S["DecodingServices"]>

  /**
   * Calls an operation and returns its success with an unread body, for bodies that are not JSON.
   *
   * Reads status and headers only. An error that the JSON of a success hides, such as a failed response of
   * `POST /responses`, is found by {@link Service.execute}, or by `Decode.hidden` with the text that you read.
   */
  readonly request: <const Op extends Operation.Name>(
    operation: Operation.Checked<Op>,
    ...options: RequestArguments<Op>
  ) => Effect.Effect<HttpClientResponse, RequestFailure<Op>>

  /**
   * Calls an operation that streams, and decodes every event with the schema. Sets `stream: true` in a JSON body.
   *
   * An error among the events fails the stream with the same typed errors as a failing status, and `response.delivered`
   * counts the events before it. A connection that ends before the end marker fails with `UnfinishedStream`.
   * `Stream.retry` with a policy restarts only a stream that has not delivered an event.
   */
  readonly stream: <const Op extends Operation.Name, S extends Schema.Constraint>(
    operation: Operation.Checked<Op>,
    options: RequestOptions<Op> & { readonly event: S }
  ) => Stream.Stream<S["Type"], RequestFailure<Op> | UnexpectedBody | UnfinishedStream, S["DecodingServices"]>

  /** The underlying client, for requests of your own: sets base URL and key, and fails with errors of Venice. */
  readonly http: HttpClient.HttpClient.With<VeniceError | HttpClientError.HttpClientError>
}

/**
 * The API key and the base URL for {@link VeniceClient.make}.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientOptions {
  /** Sent as a bearer token. Omit it if your requests authenticate themselves in another way, such as with a wallet. */
  readonly apiKey?: Redacted.Redacted | string | undefined
  /**
   * {@link defaultBaseUrl} by default. Must have no query and no fragment: {@link VeniceClient.make} throws a
   * `RangeError`.
   *
   * An admin key, a wallet's sign-in and a signed payment go to a host that is not Venice's only if you give the URL
   * here. If it is the one that {@link VeniceClient.config} read from the environment, such a request fails with an
   * `InvalidUrlError`, unsent. This machine (`localhost`) is no other host.
   */
  readonly baseUrl?: string | URL | undefined
}

// A key with other characters was not copied correctly.
const isKey = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

const isPlainObject = (body: unknown): body is object =>
  typeof body === "object" && body !== null && Object.getPrototypeOf(body) === Object.prototype

/** Fails a call that takes too long with an error that names the operation, which policies need. */
const withTimeout = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  operation: string,
  { timeout }: RequestOptions
): Effect.Effect<A, E | HttpClientError.HttpClientError, R> =>
  timeout === undefined ? self : timeoutOf(self, nameOf(operation), durationOf("timeout", timeout))

const queryProblem = "must have no query and no fragment, because the path of an operation is added to it"

// A `?` without a query, too.
const endsWithPath = (url: string | URL): boolean => !/[?#]/.test(String(url))

const make = (options: ClientOptions = {}): Effect.Effect<Service, never, HttpClient.HttpClient> => {
  const baseUrl = String(options.baseUrl ?? defaultBaseUrl)
  // Not the URL itself: its query may hold a token.
  if (!endsWithPath(baseUrl)) throw new RangeError(`baseUrl ${queryProblem}`)
  return Effect.map(HttpClient.HttpClient, (client) => {
    const apiKey = typeof options.apiKey === "string" ? Redacted.make(options.apiKey) : options.apiKey
    const recordMetadata = makeRecorder()
    const checkHost = checkDestination(options.baseUrl)
    const baseClient = HttpClient.mapRequestEffect(withIdempotencyKey(client), (request) => {
      const withBaseUrl = HttpClientRequest.prependUrl(request, baseUrl)
      return Effect.flatMap(
        checkHeaders(apiKey === undefined ? withBaseUrl : HttpClientRequest.bearerToken(withBaseUrl, apiKey)),
        checkHost
      )
    })
    const redactingClient = redacting(withoutRedirects(baseClient))
    const secrets = apiKey === undefined ? [] : [Redacted.value(apiKey)]

    const send = <const Op extends string>(
      operation: Op,
      options: RequestOptions
    ): Effect.Effect<HttpClientResponse, RequestFailure<Op>> =>
      Effect.suspend(() => toRequest(operation, options)).pipe(
        Effect.mapError((error) => redactFailure(error, secrets)),
        Effect.flatMap(redactingClient.execute),
        Effect.flatMap((response) =>
          Effect.mapError(orFail(response, nameOf(operation)), (error) => OperationFailure.narrow(operation, error))
        ),
        Effect.tap(recordMetadata),
        recordSuccess
      )

    const observed = (operation: string, { body }: RequestOptions) => observe(nameOf(operation), { body, baseUrl })

    const sendWithTimeout = <const Op extends string>(operation: Op, options: RequestOptions) =>
      withTimeout(send(operation, options), operation, options)

    const request = <const Op extends string>(operation: Op, options: RequestOptions = {}) =>
      observed(operation, options)(Effect.map(sendWithTimeout(operation, options), redactResponse))

    const execute = <const Op extends string, S extends Schema.Constraint>(
      operation: Op,
      options: RequestOptions & { readonly success: S }
    ) => {
      const decode = decodeSuccess(options.success)
      const call = send(operation, options).pipe(
        Effect.flatMap((response) =>
          Effect.flatMap(readSuccess(response, nameOf(operation)), (body) =>
            Effect.andThen(
              Effect.mapError(
                failIfHidden(nameOf(operation), response, body),
                (error) => isVeniceError(error) ? OperationFailure.narrow(operation, error) : error as NodeError<Op>
              ),
              decode(response, { body, operation: nameOf(operation) })
            ))
        )
      )
      return observed(operation, options)(withTimeout(call, operation, options))
    }

    const stream = <const Op extends string, S extends Schema.Constraint>(
      operation: Op,
      options: RequestOptions & { readonly event: S }
    ) => {
      const { body } = options
      const streaming = isPlainObject(body) ? { ...body, stream: true } : body
      return sendWithTimeout(operation, { ...options, body: streaming }).pipe(
        Effect.map((response) => events(response, nameOf(operation), options.event)),
        Stream.unwrap,
        Stream.mapError((error) => isVeniceError(error) ? OperationFailure.narrow(operation, error) : error),
        observeStream(nameOf(operation), { body, baseUrl })
      )
    }

    return {
      // Whether a name is an operation, and fits its options, is for the compiler to know.
      execute: execute as Service["execute"],
      request: request as Service["request"],
      stream: stream as Service["stream"],
      http: typed(baseClient)
    }
  })
}

const keysPage = "https://venice.ai/settings/api"

// Made when it is first read: a codec of an environment variable takes longer to make than the rest of the module.
const readConfig = (): Config.Config<{ readonly apiKey: Redacted.Redacted; readonly baseUrl: URL }> => {
  const Key = Schema.String.annotate({ message: `VENICE_API_KEY is not set. Create a key at ${keysPage}` }).pipe(
    Schema.decodeTo(
      Schema.String.check(
        Schema.makeFilter(isKey, {
          message: `VENICE_API_KEY has a character that no key has. Copy the key again from ${keysPage}`
        })
      ),
      SchemaTransformation.trim()
    )
  )
  const BaseUrl = Schema.URL.check(Schema.makeFilter(endsWithPath, { message: `VENICE_BASE_URL ${queryProblem}` }))
  return Config.all({
    apiKey: Config.schema(Schema.RedactedFromValue(Key), "VENICE_API_KEY"),
    baseUrl: Config.schema(BaseUrl, "VENICE_BASE_URL").pipe(
      Config.map(markAsEnvironment),
      Config.withDefault(new URL(defaultBaseUrl))
    )
  })
}

/**
 * The service of the Venice API: `yield*` it where you call Venice, and provide {@link VeniceClient.layer} once.
 *
 * @category services
 * @since 0.1.0
 */
export class VeniceClient extends Context.Service<VeniceClient, Service>()("@effect-venice/http/VeniceClient") {
  /**
   * Makes the service from options and the `HttpClient` of the context, if {@link config} does not fit: for several
   * keys, or none.
   *
   * No redirect is followed, by `fetch` or by `HttpClient.followRedirects`: it fails, and no policy repeats it. So a
   * `baseUrl` names the host that responds. Do not pass a client whose transport follows redirects, such as undici's
   * interceptor or a `fetch` of your own that ignores `redirect: "manual"`: the request has been sent again before its
   * response fails with an `InvalidUrlError`, and a response of the same origin passes.
   *
   * @since 0.1.0
   */
  static readonly make = make

  /**
   * Reads the options for {@link make} from the environment: `VENICE_API_KEY`, trimmed and redacted, and
   * `VENICE_BASE_URL`, which defaults to {@link defaultBaseUrl} and gets no admin key, sign-in or payment if it names
   * another host: see {@link ClientOptions}.
   *
   * @since 0.1.0
   */
  static get config(): Config.Config<{ readonly apiKey: Redacted.Redacted; readonly baseUrl: URL }> {
    return readConfig()
  }

  /**
   * Provides the service with options of your own over `fetch`, for a key that is not in the environment. Over another
   * `HttpClient` it is `Layer.effect(VeniceClient, VeniceClient.make(options))`.
   *
   * **Example** (Providing a key)
   *
   * ```ts
   * import { VeniceClient } from "@effect-venice/http"
   * import { Redacted } from "effect"
   *
   * const VeniceLive = VeniceClient.layerWith({ apiKey: Redacted.make("a-key-of-yours") })
   * ```
   *
   * @since 0.1.0
   */
  static readonly layerWith = (options: ClientOptions): Layer.Layer<VeniceClient> =>
    Layer.provide(Layer.effect(VeniceClient, make(options)), FetchHttpClient.layer)

  /**
   * Provides the service with {@link config} over the `HttpClient` of the context, such as
   * `NodeHttpClient.layerUndici`.
   *
   * @since 0.1.0
   */
  static readonly layerHttpClient: Layer.Layer<VeniceClient, Config.ConfigError, HttpClient.HttpClient> = Layer.effect(
    VeniceClient,
    Effect.suspend(() => Effect.flatMap(readConfig(), make))
  )

  /**
   * Provides the service with {@link config} over `fetch`: the usual layer of an application.
   *
   * Does not follow redirects, as every client of {@link make}. Venice sends none, and `fetch` would send a charged
   * request again, with its wallet signatures, to an unknown server.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<VeniceClient, Config.ConfigError> = Layer.provide(
    VeniceClient.layerHttpClient,
    FetchHttpClient.layer
  )
}
