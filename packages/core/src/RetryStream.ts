/**
 * Retry policies for streams.
 *
 * It is a module of its own, so that an application that retries only effects does not bundle streams.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type * as Retry from "./Retry.ts"

/** A failure after the first element, wrapped so that the policy does not recognize and retry it. */
class Delivered<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/**
 * Retries a stream that fails before its first element. A later failure fails the stream, so that no element is
 * delivered twice.
 *
 * **When to use**
 *
 * For streams that `VeniceClient.stream` did not make, in place of `Stream.retry`.
 *
 * **Gotchas**
 *
 * `Stream.retry` restarts its schedule after every element, so it restarts a stream that delivers and then fails
 * without end. The errors of `VeniceClient.stream` say how many events were delivered, so `Stream.retry` is safe there.
 * It does not see a policy inside of the stream, though, and multiplies the attempts of that policy.
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
    // `Stream.retry` begins a schedule at the first failure only, and the policy has to know of policies inside of it.
    Stream.unwrap(Effect.map(Schedule.toStep(policy), (step) => {
      let hasDelivered = false
      return self.pipe(
        Stream.tap(() =>
          Effect.sync(() => {
            hasDelivered = true
          })
        ),
        Stream.mapError((error): E | Delivered<E> => hasDelivered ? new Delivered(error) : error),
        Stream.retry(Schedule.fromStep(Effect.succeed(step))),
        Stream.mapError((error) => error instanceof Delivered ? error.error as E : error)
      )
    }))
)
