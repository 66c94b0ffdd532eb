/**
 * Circuit breakers for the models and operations of Venice, on the stores of Effect's `CircuitBreaker`.
 *
 * A circuit counts how its latest calls ended. When too many failed, it opens: calls fail at once with
 * `Failure.CircuitOpen`, so that a fallback goes on without waiting, and a policy waits as long as it has to. After the
 * open time one call is sent as a probe, and its end closes the circuit or opens it again, for longer.
 *
 * **When to use**
 *
 * Around every attempt, inside of `Effect.retry` and of `LockoutGuard`, with a timeout inside: {@link protect} for a
 * call, {@link protectStream} for a stream. Provide {@link layer} once. Name a circuit by the model, because models fail
 * alone, or by the operation where there is none.
 *
 * **Details**
 *
 * What counts is whether the model works, by category:
 *
 * | category                                                             | outcome   |
 * | -------------------------------------------------------------------- | --------- |
 * | Capacity, Server, Upstream, Timeout, and no response (`Transport`)    | failure, and the server's hint is the least open time |
 * | InvalidRequest, InvalidMedia, ContextLength, NotFound, ContentPolicy | success: the model has answered |
 * | Authentication, Permission, Billing, RateLimit                       | ignored: about the account |
 *
 * What was not sent and what was interrupted is ignored. So a timeout outside of the breaker does not count.
 *
 * **Example** (Failing at once when a model is down)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Breaker } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * // Stands for a call of `VeniceClient`.
 * const call = Effect.fail(new Errors.ModelOffline()).pipe(Breaker.protect("llama-3.3-70b"))
 *
 * const program = Effect.gen(function*() {
 *   for (let i = 0; i < 5; i++) yield* Effect.flip(call)
 *   return yield* Effect.flip(call)
 * })
 *
 * const error = await Effect.runPromise(Effect.provide(program, Breaker.layer()))
 * error._tag // => "CIRCUIT_OPEN"
 * ```
 *
 * @since 0.1.0
 */
import type { Category } from "@effect-venice/core/Category"
import * as Classification from "@effect-venice/core/Classification"
import { kindOf } from "@effect-venice/core/Retry"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Redis from "effect/persistence/Redis"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type * as Take from "effect/Take"
import { CircuitOpen, LockoutAhead, PaceExceeded, UnexpectedBody, UnfinishedStream } from "../Failure.ts"
import { durationOf } from "../internal/duration.ts"
import { CircuitPermit, Circuits, type Permit, type Rules } from "../internal/resilience/circuits.ts"
import { withMemory } from "../internal/resilience/circuitStore.ts"
import { makeReports, type Reports } from "../internal/resilience/reports.ts"

export type { Permit } from "../internal/resilience/circuits.ts"

/**
 * What a call means for its circuit; a value of {@link Outcomes}.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "failure" | "success" | "ignored"

/**
 * The outcome of each category, and of a call without a response: a setting of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcomes = Readonly<Record<Category | "Transport", Outcome>>

/**
 * The outcomes that a breaker takes by default. Change a copy of them for {@link Settings}.
 *
 * @category constants
 * @since 0.1.0
 */
export const outcomes: Outcomes = {
  Authentication: "ignored",
  Permission: "ignored",
  Billing: "ignored",
  InvalidRequest: "success",
  InvalidMedia: "success",
  ContextLength: "success",
  NotFound: "success",
  ContentPolicy: "success",
  RateLimit: "ignored",
  Capacity: "failure",
  Server: "failure",
  Upstream: "failure",
  Timeout: "failure",
  Transport: "failure"
}

/**
 * The settings of a breaker; an argument of {@link layer}, which refuses a duration that makes no sense with a
 * `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** When a circuit opens: `CircuitBreaker.consecutive(5)` by default, or a rate of failures. */
  readonly tripPolicy?: CircuitBreaker.TripPolicy | undefined
  /** How long a circuit is open: 5, 10, 20, then 40 seconds by default, until it has stayed closed as long. */
  readonly openDuration?: Duration.Input | Schedule.Schedule<unknown, number> | undefined
  /** The longest hint of a server that is taken for the open time: one minute by default. */
  readonly longestHint?: Duration.Input | undefined
  /** What differs from {@link outcomes}. */
  readonly outcomes?: Partial<Outcomes> | undefined
}

