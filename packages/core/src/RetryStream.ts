/**
 * Retry policies for streams.
 *
 * A module of its own, so that whoever retries effects alone does not carry streams along.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import type * as Retry from "./Retry.ts"

/** What failed after something was delivered, hidden from the policy so that it cannot begin again. */
class Delivered<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/**
 * Retries a stream until its first element. What fails later fails the stream: what was delivered is not delivered twice.
 *
 * **Gotchas**
 *
 * `Stream.retry` begins its schedule anew with every element, so a stream that delivers and fails is begun again without
 * end. The errors of `VeniceClient.stream` know what was delivered and are safe there; for other streams use this.
 *
 * @category combinators
 * @since 0.1.0
 */
export const retry: {
  (policy: Retry.Policy): <A, E, R>(self: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>
  <A, E, R>(self: Stream.Stream<A, E, R>, policy: Retry.Policy): Stream.Stream<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Stream.Stream<A, E, R>, policy: Retry.Policy): Stream.Stream<A, E, R> =>
    Stream.suspend(() => {
      let hasDelivered = false
      return self.pipe(
        Stream.tap(() =>
          Effect.sync(() => {
            hasDelivered = true
          })
        ),
        Stream.mapError((error): E | Delivered<E> => hasDelivered ? new Delivered(error) : error),
        Stream.retry(policy),
        Stream.mapError((error) => error instanceof Delivered ? error.error as E : error)
      )
    })
)
