/**
 * The Venice API as a service: requests whose failures arrive typed.
 *
 * `execute` calls an operation and decodes its success with the caller's schema. A failing status is the decoded error
 * of the algebra, a success that does not decode is an `UnexpectedBody` that says where, and a request without an answer
 * stays an `HttpClientError`. Nothing is retried here: compose `Effect.retry` with a policy of `Retry`.
 *
 * **Example** (Calling Venice)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Effect, Schema } from "effect"
 *
 * const Models = Schema.Struct({ data: Schema.Array(Schema.Struct({ id: Schema.String })) })
 *
 * const program = Effect.gen(function*() {
 *   const venice = yield* VeniceClient
 *   const models = yield* venice.execute("GET /models", { success: Models })
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
import type { Input } from "@effect-venice/core/Decode"
import type { Operation } from "@effect-venice/core/Operation"
import * as OperationFailure from "@effect-venice/core/OperationFailure"
import { recordSuccess } from "@effect-venice/core/RetryBudget"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import type { HttpMethod } from "effect/http/HttpMethod"
import type * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import type { JsonRpcError, UnexpectedBody, UnfinishedStream } from "./Failure.ts"
import { orFail, typed, withIdempotencyKey } from "./HttpFailure.ts"
import { observe, observeStream } from "./internal/callSpan.ts"
import { checkHeaders, concealedResponse, concealing } from "./internal/credentials.ts"
import { events } from "./internal/eventStream.ts"
import { errorOf } from "./internal/jsonRpcError.ts"
import { noting } from "./internal/responseMetadata.ts"
import { decodeSuccess, inputOf, readSuccess } from "./internal/success.ts"

/**
 * Where the public API is.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultBaseUrl = "https://api.venice.ai/api/v1"

/**
 * An operation of Venice's documentation, or any other method and path, such as `POST /something/new`.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyOperation = Operation | (`${HttpMethod} /${string}` & {})

/**
 * What a request carries.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestOptions {
  /** The values of the parameters in the operation's path: `{ slug: "alan-watts" }` for `GET /characters/{slug}`. */
  readonly path?: Readonly<Record<string, string | number>> | undefined
  readonly query?: UrlParams.Input | undefined
  readonly headers?: Headers.Input | undefined
  /** `FormData` is sent as multipart, an `HttpBody` as it is, anything else as JSON. */
  readonly body?: unknown
  /**
   * How long to wait for the answer: for its end with `execute`, for its beginning with `request` and `stream`. Then the
   * request is aborted, and fails with an `HttpClientError` of the transport. None by default.
   *
   * A policy knows by it what was called, and repeats a read but not a run that may be billed twice. Of `Effect.timeout`
   * around a call it knows nothing, and repeats nothing.
   */
  readonly timeout?: Duration.Input | undefined
}

/**
 * The failures of a request whose success is not decoded: what the operation can answer, and what never was answered.
 *
 * **Details**
 *
 * A code that is not expected of the operation arrives as an `UnrecognizedResponse` with that code, its category and the
 * response. A method and path outside of Venice's documentation can fail with any error.
 *
 * @category models
 * @since 0.1.0
 */
export type RequestError<Op extends AnyOperation = AnyOperation> =
  | OperationFailure.Of<Op>
  | HttpClientError.HttpClientError

type HiddenError<Op extends string> = Op extends "POST /crypto/rpc/{network}" ? JsonRpcError : never

/**
 * The failures of a request whose success is decoded: those of any request, a success that is not as expected, and the
 * error of a blockchain's node in a success of `POST /crypto/rpc/{network}`.
 *
 * @category models
 * @since 0.1.0
 */
export type ExecuteError<Op extends AnyOperation = AnyOperation> = RequestError<Op> | UnexpectedBody | HiddenError<Op>

