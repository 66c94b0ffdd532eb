/**
 * All parts of `resilience` around a call, in the right order.
 *
 * A call goes through, outermost first: its span, its deadline, the retries of a policy with their budget, and then each
 * attempt through `LockoutGuard`, `Breaker`, `Pacing` and its timeout. Fallbacks stand around it, see
 * `docs/resilience.md` for what each part sees, counts and holds back.
 *
 * **When to use**
 *
 * {@link execute} and {@link stream} for a call of `VeniceClient`, {@link protect} and {@link protectStream} for any
 * other one. Provide {@link layer} once, or {@link layerRedis} in a fleet.
 *
 * **Details**
 *
 * - A setting of a call goes before that of the layer: `policy`, `deadline`, `timeout`.
 * - The deadline bounds everything: the wait for a turn, the delays of the policy, and the attempt in flight, which then
 *   fails as by its timeout. A deadline around the call bounds it too.
 * - A stream is retried before its first event only. So the deadline and the timeout are those of the first event.
 * - A part that a layer leaves out costs nothing.
 *
 * **Example** (Calling a model that is busy at first)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Resilience } from "@effect-venice/http/resilience"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const Embeddings = Schema.Struct({ data: Schema.Array(Schema.Unknown) })
 * const body = { model: "text-embedding-bge-m3", input: "Venice" }
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   yield* emulator.reply(new Errors.ModelOverloaded())
 *   const { data } = yield* Resilience.execute("POST /embeddings", { body, success: Embeddings, deadline: "1 minute" })
 *   return data.length
 * }).pipe(
 *   Effect.provide([Layer.provideMerge(Emulator.layerClient, Emulator.layer), Resilience.layer()])
 * )
 *
 * await Effect.runPromise(program) // => 1
 * ```
 *
 * @since 0.1.0
 */
import type * as Operation from "@effect-venice/core/Operation"
import * as Retry from "@effect-venice/core/Retry"
import * as RetryBudget from "@effect-venice/core/RetryBudget"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Redis } from "effect/persistence/Redis"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CircuitOpen, LockoutAhead, PaceExceeded, UnexpectedBody, UnfinishedStream } from "../Failure.ts"
import { joinCall, joinStream } from "../internal/callSpan.ts"
import { durationOf } from "../internal/duration.ts"
import { nameOf } from "../internal/operationRequest.ts"
import * as Attempt from "../internal/resilience/attempt.ts"
import { batched } from "../internal/resilience/batch.ts"
import { type ExecuteFailure, type RequestFailure, type RequestOptions, VeniceClient } from "../VeniceClient.ts"
import * as Balance from "./Balance.ts"
import * as Breaker from "./Breaker.ts"
import * as LockoutGuard from "./LockoutGuard.ts"
import * as Pacing from "./Pacing.ts"

/**
 * What a call has in common with all others, unless it says otherwise: settings of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Defaults {
  /** When an attempt is repeated: `Retry.standard` by default, `Retry.never` for no retries. */
  readonly policy?: Retry.Policy | undefined
  /** How long the call may take with all its retries, for a stream until its first event. No limit by default. */
  readonly deadline?: Duration.Input | undefined
  /** How long one attempt may take, for a stream until its first event. No limit by default. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * The parts that stand around the attempts of a call. One that is absent is left out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parts {
  readonly guard?: LockoutGuard.LockoutGuard["Service"] | undefined
  readonly breaker?: Breaker.Breaker["Service"] | undefined
  readonly pacing?: Pacing.Pacing["Service"] | undefined
  readonly retryBudget?: RetryBudget.RetryBudget["Service"] | undefined
  readonly balance?: Balance.Balance["Service"] | undefined
}

/**
 * The parts of this process, and what all calls have in common. Provide it with {@link layer}, {@link layerRedis} or
 * {@link layerParts}; read it for a health page.
 *
 * @category services
 * @since 0.1.0
 */
export class Resilience extends Context.Service<Resilience, Parts & Defaults>()(
  "@effect-venice/http/resilience/Resilience"
) {}

/**
 * The failures of a call that a part did not send. Nothing was sent, so that a fallback can go on at once.
 *
 * @category models
 * @since 0.1.0
 */
export type Unsent = LockoutAhead | CircuitOpen | PaceExceeded

/**
 * The settings of each part; an argument of {@link layer}. `false` leaves a part out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings extends Defaults {
  readonly guard?: LockoutGuard.Settings | false | undefined
  readonly breaker?: Breaker.Settings | false | undefined
  readonly pacing?: Pacing.Settings | false | undefined
  readonly retryBudget?: RetryBudget.Settings | false | undefined
  /** Left out by default. `{}` records the balance in a gauge. */
  readonly balance?: Balance.Settings | false | undefined
}

