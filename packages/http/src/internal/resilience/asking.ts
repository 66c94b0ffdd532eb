/**
 * Parts of one call that keep their state in Redis, and ask it at the same time.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** What stands before a call, and lets it pass. */
export interface Acquiring<E> {
  readonly acquire: Effect.Effect<void, E>
}

/** What a part of a fleet does before a call, in two steps. `acquire` is both, with all waiting. */
export interface Asking<E> extends Acquiring<E> {
  /** Takes a place in this process, if that needs no waiting. */
  readonly tryEnter: (fiber: Fiber.Fiber<unknown, unknown>) => boolean
  /** Asks Redis, which needs the place. Succeeds with what is left to do: {@link nothingLeft} if the call may be sent. */
  readonly ask: Effect.Effect<Effect.Effect<void, E>>
}

/** Nothing keeps the call from being sent. */
export const nothingLeft: Effect.Effect<void> = Effect.void

export const isAsking = <E>(part: Acquiring<E>): part is Asking<E> => "ask" in part
