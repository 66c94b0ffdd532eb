/**
 * The circuits of `Breaker` on a store of Effect's `CircuitBreaker`: who is sent, and what the end of a call means.
 *
 * Effect's own `execute` opens a scope, masks interruption and runs a generator for every call. Here a call costs what
 * its store costs. What opens a circuit, and for how long, is the same.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type * as Take from "effect/Take"
import { CircuitOpen } from "../../Failure.ts"
import { count } from "../metrics.ts"
import { type Asking, nothingLeft } from "./asking.ts"
import { recordHeld } from "./held.ts"
import type { Reports } from "./reports.ts"

/**
 * The permit of one call, for `Resilience`, which asks all its parts at the same time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** Succeeds when the call may be sent. Run it once. */
  readonly acquire: Effect.Effect<void, CircuitOpen>
  /**
   * Says how the call ended; without an exit, that it was not sent. Run it in any case, also if `acquire` failed. Only
   * the first time counts.
   */
  readonly settle: (exit?: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
}

type Store = CircuitBreaker.CircuitBreakerStore["Service"]

/** Settings that were checked. */
export interface Rules {
  readonly tripPolicy: CircuitBreaker.TripPolicy
  readonly openDuration: Duration.Duration | Schedule.Schedule<unknown, number>
  readonly longestHint: Duration.Duration
  readonly classify: (exit: Exit.Exit<unknown, unknown>) => CircuitBreaker.Outcome
}

const circuitOpen = (circuit: string, retryAfter: Duration.Duration, isProbing: boolean): CircuitOpen =>
  new CircuitOpen({
    message: isProbing
      ? `Not sent, because the latest calls to ${circuit} failed, and one in flight tests whether that is over`
      : `Not sent, because the latest calls to ${circuit} failed: the next one may be sent in ${
        Duration.format(retryAfter)
      }`,
    circuit,
    retryAfter
  })

/** The delay of a schedule after so many openings in a row, on a clock that only the delays move. */
const delayAfter = Effect.fnUntraced(function*(schedule: Schedule.Schedule<unknown, number>, openings: number) {
  const step = yield* Schedule.toStep(schedule)
  let now = yield* Clock.currentTimeMillis
  let delay = Duration.zero
  for (let opening = 1; opening <= openings; opening++) {
    const result = yield* Effect.exit(step(now, opening))
    if (Exit.isFailure(result)) break
    delay = result.value[1]
    now += Duration.toMillis(delay)
  }
  return delay
})

/** What is logged as Effect's breaker does. */
const reported = { log: "Unhandled", message: "The state of a circuit is not known, or not recorded" } as const

export class Circuits {
  readonly store: Store
  readonly rules: Rules
  /** What this process opened and closed. */
  readonly transitions: PubSub.PubSub<Take.Take<CircuitBreaker.Transition>>
  /** Records outcomes in the background, if the store is not in memory. */
  readonly reports: Reports | undefined

  constructor(
    store: Store,
    rules: Rules,
    transitions: PubSub.PubSub<Take.Take<CircuitBreaker.Transition>>,
    reports: Reports | undefined
  ) {
    this.store = store
    this.rules = rules
    this.transitions = transitions
    this.reports = reports
  }

  publish(transition: CircuitBreaker.Transition | undefined): Effect.Effect<unknown> {
    return transition === undefined ? Effect.void : PubSub.publish(this.transitions, [transition])
  }

  /** How long the circuit would be open after this outcome. Zero for one that cannot open it. */
  private openFor(
    outcome: CircuitBreaker.Outcome,
    { consecutiveOpenings, probe }: CircuitBreaker.Admission
  ): Effect.Effect<Duration.Duration> | undefined {
    const { longestHint, openDuration, tripPolicy } = this.rules
    if (outcome._tag === "Ignored") return undefined
    // A success can complete the calls that a rate needs.
    if (outcome._tag === "Success" && (probe || tripPolicy._tag === "Consecutive")) return undefined
    const hint = outcome._tag === "Failure" ? outcome.retryAfter : undefined
    const delay = Schedule.isSchedule(openDuration)
      ? delayAfter(openDuration, consecutiveOpenings + 1)
      : Effect.succeed(openDuration)
    return hint === undefined
      ? delay
      : Effect.map(delay, (delay) => Duration.max(delay, Duration.min(hint, longestHint)))
  }