/**
 * The settings of {@link layerRedis}.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedisSettings extends Settings {
  readonly guard?: LockoutGuard.RedisSettings | false | undefined
}

const check = ({ deadline, timeout }: Defaults): void => {
  if (deadline !== undefined) durationOf("deadline", deadline)
  if (timeout !== undefined) durationOf("timeout", timeout)
}

const partOf = <I, S, E, R>(
  tag: Context.Key<I, S>,
  layer: Layer.Layer<I, E, R> | false
): Effect.Effect<S | undefined, E, R | Scope.Scope> =>
  layer === false
    ? Effect.succeed(undefined)
    : Effect.map(Layer.build(layer), (services) => Context.get(services, tag))

const partsOf = <R>(
  settings: Settings,
  guard: Layer.Layer<LockoutGuard.LockoutGuard, never, R> | false,
  breaker: Layer.Layer<Breaker.Breaker, never, R> | false,
  pacing: Layer.Layer<Pacing.Pacing, never, R> | false
): Layer.Layer<Resilience, never, R> => {
  check(settings)
  const { balance = false, deadline, policy, retryBudget, timeout } = settings
  const watched = balance !== false && Balance.layer(balance)
  const budget = retryBudget === false ? false : RetryBudget.layer(retryBudget)
  return Layer.effect(
    Resilience,
    Effect.gen(function*() {
      return Resilience.of({
        guard: yield* partOf(LockoutGuard.LockoutGuard, guard),
        breaker: yield* partOf(Breaker.Breaker, breaker),
        pacing: yield* partOf(Pacing.Pacing, pacing),
        retryBudget: yield* partOf(RetryBudget.RetryBudget, budget),
        balance: yield* partOf(Balance.Balance, watched),
        policy,
        deadline,
        timeout
      })
    })
  )
}

/**
 * Provides all parts in memory. Provide it once, outside of all calls of the process. Refuses a setting that makes no
 * sense with a `RangeError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings: Settings = {}): Layer.Layer<Resilience> => {
  const { breaker, guard, pacing } = settings
  return partsOf(
    settings,
    guard !== false && LockoutGuard.layer(guard),
    breaker !== false && Breaker.layer(breaker),
    pacing !== false && Pacing.layer(pacing)
  )
}

/**
 * Provides all parts, with state that the processes of a fleet share by Redis. Provide the `Redis` of `BoundedRedis`, so
 * that no call waits for it. The budget of retries is that of the process.
 *
 * **Details**
 *
 * An attempt takes two round trips for all parts together, each of one script: one before the request, and one after its
 * end, for which nobody waits. Attempts of the same moment share them. More are needed when a part holds the attempt
 * back: then what the others gave is given back, and they are asked again, one after another. The first call of a key,
 * a model and a `user` may need one more. The end of the layer waits up to half a second for what was told last.
 *
 * **Gotchas**
 *
 * One script has the keys of all parts. On a cluster that has them on different nodes, each part asks for itself, at the
 * same time as the others.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (settings: RedisSettings = {}): Layer.Layer<Resilience, never, Redis> => {
  const { breaker, guard, pacing } = settings
  const parts = partsOf<Redis>(
    settings,
    guard !== false && LockoutGuard.layerRedis(guard),
    breaker !== false && Breaker.layerRedis(breaker),
    pacing !== false && Pacing.layerRedis(pacing)
  )
  return Layer.provide(parts, Layer.effect(Redis, Effect.map(Redis, batched)))
}

/**
 * Assembles the parts that are in the context, to replace one by another implementation or to share one with calls of
 * other clients. A part that is not in the context is left out.
 *
 * **Example** (Replacing the breaker, without pacing)
 *
 * ```ts
 * import { Breaker, LockoutGuard, Resilience } from "@effect-venice/http/resilience"
 * import { Effect, Layer, Stream } from "effect"
 *
 * const neverOpen = Breaker.Breaker.of({
 *   execute: () => (call) => call,
 *   state: (key) => Effect.succeed({ _tag: "Closed", key }),
 *   transitions: Stream.empty
 * })
 *
 * const ResilienceLive = Resilience.layerParts({ timeout: "30 seconds" }).pipe(
 *   Layer.provide([LockoutGuard.layer(), Layer.succeed(Breaker.Breaker, neverOpen)])
 * )
 *
 * const pacing = Effect.map(Resilience.Resilience, (parts) => parts.pacing)
 * await Effect.runPromise(Effect.provide(pacing, ResilienceLive)) // => undefined
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerParts = (defaults: Defaults = {}): Layer.Layer<Resilience> => {
  check(defaults)
  return Layer.effect(
    Resilience,
    Effect.gen(function*() {
      return Resilience.of({
        ...defaults,
        guard: Option.getOrUndefined(yield* Effect.serviceOption(LockoutGuard.LockoutGuard)),
        breaker: Option.getOrUndefined(yield* Effect.serviceOption(Breaker.Breaker)),
        pacing: Option.getOrUndefined(yield* Effect.serviceOption(Pacing.Pacing)),
        retryBudget: Option.getOrUndefined(yield* Effect.serviceOption(RetryBudget.RetryBudget)),
        balance: Option.getOrUndefined(yield* Effect.serviceOption(Balance.Balance))
      })
    })
  )
}

/**
 * What the parts read of one call, and its own policy, deadline and timeout: the options of {@link protect}.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallOptions extends Defaults {
  /** The body of the request: its model and `user` name the budgets, its length is the estimate of the tokens. */
  readonly body?: unknown
  /** The API key, if the process has several. */
  readonly key?: Redacted.Redacted | undefined
  /** The name of the circuit: the model, or the operation without one, by default. */
  readonly circuit?: string | undefined
}

