/**
 * The timeout of an attempt, as a failure that names the operation: policies need it to know what a retry may cost.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpMethod } from "effect/http/HttpMethod"

const timedOut = (operation: string, description: string): HttpClientError.HttpClientError => {
  const [method, url] = operation.split(" ") as [HttpMethod, string]
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request: HttpClientRequest.make(method)(url),
      description,
      cause: new Cause.TimeoutError(description)
    })
  })
}

/** Fails an attempt that takes too long, as a connection that ended without a response. */
export const timeoutOf = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  operation: string,
  duration: Duration.Duration
): Effect.Effect<A, E | HttpClientError.HttpClientError, R> =>
  Effect.timeoutOrElse(self, {
    duration,
    orElse: () => Effect.fail(timedOut(operation, `no response within ${Duration.format(duration)}`))
  })

/** The failure of an attempt that was not sent, because the deadline of its call was over before. */
export const overdue = (operation: string): HttpClientError.HttpClientError =>
  timedOut(operation, "not sent, because the deadline of the call is over")
