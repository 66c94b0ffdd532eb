/**
 * A store of circuits that never hangs: what a shared store does not answer in time, the memory of the process does.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { CircuitBreakerError, CircuitBreakerStore, CircuitBreakerStoreError } from "effect/persistence/CircuitBreaker"

type Store = CircuitBreakerStore["Service"]

/** How long a store may take. Longer than a bounded Redis does. */
const bound = Duration.millis(500)

const failed = (message: string, cause?: unknown) =>
  Effect.fail(new CircuitBreakerError({ reason: new CircuitBreakerStoreError({ message, cause }) }))

const late = () => failed(`no response within ${Duration.format(bound)}`)

// A store dies of a reply that it cannot read.
const unread = (defect: unknown) => failed("no response that can be read", defect)

// The race makes it interruptible. Effect's breaker calls its store where nothing can be interrupted.
const bounded = <A, R>(self: Effect.Effect<A, CircuitBreakerError, R>) =>
  Effect.timeoutOrElse(Effect.catchDefect(self, unread), { duration: bound, orElse: late })

const orElse = <A, R>(
  shared: Effect.Effect<A, CircuitBreakerError, R>,
  local: () => Effect.Effect<A, CircuitBreakerError, R>
) => Effect.catchIf(bounded(shared), ({ reason }) => reason._tag === "CircuitBreakerStoreError", local)

// Generations are not negative, so those of the memory can be told by their sign.
const ofMemory = (generation: number): number => -1 - generation

/** The store of a fleet, and of this process while the other fails. */
export const withMemory = (shared: Store, memory: Store): Store =>
  CircuitBreakerStore.of({
    admit: (key) =>
      orElse(shared.admit(key), () =>
        Effect.map(memory.admit(key), (admission) => ({ ...admission, generation: ofMemory(admission.generation) }))),
    record: (options) =>
      options.generation < 0
        ? memory.record({ ...options, generation: ofMemory(options.generation) })
        : bounded(shared.record(options)),
    state: (key) =>
      orElse(shared.state(key), () => memory.state(key))
  })