/**
 * The service of the breaker. Provide it with {@link layer}; implement it yourself to use another breaker.
 *
 * @category services
 * @since 0.1.0
 */
export class Breaker extends Context.Service<Breaker, {
  /** Sends a call through a circuit. */
  readonly execute: (circuit: string) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpen, R>
  /**
   * A permit for one call, which `Resilience` asks for together with its other parts. Leave it out of a breaker of your
   * own, which then gets every call by `execute`.
   */
  readonly permit?: ((circuit: string) => Permit) | undefined
  /** The state of a circuit, for a health page. */
  readonly state: (circuit: string) => Effect.Effect<CircuitBreaker.State>
  /** What this process opened and closed, for a log or a metric. */
  readonly transitions: Stream.Stream<CircuitBreaker.Transition>
}>()("@effect-venice/http/resilience/Breaker") {}

const tagOf = (failure: unknown): unknown => (failure as { readonly _tag?: unknown } | undefined)?._tag

const categoryOf = (failure: unknown): keyof Outcomes | "success" | "ignored" => {
  if (isVeniceError(failure)) return failure.category
  if (failure instanceof LockoutAhead || failure instanceof CircuitOpen || failure instanceof PaceExceeded) {
    return "ignored"
  }
  if (failure instanceof UnfinishedStream) return "Transport"
  if (failure instanceof UnexpectedBody) return "success"
  const kind = kindOf(failure) ?? Classification.of(failure)?.category
  if (kind !== undefined) return kind
  // A response that cannot be read is one. A request that cannot be sent says nothing.
  return isHttpClientError(failure) && failure.response !== undefined ? "success" : "ignored"
}

/**
 * What a failure means for a circuit, for a breaker of your own.
 *
 * **Details**
 *
 * A failed job is its reason. An error that is not Venice's counts by its `Classification`.
 *
 * @category reading
 * @since 0.1.0
 */
export const outcomeOf = (failure: unknown, table: Outcomes = outcomes): Outcome => {
  if (tagOf(failure) === "JobFailure") return outcomeOf((failure as { readonly reason?: unknown }).reason, table)
  const category = categoryOf(failure)
  return category === "success" || category === "ignored" ? category : table[category]
}

const hintOf = (failure: unknown): Duration.Duration | undefined =>
  isVeniceError(failure) ? failure.response.retryAfter : Classification.of(failure)?.hint

const classify = (table: Outcomes) => (exit: Exit.Exit<unknown, unknown>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const failure = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  switch (outcomeOf(failure, table)) {
    case "failure":
      return CircuitBreaker.failure({ retryAfter: hintOf(failure) })
    case "success":
      return CircuitBreaker.success
    case "ignored":
      return CircuitBreaker.ignored
  }
}

// The open times that follow each other. The last one repeats after a minute of them.
const defaultOpenDuration = Schedule.exponential("5 seconds").pipe(Schedule.upTo({ duration: "1 minute" }))

const rulesOf = ({
  longestHint = "1 minute",
  openDuration = defaultOpenDuration,
  outcomes: changed,
  tripPolicy
}: Settings): Rules => ({
  tripPolicy: tripPolicy ?? CircuitBreaker.consecutive(5),
  openDuration: Schedule.isSchedule(openDuration) ? openDuration : durationOf("openDuration", openDuration),
  longestHint: durationOf("longestHint", longestHint),
  classify: classify({ ...outcomes, ...changed })
})

