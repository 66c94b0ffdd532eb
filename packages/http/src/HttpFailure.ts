/**
 * Failing responses of your own `HttpClient`, as errors of Venice.
 *
 * {@link typed} adds the decoded errors to the failure channel of a client that you already have; the other functions
 * do the same for single responses. A request without a response still fails with `HttpClientError`.
 *
 * **Example** (Typing an existing client)
 *
 * ```ts
 * import { HttpFailure } from "@effect-venice/http"
 * import { Effect } from "effect"
 * import { HttpClient, HttpClientResponse } from "effect/http"
 *
 * // Your own client.
 * const mine = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(
 *     request,
 *     new Response("{\"error\":\"The model is at capacity. Please try again later.\"}", { status: 503 })
 *   ))
 * )
 *
 * const program = HttpFailure.typed(mine).get("https://api.venice.ai/api/v1/models").pipe(
 *   Effect.catchTag("MODEL_AT_CAPACITY", (error) => Effect.succeed(error.response.operation))
 * )
 *
 * await Effect.runPromise(program) // => "GET /models"
 * ```
 *
 * @since 0.1.0
 */
import { isBlocked, response as decodeResponse } from "@effect-venice/core/Decode"
import { IdempotencyKey, nameOf, takesIdempotencyKey } from "@effect-venice/core/Operation"
import type { VeniceError } from "@effect-venice/core/VeniceError"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import { isHttpClientError } from "effect/http/HttpClientError"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import { setHeader } from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { type Limits, readBody } from "./internal/body.ts"
import { redacting, redactResponse } from "./internal/credentials.ts"
import { count } from "./internal/metrics.ts"
import { withoutRedirects } from "./internal/redirects.ts"
import { inputAt } from "./internal/success.ts"

/**
 * How much of an error body is read, and for how long: 256 KiB within 5 seconds by default.
 *
 * **When to use**
 *
 * Provide other limits to read longer error bodies, or to wait less for a server that never ends its body.
 *
 * **Details**
 *
 * At a limit the connection is released and the text so far is decoded; `response.bodyTruncated` of the error is
 * `true`. Venice's own error bodies are below 32 KiB.
 *
 * @category references
 * @since 0.1.0
 */
export const BodyLimits: Context.Reference<Limits> = Context.Reference<Limits>(
  "@effect-venice/http/HttpFailure/BodyLimits",
  { defaultValue: () => ({ bytes: 256 * 1024, time: Duration.seconds(5) }) }
)

/**
 * Decodes a failing response of a client that is not {@link typed}, for you to handle as a value.
 *
 * **Details**
 *
 * Does not check the status: see {@link isFailure}. Reads the body within {@link BodyLimits} and releases the
 * connection. If the connection ends early, the text so far is decoded.
 *
 * @category decoding
 * @since 0.1.0
 */
export const fromResponse = (
  response: HttpClientResponse,
  /** By default it is derived from the method and path of the request. */
  operation?: string
): Effect.Effect<VeniceError> =>
  Effect.withFiber((fiber) => {
    const limits = fiber.getRef(BodyLimits)
    // The body of a blocked image is the image. Reading none of it releases the connection.
    const reading = isSuccess(response)
      ? Effect.as(readBody(response, { ...limits, bytes: 0 }), { text: "", truncated: false })
      : readBody(response, limits)
    return Effect.map(reading, ({ text, truncated }) =>
      decodeResponse(inputAt(fiber, response, { body: text, bodyTruncated: truncated, operation })))
  })

const isSuccess = ({ status }: HttpClientResponse): boolean => status >= 200 && status < 300

/**
 * Tests whether a response is to be decoded with {@link fromResponse}: its status is not 2xx, or the headers of a
 * success say that the content was blocked.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isFailure = (response: HttpClientResponse): boolean => !isSuccess(response) || isBlocked(response.headers)

/**
 * Returns a success, and fails with the decoded error otherwise: for single responses of a client that is not
 * {@link typed}.
 *
 * @category decoding
 * @since 0.1.0
 */
export const orFail = (
  response: HttpClientResponse,
  operation?: string
): Effect.Effect<HttpClientResponse, VeniceError> =>
  isFailure(response) ? Effect.flatMap(fromResponse(response, operation), Effect.fail) : Effect.succeed(response)

const addIdempotencyKey = (request: HttpClientRequest) =>
  Effect.map(
    IdempotencyKey,
    (key) =>
      key === undefined || request.headers["idempotency-key"] !== undefined ||
        !takesIdempotencyKey(nameOf(request.method, request.url))
        ? request
        : setHeader(request, "Idempotency-Key", key)
  )

/**
 * Sends the key of `Operation.withIdempotencyKey` with the operations that take one.
 *
 * **When to use**
 *
 * For a client whose failing responses you handle yourself. `VeniceClient` and {@link typed} send the key already.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withIdempotencyKey = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.mapRequestEffect(client, addIdempotencyKey)

/**
 * Makes the failing responses of a client that you already have fail with the decoded error.
 *
 * **Details**
 *
 * - Sends the key of `Operation.withIdempotencyKey` with the operations that take one.
 * - Redacts the secrets of a request (keys, wallet signatures, cookies) and drops its body in `request` of a response
 *   and of an `HttpClientError`.
 * - Does not let `fetch` or `HttpClient.followRedirects` follow a redirect, which would take the body and the signatures
 *   of a charged request to an unknown server. A response from another origin fails with an `InvalidUrlError`, but then the
 *   request has been sent again: do not pass a client whose transport follows redirects (undici's interceptor, a `fetch`
 *   that ignores `redirect: "manual"`). A client that changes the host or the path of a request inside cannot be typed:
 *   type the client below it.
 * - Replaces the `StatusCodeError` of a client that already fails on a status (`HttpClient.filterStatusOk`).
 *
 * @category combinators
 * @since 0.1.0
 */
export const typed = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E | VeniceError | HttpClientError, R> =>
  HttpClient.transformResponse(redacting(withoutRedirects(withIdempotencyKey(client))), (effect) =>
    effect.pipe(
      Effect.catch((error): Effect.Effect<HttpClientResponse, E | VeniceError | HttpClientError> =>
        isHttpClientError(error) && error.reason._tag === "StatusCodeError"
          ? Effect.flatMap(fromResponse(error.reason.response), Effect.fail)
          : Effect.fail(error)
      ),
      Effect.flatMap((response) => orFail(response)),
      Effect.tapError((error) => isVeniceError(error) ? count(error, error.response.operation) : Effect.void),
      Effect.map(redactResponse)
    ))