/**
 * The operations of a client.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Calls an operation and decodes the JSON of its success, of which no more is read than the platform's `MaxBodySize`,
   * or 256 MiB without one.
   */
  readonly execute: <const Op extends AnyOperation, S extends Schema.Constraint>(
    operation: Op,
    options: RequestOptions & { readonly success: S }
  ) => Effect.Effect<S["Type"], ExecuteError<Op>, S["DecodingServices"]>

  /** Calls an operation and hands over the successful response, for bodies that are not JSON. */
  readonly request: <const Op extends AnyOperation>(
    operation: Op,
    options?: RequestOptions
  ) => Effect.Effect<HttpClientResponse, RequestError<Op>>

  /**
   * Calls an operation that streams, and decodes every event with the schema. `stream: true` is set in a JSON body.
   *
   * An error among the events ends the stream with the same typed errors as a failing status, and `response.delivered`
   * says how many events came before it. A connection that ends before the stream's end marker is an
   * `UnfinishedStream`. `Stream.retry` with a policy begins again only what has delivered nothing yet.
   */
  readonly stream: <const Op extends AnyOperation, S extends Schema.Constraint>(
    operation: Op,
    options: RequestOptions & { readonly event: S }
  ) => Stream.Stream<S["Type"], RequestError<Op> | UnexpectedBody | UnfinishedStream, S["DecodingServices"]>

  /** The client beneath: base URL and key are set, and failing responses are errors of the algebra. */
  readonly http: HttpClient.HttpClient.With<VeniceError | HttpClientError.HttpClientError>
}

/**
 * How to reach Venice.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientOptions {
  /** Sent as a bearer token. Leave it out where the requests prove themselves otherwise, as with a wallet. */
  readonly apiKey?: Redacted.Redacted | undefined
  readonly baseUrl?: string | URL | undefined
}

// What keys are made of; anything else was not copied whole.
const isKey = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

const invalidUrl = (request: HttpClientRequest.HttpClientRequest, description: string) =>
  Effect.fail(
    new HttpClientError.HttpClientError({ reason: new HttpClientError.InvalidUrlError({ request, description }) })
  )

const isPlainObject = (body: unknown): body is object =>
  typeof body === "object" && body !== null && Object.getPrototypeOf(body) === Object.prototype

const toBody = (
  request: HttpClientRequest.HttpClientRequest,
  body: unknown
): Effect.Effect<HttpBody.HttpBody, HttpClientError.HttpClientError> => {
  if (body === undefined) return Effect.succeed(HttpBody.empty)
  if (HttpBody.isHttpBody(body)) return Effect.succeed(body)
  if (body instanceof FormData) return Effect.succeed(HttpBody.formData(body))
  return Effect.mapError(HttpBody.json(body), (cause) =>
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.EncodeError({ request, cause, description: "the body cannot be written as JSON" })
    }))
}

const toRequest = (
  operation: AnyOperation,
  options: RequestOptions
): Effect.Effect<HttpClientRequest.HttpClientRequest, HttpClientError.HttpClientError> => {
  const [method, template] = operation.split(" ", 2) as [HttpMethod, string]
  const missing: Array<string> = []
  const path = template.includes("{")
    ? template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
      const value = options.path?.[name]
      if (value === undefined) missing.push(name)
      return encodeURIComponent(String(value))
    })
    : template
  const request = HttpClientRequest.make(method)(path, { urlParams: options.query, headers: options.headers })
  return missing.length > 0
    ? invalidUrl(request, `${operation} needs a value for ${missing.join(", ")}`)
    : Effect.map(toBody(request, options.body), (body) => HttpClientRequest.setBody(request, body))
}

const hidesErrors = (operation: string): boolean => operation === "POST /crypto/rpc/{network}"

const failIfHidden = <Op extends AnyOperation>(
  operation: Op,
  received: Effect.Effect<Input>
): Effect.Effect<void, ExecuteError<Op>> =>
  Effect.flatMap(received, (input) => {
    const hidden = errorOf(input)
    if (hidden === undefined) return Effect.void
    return Effect.fail(isVeniceError(hidden) ? OperationFailure.narrow(operation, hidden) : hidden as HiddenError<Op>)
  })

/** Ends a call that takes too long with an error that says what was called. */
const withTimeout = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  operation: AnyOperation,
  { timeout }: RequestOptions
): Effect.Effect<A, E | HttpClientError.HttpClientError, R> => {
  if (timeout === undefined) return self
  const [method, url] = operation.split(" ", 2) as [HttpMethod, string]
  const description = `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`
  return Effect.timeoutOrElse(self, {
    duration: timeout,
    orElse: () =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({
            request: HttpClientRequest.make(method)(url),
            description,
            cause: new Cause.TimeoutError(description)
          })
        })
      )
  })
}