type Service = Resilience["Service"]

const attemptOf = (service: Service, operation: string, options: CallOptions): Attempt.Call => {
  const timeout = options.timeout ?? service.timeout
  const guardCall = LockoutGuard.callOf(options.body, options.key)
  return {
    operation,
    guard: guardCall,
    pacing: service.pacing === undefined ? guardCall : Pacing.callOf(options.body, options.key),
    circuit: options.circuit ?? guardCall.model ?? operation,
    timeout: timeout === undefined ? undefined : Duration.toMillis(durationOf("timeout", timeout))
  }
}

const partsAround = ({ balance, breaker, guard, pacing }: Service): Attempt.Parts => ({
  balance,
  breaker,
  guard,
  pacing
})

/** Repeats the attempts within the deadline. */
const retried = <A, E, R>(
  attempt: Effect.Effect<A, E, R>,
  service: Service,
  options: CallOptions
): Effect.Effect<A, E, R> => {
  const deadline = options.deadline ?? service.deadline
  const { retryBudget } = service
  const all: Effect.Effect<A, E, R> = Effect.retry(attempt, options.policy ?? service.policy ?? Retry.standard)
  const budgeted = retryBudget === undefined ? all : Effect.provideService(all, RetryBudget.RetryBudget, retryBudget)
  return deadline === undefined ? budgeted : Retry.withDeadline(budgeted, deadline)
}

/**
 * Sends a call of any client through all parts. The operation is Venice's name of it, which the span and the policy need.
 *
 * **Example** (Protecting a call)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Resilience } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * let attempts = 0
 * // Stands for a call of a client of your own.
 * const call = Effect.suspend(() =>
 *   attempts++ === 0 ? Effect.fail(new Errors.InferenceFailed({ response: { status: 500 } })) : Effect.succeed("answered")
 * )
 *
 * const program = call.pipe(
 *   Resilience.protect("POST /embeddings", { body: { model: "m", input: "Venice" }, timeout: "30 seconds" }),
 *   Effect.provide(Resilience.layer())
 * )
 *
 * await Effect.runPromise(program) // => "answered"
 * attempts // => 2
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const protect =
  (operation: string, options: CallOptions = {}) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | Unsent | HttpClientError, R | Resilience> =>
    Effect.flatMap(Resilience, (service) => {
      const attempt = Attempt.send(partsAround(service), attemptOf(service, operation, options))(self)
      return joinCall(operation, { body: options.body })(retried(attempt, service, options))
    })

/**
 * {@link protect} for a stream. What fails before the first event is retried, nothing after it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const protectStream =
  (operation: string, options: CallOptions = {}) =>
  <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E | Unsent | HttpClientError, R | Resilience> =>
    joinStream(operation, { body: options.body })(
      Stream.unwrap(Effect.flatMap(Resilience, (service) => {
        const attempt = Attempt.begin(partsAround(service), attemptOf(service, operation, options))(self)
        return retried(attempt, service, options)
      }))
    )

/** The timeout is that of the attempt, so the client needs none. */
const withoutTimeout = <Options extends Defaults>(options: Options): Options => ({ ...options, timeout: undefined })

/**
 * `VeniceClient.execute` through all parts: one line for one call.
 *
 * @category calling
 * @since 0.1.0
 */
export const execute = <const Op extends Operation.Name, S extends Schema.Constraint>(
  operation: Operation.Checked<Op>,
  options: RequestOptions<Op> & CallOptions & { readonly success: S }
): Effect.Effect<S["Type"], ExecuteFailure<Op> | Unsent, S["DecodingServices"] | VeniceClient | Resilience> =>
  Effect.flatMap(
    VeniceClient,
    (venice) => protect(nameOf(operation), options)(venice.execute<Op, S>(operation, withoutTimeout(options)))
  )

/**
 * `VeniceClient.stream` through all parts: one line for one stream.
 *
 * @category calling
 * @since 0.1.0
 */
export const stream = <const Op extends Operation.Name, S extends Schema.Constraint>(
  operation: Operation.Checked<Op>,
  options: RequestOptions<Op> & CallOptions & { readonly event: S }
): Stream.Stream<
  S["Type"],
  RequestFailure<Op> | UnexpectedBody | UnfinishedStream | Unsent,
  S["DecodingServices"] | VeniceClient | Resilience
> =>
  Stream.unwrap(
    Effect.map(VeniceClient, (venice) =>
      protectStream(nameOf(operation), options)(venice.stream<Op, S>(operation, withoutTimeout(options))))
  )
