/**
 * A guard that keeps Venice from locking a key out.
 *
 * Venice counts the failed requests of an API key, a model and a `user` together. After 50 within 30 seconds it refuses
 * every request of the three for 30 seconds. The guard counts what Venice counts (`FailureBudget`). When few failures
 * are left, it stops retries first, and then fails every call at once with `Failure.LockoutAhead`, so that one client
 * with a mistake does not take the key from all others.
 *
 * **When to use**
 *
 * Around every attempt, inside of `Effect.retry`: {@link protect} for a call of `VeniceClient`, {@link protectStream}
 * for a stream, {@link run} for any other client. Provide {@link layer} once.
 *
 * **Details**
 *
 * - What is left is the lower of two counts: Venice's, from the headers of the latest responses, which knows the failures
 *   of all processes; and the guard's own, in a sliding window. In no window do more counted failures pass than
 *   `limit - spare`.
 * - A call in flight may fail, so it takes one of the failures that are left until its response is there. When all are
 *   taken, further calls wait for their turn, at most `longestWait`.
 * - After a lockout by Venice, every call of the three fails until it is over.
 * - A key is kept as a hash.
 *
 * **Gotchas**
 *
 * - So at most `limit - spare` calls of a key, a model and a `user` are in flight at the same time: 45. Name the `user`s
 *   in your requests if you need more.
 * - A call that was interrupted or lost its connection is not counted, although Venice may have. The next headers tell.
 * - Venice gives a wallet one budget for its IP address; the guard keeps it for calls without a `key`.
 *
 * **Example** (Failing before Venice locks the key out)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { LockoutGuard } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * // Stands for a call of `VeniceClient` with a wrong model.
 * const call = Effect.fail(new Errors.ModelNotFound({ response: { status: 404 } })).pipe(
 *   LockoutGuard.protect({ model: "lama" })
 * )
 *
 * const program = Effect.gen(function*() {
 *   for (let i = 0; i < 45; i++) yield* Effect.flip(call)
 *   return yield* Effect.flip(call)
 * })
 *
 * const error = await Effect.runPromise(Effect.provide(program, LockoutGuard.layer()))
 * error._tag // => "LOCKOUT_AHEAD"
 * ```
 *
 * @since 0.1.0
 */
import * as FailureBudget from "@effect-venice/core/FailureBudget"
import { rateLimit } from "@effect-venice/core/ResponseHeaders"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { LockoutAhead } from "../Failure.ts"
import { count } from "../internal/metrics.ts"
import { makeCollected } from "../internal/resilience/collected.ts"
import {
  type Answer,
  type Call,
  type Checked,
  FailureBudgets,
  LocalTicket,
  nameOf,
  type Ticket
} from "../internal/resilience/failureBudgets.ts"
import { answerOfExit } from "../internal/resilience/guardAnswer.ts"
import { keyNameOf } from "../internal/resilience/keyName.ts"
import { makeReports } from "../internal/resilience/reports.ts"
import { countOf, millisOf, positiveMillisOf } from "../internal/resilience/settings.ts"
import { instanceName, SharedBudgets, sharedName, SharedTicket } from "../internal/resilience/sharedBudgets.ts"
import { Collector } from "../internal/responseMetadata.ts"

export type { Answer, Call, Ticket } from "../internal/resilience/failureBudgets.ts"
export { answerOfFailure as answerOf } from "../internal/resilience/guardAnswer.ts"

/**
 * The service of the guard. Provide it with {@link layer}; implement it yourself to keep the counts elsewhere.
 *
 * @category services
 * @since 0.1.0
 */
export class LockoutGuard extends Context.Service<LockoutGuard, {
  /** A ticket for one attempt. */
  readonly ticket: (call: Call) => Ticket
  /** How many failures are left, for a metric or a health page. Calls in flight are not subtracted. */
  readonly remaining: (call: Call) => Effect.Effect<number>
}>()("@effect-venice/http/resilience/LockoutGuard") {}