  record(
    key: string,
    admission: CircuitBreaker.Admission,
    outcome: CircuitBreaker.Outcome
  ): Effect.Effect<void> {
    const record = (openFor: Duration.Duration) =>
      this.store.record({
        key,
        generation: admission.generation,
        outcome: outcome._tag,
        tripPolicy: this.rules.tripPolicy,
        openFor
      })
    const openFor = this.openFor(outcome, admission)
    const recorded = openFor === undefined ? record(Duration.zero) : Effect.flatMap(openFor, record)
    return Effect.ignore(Effect.flatMap(recorded, (transition) => this.publish(transition)), reported)
  }
}

// The store in memory puts nothing into a scope. Making one for every call would cost more than the store.
type WithoutScope = Effect.Effect<CircuitBreaker.Admission, CircuitBreaker.CircuitBreakerError>

/** The permit of a call in the circuits of a store. */
export class CircuitPermit implements Permit, Asking<CircuitOpen> {
  private readonly circuits: Circuits
  private readonly circuit: string
  private admission: CircuitBreaker.Admission | undefined
  /** Holds the lease of a probe that processes share. */
  private readonly scope: Scope.Closeable | undefined

  constructor(circuits: Circuits, circuit: string) {
    this.circuits = circuits
    this.circuit = circuit
    this.scope = circuits.reports === undefined ? undefined : Scope.makeUnsafe()
  }

  get acquire(): Effect.Effect<void, CircuitOpen> {
    return Effect.flatten(this.ask)
  }

  tryEnter(): boolean {
    return true
  }

  get ask(): Effect.Effect<Effect.Effect<void, CircuitOpen>> {
    return Effect.clockWith((clock) => {
      const since = clock.currentTimeMillisUnsafe()
      const admit = this.circuits.store.admit(this.circuit)
      const admitted = this.scope === undefined ? admit as WithoutScope : Scope.provide(admit, this.scope)
      // Who is interrupted here knows whether it is the probe, which `settle` has to give back.
      return Effect.uninterruptible(Effect.matchEffect(admitted, {
        onFailure: (error) => Effect.succeed(this.refused(error, since)),
        onSuccess: (admission) => {
          this.admission = admission
          return Effect.as(this.circuits.publish(admission.transition), nothingLeft)
        }
      }))
    })
  }

  private refused(
    error: CircuitBreaker.CircuitBreakerError,
    since: number
  ): Effect.Effect<void, CircuitOpen> {
    const { reason } = error
    // Without a store the call is sent.
    if (reason._tag === "CircuitBreakerStoreError") return Effect.ignore(Effect.fail(error), reported)
    const failure = reason._tag === "CircuitOpen"
      ? circuitOpen(this.circuit, reason.retryAfter, false)
      : circuitOpen(this.circuit, Duration.zero, true)
    const held = Effect.andThen(recordHeld("breaker", "refused", since), count(failure, undefined))
    return Effect.andThen(held, Effect.fail(failure))
  }

  settle(exit?: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { admission, circuit, circuits, scope } = this
      // Redis keeps the lease of a probe for some time after its last renewal, until the outcome is recorded.
      const ended = scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
      if (admission === undefined) return ended
      this.admission = undefined
      let outcome = CircuitBreaker.ignored
      let unread: Effect.Effect<never> | undefined
      try {
        if (exit !== undefined) outcome = circuits.rules.classify(exit)
      } catch (defect) {
        // A failure of the caller's own may throw when it is read.
        unread = Effect.die(defect)
      }
      const recorded = circuits.record(circuit, admission, outcome)
      // Nobody waits for Redis. What this process asks next is behind it.
      const told = circuits.reports === undefined ? recorded : Effect.andThen(ended, circuits.reports(recorded))
      return unread === undefined ? told : Effect.andThen(told, unread)
    })
  }
}