const make = Effect.fnUntraced(function*(
  rules: Rules,
  store: CircuitBreaker.CircuitBreakerStore["Service"],
  reports: Reports | undefined
) {
  const transitions = yield* PubSub.sliding<Take.Take<CircuitBreaker.Transition>>(128)
  yield* Effect.addFinalizer(() => PubSub.end(transitions, Exit.void))
  const circuits = new Circuits(store, rules, transitions, reports)
  const permit = (circuit: string): Permit => new CircuitPermit(circuits, circuit)
  return Breaker.of({
    execute: (circuit) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        const asked = permit(circuit)
        return Effect.onExit(Effect.flatMap(asked.acquire, () => self), (exit) => asked.settle(exit))
      }),
    permit,
    state: (circuit) => Effect.orElseSucceed(store.state(circuit), () => ({ _tag: "Closed", key: circuit }) as const),
    transitions: Stream.fromPubSubTake(transitions)
  })
})

// Callers may name models that do not exist.
const idleTimeToLive = Duration.minutes(10)

const memory = CircuitBreaker.layerStoreMemory({ idleTimeToLive })

/**
 * Provides a breaker in memory. Provide it once, outside of all calls of the process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings: Settings = {}): Layer.Layer<Breaker> => {
  const rules = rulesOf(settings)
  return Layer.effect(
    Breaker,
    Effect.flatMap(
      Layer.build(Layer.fresh(memory)),
      (services) => make(rules, Context.get(services, CircuitBreaker.CircuitBreakerStore), undefined)
    )
  )
}

/**
 * Provides a breaker whose circuits the processes of a fleet share by Redis: what one finds out, all know.
 *
 * **Details**
 *
 * A call takes two round trips, one before the request, and one after its end for which nobody waits. `prefix` is what
 * the names in Redis begin with: `venice:circuit:` by default. Processes that share it must have the same settings.
 *
 * **Gotchas**
 *
 * While Redis is away, each process has circuits of its own, which begin closed. A store that does not respond holds a
 * call up for half a second; provide the `Redis` of `BoundedRedis`, with which it is shorter.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  { prefix = "venice:circuit:", ...settings }: Settings & { readonly prefix?: string | undefined } = {}
): Layer.Layer<Breaker, never, Redis.Redis> => {
  const rules = rulesOf(settings)
  return Layer.effect(
    Breaker,
    Effect.gen(function*() {
      const shared = yield* Layer.build(CircuitBreaker.layerStoreRedis({ prefix, idleTimeToLive }))
      const local = yield* Layer.build(Layer.fresh(memory))
      const Store = CircuitBreaker.CircuitBreakerStore
      const store = withMemory(Context.get(shared, Store), Context.get(local, Store))
      return yield* make(rules, store, yield* makeReports)
    })
  )
}

/**
 * Sends one attempt of a call through a circuit. Put it inside of `Effect.retry`, and the timeout of the attempt inside
 * of it.
 *
 * **Example** (Protecting a call and its retries)
 *
 * ```ts no-run
 * import { Retry } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Breaker } from "@effect-venice/http/resilience"
 * import { Effect, Schema } from "effect"
 *
 * const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }
 *
 * const program = Effect.flatMap(
 *   VeniceClient,
 *   (venice) => venice.execute("POST /chat/completions", { body, success: Schema.Unknown, timeout: "30 seconds" })
 * ).pipe(
 *   Breaker.protect(body.model),
 *   Effect.retry(Retry.standard)
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const protect =
  (circuit: string) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | CircuitOpen, R | Breaker> =>
    Effect.flatMap(Breaker, (breaker) => breaker.execute(circuit)(self))

/**
 * {@link protect} for a stream. What counts is whether it begins: its later failures say little about the next call.
 *
 * @category combinators
 * @since 0.1.0
 */
export const protectStream =
  (circuit: string) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E | CircuitOpen, R | Breaker> =>
    Stream.unwrap(
      Effect.map(
        protect(circuit)(Stream.peel(self, Sink.head<A>())),
        ([first, rest]) => Option.isSome(first) ? Stream.concat(Stream.succeed(first.value), rest) : rest
      )
    )