/**
 * The settings of a guard; an argument of {@link layer} and {@link make}, which refuse a value that makes no sense with
 * a `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** The failures that Venice allows in the window: 50 by default. */
  readonly limit?: number | undefined
  /** The window: 30 seconds by default. */
  readonly window?: Duration.Input | undefined
  /** The failures that the guard leaves unused: a tenth of the limit by default. At 0, Venice may lock the key out. */
  readonly spare?: number | undefined
  /** The failures that are left when the guard stops retries: three tenths of the limit by default. */
  readonly spareOfRetries?: number | undefined
  /** How long a call waits for calls in flight: the window by default. */
  readonly longestWait?: Duration.Input | undefined
}

const check = (settings: Settings): Checked => {
  const limit = countOf("limit", settings.limit ?? FailureBudget.limit, 1)
  const window = settings.window ?? FailureBudget.window
  const spare = countOf("spare", settings.spare ?? Math.floor(limit / 10), 0, limit - 1)
  const spareOfRetries = settings.spareOfRetries ?? Math.max(spare, Math.floor((limit * 3) / 10))
  return {
    limit,
    window: Math.ceil(positiveMillisOf("window", window)),
    spare,
    spareOfRetries: countOf("spareOfRetries", spareOfRetries, spare, limit),
    longestWait: millisOf("longestWait", settings.longestWait ?? window)
  }
}

/**
 * Makes a guard in memory, for a program that provides the service itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (settings: Settings = {}): Effect.Effect<LockoutGuard["Service"]> => {
  const checked = check(settings)
  return Effect.sync(() => {
    const budgets = new FailureBudgets(checked)
    return LockoutGuard.of({
      ticket: (call) => new LocalTicket(budgets, call),
      remaining: (call) =>
        Effect.zipWith(
          Clock.currentTimeMillis,
          keyNameOf(call.key),
          (now, key) => budgets.get(key, call, now).log.left(now)
        )
    })
  })
}

/**
 * Provides a guard in memory. Provide it once, outside of all calls of the process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings?: Settings): Layer.Layer<LockoutGuard> => Layer.effect(LockoutGuard, make(settings))

/**
 * The settings of {@link layerRedis}, in addition to those of every guard.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedisSettings extends Settings {
  /** What the names in Redis begin with: `venice:failures:` by default. */
  readonly prefix?: string | undefined
  /** After which time a call in flight is taken for one of a process that has ended: one minute by default. */
  readonly lease?: Duration.Input | undefined
  /** How many processes use the same keys, at most: 4 by default. While Redis is away, each takes this part of a budget. */
  readonly processes?: number | undefined
}

/**
 * Provides a guard whose counts the processes of a fleet share by Redis.
 *
 * **Details**
 *
 * A call that this process would not send asks nobody. Every other one takes two round trips, one before the request,
 * and one after the response for which nobody waits. One script decides, by the clock of Redis. Keys, models and users
 * are in Redis as a hash.
 *
 * **Gotchas**
 *
 * While Redis is away, each process takes its part of the budget, `(limit - spare) / processes`, and of what Venice says is
 * left. So it also has fewer calls in flight: 11 by default. Provide the `Redis` of `BoundedRedis`, so that no call waits
 * for it. A call that takes longer than the lease is in flight for its own process
 * only. The waiting of different processes have no order.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (settings: RedisSettings = {}): Layer.Layer<LockoutGuard, never, Redis.Redis> => {
  const checked = check(settings)
  const lease = Math.ceil(positiveMillisOf("lease", settings.lease ?? "1 minute"))
  const prefix = settings.prefix ?? "venice:failures:"
  const most = checked.limit - checked.spare
  const processes = countOf("processes", settings.processes ?? Math.min(4, most), 1, most)
  return Layer.effect(
    LockoutGuard,
    Effect.gen(function*() {
      const redis = yield* Redis.Redis
      const local = new FailureBudgets(checked)
      const reports = yield* makeReports
      const shared = new SharedBudgets(local, redis, reports, yield* instanceName, prefix, lease, processes)
      return LockoutGuard.of({
        ticket: (call) => new SharedTicket(shared, new LocalTicket(local, call), call),
        remaining: (call) =>
          Effect.gen(function*() {
            const key = yield* keyNameOf(call.key)
            const name = yield* sharedName(nameOf(key, call))
            const left = local.get(key, call, yield* Clock.currentTimeMillis).log.left(yield* Clock.currentTimeMillis)
            return Math.min(left, yield* Effect.orElseSucceed(shared.look(name), () => left))
          })
      })
    })
  )
}

/**
 * Reads model and `user` from the body of a request, for {@link protect}. A form has none: Venice counts all forms of a
 * key together.
 *
 * **Example** (Reading a body)
 *
 * ```ts
 * import { LockoutGuard } from "@effect-venice/http/resilience"
 *
 * LockoutGuard.callOf({ model: "llama-3.3-70b", user: "u-1", messages: [] }) // => { model: "llama-3.3-70b", user: "u-1" }
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const callOf = (body: unknown, key?: Redacted.Redacted): Call => ({
  ...(key !== undefined && { key }),
  ...textOf(body, "model"),
  ...textOf(body, "user")
})

const textOf = (body: unknown, name: "model" | "user"): { readonly [name: string]: string } => {
  const value = Predicate.hasProperty(body, name) ? body[name] : undefined
  return typeof value === "string" ? { [name]: value } : {}
}

/**
 * What the headers of a success say about the failure budget, for {@link run}. `now` is in epoch milliseconds.
 *
 * @category reading
 * @since 0.1.0
 */
