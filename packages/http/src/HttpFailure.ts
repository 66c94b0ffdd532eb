/**
 * Failing responses of any `HttpClient`, as errors of the algebra.
 *
 * For people who have a client of their own: {@link typed} turns it into one whose failing answers arrive decoded in the
 * failure channel. Failures without an answer stay `HttpClientError`.
 *
 * **Example** (Typing an existing client)
 *
 * ```ts
 * import { HttpFailure } from "@effect-venice/http"
 * import { Effect } from "effect"
 * import { HttpClient, HttpClientResponse } from "effect/http"
 *
 * // Stands for the client you have.
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
import { isHttpClientError } from "effect/http/HttpClientError"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import { setHeader } from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { type Limits, readBody } from "./internal/body.ts"
import { concealedResponse, concealing } from "./internal/credentials.ts"
import { count } from "./internal/metrics.ts"
import { inputOf } from "./internal/success.ts"

/**
 * How much of a failing response is read before the connection is let go: 256 KiB, within 5 seconds.
 *
 * **Details**
 *
 * What was read by then is decoded, and the error's `response.bodyTruncated` is `true`. Venice's own error bodies are
 * below 32 KiB; the time is for a server that never ends its body.
 *
 * @category references
 * @since 0.1.0
 */
export const BodyLimits = Context.Reference<Limits>(
  "@effect-venice/http/HttpFailure/BodyLimits",
  { defaultValue: () => ({ bytes: 256 * 1024, time: Duration.seconds(5) }) }
)

/**
 * Decodes a response as a failure, whatever its status. Reads the body within {@link BodyLimits} and then lets go of
 * the connection; a body that breaks off is decoded as far as it came.
 *
 * @category decoding
 * @since 0.1.0
 */
export const fromResponse = Effect.fnUntraced(function*(
  response: HttpClientResponse,
  /** The operation; without it, the request's method and path tell. */
  operation?: string
): Effect.fn.Return<VeniceError> {
  const limits = yield* BodyLimits
  // The body of a blocked image is the image: nothing in it says why, and reading none of it lets the connection go.
  const body = isSuccess(response)
    ? yield* Effect.as(readBody(response, { ...limits, bytes: 0 }), { text: "", truncated: false })
    : yield* readBody(response, limits)
  return decodeResponse(yield* inputOf(response, { body: body.text, bodyTruncated: body.truncated, operation }))
})

const isSuccess = ({ status }: HttpClientResponse): boolean => status >= 200 && status < 300

/**
 * Whether a response is a failure: a status other than 2xx, or a success whose headers say that the content was blocked.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isFailure = (response: HttpClientResponse): boolean => !isSuccess(response) || isBlocked(response.headers)

/**
 * Lets a success through and fails with the decoded error otherwise.
 *
 * @category decoding
 * @since 0.1.0
 */
export const orFail = (
  response: HttpClientResponse,
  operation?: string
): Effect.Effect<HttpClientResponse, VeniceError> =>
  isFailure(response) ? Effect.flatMap(fromResponse(response, operation), Effect.fail) : Effect.succeed(response)

const addKey = (request: HttpClientRequest) =>
  Effect.map(
    IdempotencyKey,
    (key) =>
      key === undefined || request.headers["idempotency-key"] !== undefined ||
        !takesIdempotencyKey(nameOf(request.method, request.url))
        ? request
        : setHeader(request, "Idempotency-Key", key)
  )

/**
 * Sends the idempotency key of the call, if there is one, with the operations that take one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withIdempotencyKey = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.mapRequestEffect(client, addKey)

/**
 * Turns any client into one whose failing responses are errors of the algebra.
 *
 * **Details**
 *
 * It sends the idempotency key of `Operation.withIdempotencyKey` with the operations that take one.
 *
 * What a request proves itself with (keys, wallet signatures, cookies) is in no error, and neither is the request's body:
 * `error.request` of an `HttpClientError`, and `request` of a response, show `<redacted>` in their place.
 *
 * A client that already fails on a status (`HttpClient.filterStatusOk`) is served too: its `StatusCodeError` is replaced
 * by the decoded error.
 *
 * @category combinators
 * @since 0.1.0
 */
export const typed = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E | VeniceError, R> =>
  HttpClient.transformResponse(concealing(withIdempotencyKey(client)), (effect) =>
    effect.pipe(
      Effect.catch((error): Effect.Effect<HttpClientResponse, E | VeniceError> =>
        isHttpClientError(error) && error.reason._tag === "StatusCodeError"
          ? Effect.flatMap(fromResponse(error.reason.response), Effect.fail)
          : Effect.fail(error)
      ),
      Effect.flatMap((response) => orFail(response)),
      Effect.tapError((error) => isVeniceError(error) ? count(error, error.response.operation) : Effect.void),
      Effect.map(concealedResponse)
    ))