const make = (options: ClientOptions = {}): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const baseUrl = String(options.baseUrl ?? defaultBaseUrl)
    const { apiKey } = options
    const note = noting()
    const based = HttpClient.mapRequestEffect(withIdempotencyKey(client), (request) => {
      const located = HttpClientRequest.prependUrl(request, baseUrl)
      return checkHeaders(apiKey === undefined ? located : HttpClientRequest.bearerToken(located, apiKey))
    })
    const concealed = concealing(based)

    const send = <const Op extends AnyOperation>(
      operation: Op,
      options: RequestOptions
    ): Effect.Effect<HttpClientResponse, RequestError<Op>> =>
      Effect.suspend(() => toRequest(operation, options)).pipe(
        Effect.flatMap(concealed.execute),
        Effect.flatMap((response) =>
          Effect.mapError(orFail(response, operation), (error) => OperationFailure.narrow(operation, error))
        ),
        Effect.tap(note),
        recordSuccess
      )

    const seen = (operation: AnyOperation, { body }: RequestOptions) => observe(operation, { body, baseUrl })

    const begin = <const Op extends AnyOperation>(operation: Op, options: RequestOptions) =>
      withTimeout(send(operation, options), operation, options)

    const request: Service["request"] = (operation, options = {}) =>
      seen(operation, options)(Effect.map(begin(operation, options), concealedResponse))

    const execute: Service["execute"] = (operation, options) => {
      const decode = decodeSuccess(options.success)
      const call = send(operation, options).pipe(
        Effect.flatMap((response) =>
          Effect.flatMap(readSuccess(response, operation), (body) => {
            const part = { body, operation }
            const decoded = decode(response, part)
            return hidesErrors(operation)
              ? Effect.andThen(failIfHidden(operation, inputOf(response, part)), decoded)
              : decoded
          })
        )
      )
      return seen(operation, options)(withTimeout(call, operation, options))
    }

    const stream: Service["stream"] = (operation, options) => {
      const { body } = options
      const streaming = isPlainObject(body) ? { ...body, stream: true } : body
      return begin(operation, { ...options, body: streaming }).pipe(
        Effect.map((response) => events(response, operation, options.event)),
        Stream.unwrap,
        Stream.mapError((error) => isVeniceError(error) ? OperationFailure.narrow(operation, error) : error),
        observeStream(operation, { body, baseUrl })
      )
    }

    return { execute, request, stream, http: typed(based) }
  })

const Key = Schema.String.pipe(
  Schema.decodeTo(
    Schema.String.check(Schema.makeFilter((text) => isKey(text) || "a key of visible ASCII characters")),
    SchemaTransformation.trim()
  )
)

const config: Config.Config<ClientOptions> = Config.all({
  apiKey: Config.schema(Schema.Redacted(Key), "VENICE_API_KEY"),
  baseUrl: Config.URL("VENICE_BASE_URL").pipe(Config.withDefault(new URL(defaultBaseUrl)))
})

/**
 * The service of the Venice API.
 *
 * @category services
 * @since 0.1.0
 */
export class VeniceClient extends Context.Service<VeniceClient, Service>()("@effect-venice/http/VeniceClient") {
  /**
   * Makes the service over the `HttpClient` of the context.
   *
   * @since 0.1.0
   */
  static readonly make = make

  /**
   * The options from the environment: `VENICE_API_KEY` (redacted, surrounding white space dropped) and
   * `VENICE_BASE_URL`, which defaults to {@link defaultBaseUrl}.
   *
   * @since 0.1.0
   */
  static readonly config = config

  /**
   * The service over the `HttpClient` of the context, such as `NodeHttpClient.layerUndici`, with {@link config}.
   *
   * @since 0.1.0
   */
  static readonly layerHttpClient: Layer.Layer<VeniceClient, Config.ConfigError, HttpClient.HttpClient> = Layer.effect(
    VeniceClient,
    Effect.flatMap(config, make)
  )

  /**
   * The service over `fetch`, with {@link config}.
   *
   * Redirects are not followed: Venice has none, and a `fetch` that follows one sends a charged request again, with its
   * wallet signatures, to wherever it points.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<VeniceClient, Config.ConfigError> = Layer.provide(
    VeniceClient.layerHttpClient,
    Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
  )
}