export const answerOfHeaders = (headers: Headers.Headers, now: number): Answer => ({
  counted: false,
  budget: rateLimit(headers, now)?.failures
})

const acquire = (ticket: Ticket, { operation }: Call) =>
  Effect.tapError(ticket.acquire, (failure) => count(failure, operation))

/**
 * Sends one attempt of a client of any kind under the guard. `answerOf` reads what the exit of the attempt says of the
 * failure budget.
 *
 * **When to use**
 *
 * For a client that is not `VeniceClient`, such as a `fetch`. {@link protect} is this function for the others.
 *
 * @category combinators
 * @since 0.1.0
 */
export const run =
  <A, E>(call: Call, answerOf: (exit: Exit.Exit<A, E>) => Answer | undefined) =>
  <R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | LockoutAhead, R | LockoutGuard> =>
    Effect.flatMap(LockoutGuard, (guard) => {
      const ticket = guard.ticket(call)
      let isSent = false
      const sent = Effect.flatMap(acquire(ticket, call), () => {
        isSent = true
        return self
      })
      return Effect.onExit(sent, (exit) => {
        try {
          return ticket.settle(isSent ? answerOf(exit as Exit.Exit<A, E>) : undefined)
        } catch (defect) {
          return Effect.andThen(ticket.settle(), Effect.die(defect))
        }
      })
    })

/**
 * Sends one attempt of a call under the guard. Put it inside of `Effect.retry`, so that the guard sees every attempt.
 *
 * **Example** (Protecting a call and its retries)
 *
 * ```ts no-run
 * import { Retry } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { LockoutGuard } from "@effect-venice/http/resilience"
 * import { Effect, Schema } from "effect"
 *
 * const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }
 *
 * const program = Effect.flatMap(
 *   VeniceClient,
 *   (venice) => venice.execute("POST /chat/completions", { body, success: Schema.Unknown })
 * ).pipe(
 *   LockoutGuard.protect(LockoutGuard.callOf(body)),
 *   Effect.retry(Retry.standard)
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const protect =
  (call: Call) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | LockoutAhead, R | LockoutGuard> =>
    Effect.withFiber((fiber) => {
      const collected = makeCollected(fiber)
      const collecting = Effect.provideService(self, Collector, collected)
      return run<A, E>(call, (exit) => answerOfExit(exit, collected.latest))(collecting)
    })

/**
 * {@link protect} for a stream of `VeniceClient`, which is in flight until its first event.
 *
 * @category combinators
 * @since 0.1.0
 */
export const protectStream =
  (call: Call) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E | LockoutAhead, R | LockoutGuard> =>
    Stream.unwrap(Effect.gen(function*() {
      const ticket = (yield* LockoutGuard).ticket(call)
      const collected = yield* Effect.withFiber((fiber) => Effect.succeed(makeCollected(fiber)))
      yield* Effect.addFinalizer((exit) => ticket.settle(answerOfExit(exit, collected.latest)))
      yield* acquire(ticket, call)
      return self.pipe(
        Stream.provideService(Collector, collected),
        Stream.onFirst(() => ticket.settle(answerOfExit(Exit.void, collected.latest)))
      )
    }))
