/**
 * Pacing: calls wait for their turn instead of being refused by Venice.
 *
 * Venice limits the requests and the tokens of a minute, for each API key and model. Pacing counts both, and sends a call
 * when both have room. It learns the limits, and what others use of them, from the headers of the responses. A 429 for
 * one call pauses all others of the model.
 *
 * **When to use**
 *
 * Innermost around every attempt, so that only what is sent takes a place: {@link pace} for a call of `VeniceClient`,
 * {@link paceStream} for a stream, {@link run} for any other client. Provide {@link layer} once.
 *
 * **Details**
 *
 * - The window slides: in no minute more is sent than the limit, by the clock of the process.
 * - A call takes an estimate of its tokens, which the usage in its response corrects.
 * - First come, first served. Each key and model has a queue of its own, so that a busy model holds no other up.
 * - An interrupted call gives its place in the queue back.
 * - A call fails with `Failure.PaceExceeded` if the queue is full, or if its turn would come after `longestWait` or after
 *   the deadline of `Retry.withDeadline`.
 *
 * **Gotchas**
 *
 * The limit is an upper bound for a whole minute, not an even pace: all calls of a minute may be sent in its first
 * second.
 *
 * **Example** (Waiting for a turn)
 *
 * ```ts
 * import { Pacing } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * const call = Effect.succeed("answered").pipe(Pacing.pace({ model: "m" }))
 *
 * const program = Effect.all([call, call, call], { concurrency: 3 }).pipe(
 *   Effect.timed,
 *   Effect.map(([duration]) => String(duration) >= "100 millis"),
 *   // Two requests in 100 milliseconds.
 *   Effect.provide(Pacing.layer({ budgets: { requests: 2, tokens: 1000 }, window: "100 millis" }))
 * )
 *
 * await Effect.runPromise(program) // => true
 * ```
 *
 * @since 0.1.0
 */
import { rateLimit } from "@effect-venice/core/ResponseHeaders"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { PaceExceeded } from "../Failure.ts"
import { count } from "../internal/metrics.ts"
import { makeCollected } from "../internal/resilience/collected.ts"
import { keyNameOf } from "../internal/resilience/keyName.ts"
import { type Answer, type Call, type Checked, Lanes, LaneTurn, type Turn } from "../internal/resilience/lanes.ts"
import { answerOfExit, answerOfStream, unsent } from "../internal/resilience/paceAnswer.ts"
import { makeReports } from "../internal/resilience/reports.ts"
import { countOf, millisOf, positiveMillisOf } from "../internal/resilience/settings.ts"
import { instanceName } from "../internal/resilience/sharedBudgets.ts"
import { SharedLanes, SharedTurn } from "../internal/resilience/sharedLanes.ts"
import { estimate, usageOf } from "../internal/resilience/tokens.ts"
import { Collector } from "../internal/responseMetadata.ts"

export type { Answer, Call, Turn } from "../internal/resilience/lanes.ts"
export { answerOfFailure as answerOf } from "../internal/resilience/paceAnswer.ts"

/**
 * The limits of a window: the type of the values of {@link tiers}, and a setting of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budgets {
  readonly requests: number
  readonly tokens: number
}

/**
 * Venice's limits of a minute by the size of a text model, as of 2026-09-10, and those of the partner tier. Choose one
 * for {@link Settings}.
 *
 * @category constants
 * @since 0.1.0
 */
export const tiers = {
  XS: { requests: 500, tokens: 5_000_000 },
  S: { requests: 150, tokens: 3_000_000 },
  M: { requests: 100, tokens: 2_000_000 },
  L: { requests: 100, tokens: 2_000_000 },
  partnerXS: { requests: 500, tokens: 10_000_000 },
  partnerS: { requests: 300, tokens: 6_000_000 },
  partnerM: { requests: 200, tokens: 4_000_000 },
  partnerL: { requests: 150, tokens: 3_000_000 }
} as const satisfies Readonly<Record<string, Budgets>>

/**
 * The settings of pacing; an argument of {@link layer}, which refuses a value that makes no sense with a `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /**
   * The limits until the first response names them, for all models or by model: those of {@link tiers} `L` by default.
   */
  readonly budgets?: Budgets | ((model: string | undefined) => Budgets) | undefined
  /** The window of the limits: one minute by default. */
  readonly window?: Duration.Input | undefined
  /** How long a call waits for its turn: one minute by default. */
  readonly longestWait?: Duration.Input | undefined
  /** How many calls of a key and model wait: 1000 by default. */
  readonly longestQueue?: number | undefined
}

/**
 * The service of pacing. Provide it with {@link layer}; implement it yourself to use another limiter.
 *
 * @category services
 * @since 0.1.0
 */
export class Pacing extends Context.Service<Pacing, {
  /** A turn for one attempt. */
  readonly turn: (call: Call) => Turn
  /** How many calls of a key and model wait in this process, for a metric or a health page. */
  readonly waiting: (call: Call) => Effect.Effect<number>
}>()("@effect-venice/http/resilience/Pacing") {}

const checkBudgets = ({ requests, tokens }: Budgets): Budgets => ({
  requests: countOf("budgets.requests", requests, 1),
  tokens: countOf("budgets.tokens", tokens, 1)
})

const check = (settings: Settings): Checked => {
  const { budgets = tiers.L } = settings
  const fixed = typeof budgets === "function" ? undefined : checkBudgets(budgets)
  return {
    window: Math.ceil(positiveMillisOf("window", settings.window ?? "1 minute")),
    budgetsOf: (model) => fixed ?? checkBudgets((budgets as (model: string | undefined) => Budgets)(model)),
    longestWait: millisOf("longestWait", settings.longestWait ?? "1 minute"),
    longestQueue: countOf("longestQueue", settings.longestQueue ?? 1000, 0)
  }
}

const waitingIn = (lanes: Lanes) => ({ key, model }: Call) =>
  Effect.zipWith(
    Clock.currentTimeMillis,
    keyNameOf(key),
    (now, name) => lanes.get(name, model, now).queue.size
  )

/**
 * Provides pacing in memory. Provide it once, outside of all calls of the process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings: Settings = {}): Layer.Layer<Pacing> => {
  const checked = check(settings)
  return Layer.sync(Pacing, () => {
    const lanes = new Lanes(checked)
    return Pacing.of({ turn: (call) => new LaneTurn(lanes, call), waiting: waitingIn(lanes) })
  })
}

/**
 * Provides pacing whose counts the processes of a fleet share by Redis.
 *
 * **Details**
 *
 * A call takes two round trips, one before the request, and one after the response for which nobody waits. One script
 * decides, by the clock of Redis. Of a queue only the first call asks. Keys and models are in Redis as a hash.
 * `prefix` is what the names begin with: `venice:pace:` by default.
 *
 * **Gotchas**
 *
 * While Redis is away, each process has the limits for itself, lowered by what Venice says remains. Provide the `Redis`
 * of `BoundedRedis`, so that no call waits for it. The queues of different processes have no order.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  { prefix = "venice:pace:", ...settings }: Settings & { readonly prefix?: string | undefined } = {}
): Layer.Layer<Pacing, never, Redis.Redis> => {
  const checked = check(settings)
  return Layer.effect(
    Pacing,
    Effect.gen(function*() {
      const lanes = new Lanes(checked)
      const shared = new SharedLanes(lanes, yield* Redis.Redis, yield* makeReports, yield* instanceName, prefix)
      return Pacing.of({ turn: (call) => new SharedTurn(shared, call), waiting: waitingIn(lanes) })
    })
  )
}

/**
 * Reads the model from the body of a request, and estimates its tokens, for {@link pace}.
 *
 * **Details**
 *
 * A token is taken for four characters, an image for 1000 tokens, and the answer for as many as the body allows, or 1000.
 *
 * **Example** (Estimating tokens)
 *
 * ```ts
 * import { Pacing } from "@effect-venice/http/resilience"
 *
 * const body = { model: "m", messages: [{ role: "user", content: "0123456789" }], max_completion_tokens: 50 }
 *
 * Pacing.callOf(body) // => { model: "m", tokens: 54 }
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const callOf = (body: unknown, key?: Redacted.Redacted): Call => {
  const model = Predicate.hasProperty(body, "model") ? body.model : undefined
  const tokens = estimate(body)
  return {
    ...(key !== undefined && { key }),
    ...(typeof model === "string" && { model }),
    ...(tokens > 0 && { tokens })
  }
}

/**
 * What the headers of a success say of the pace, for {@link run}. `now` is in epoch milliseconds.
 *
 * @category reading
 * @since 0.1.0
 */
export const answerOfHeaders = (headers: Headers.Headers, now: number): Answer => ({
  rateLimit: rateLimit(headers, now)
})

const acquire = (turn: Turn, { operation }: Call) =>
  Effect.tapError(turn.acquire, (failure) => count(failure, operation))

/**
 * Sends one attempt of a client of any kind in its turn. `answerOf` reads what the exit of the attempt says of the pace.
 *
 * **When to use**
 *
 * For a client that is not `VeniceClient`, such as a `fetch`. {@link pace} is this function for the others.
 *
 * @category combinators
 * @since 0.1.0
 */
export const run =
  <A, E>(call: Call, answerOf: (exit: Exit.Exit<A, E>) => Answer) =>
  <R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | PaceExceeded, R | Pacing> =>
    Effect.flatMap(Pacing, (pacing) => {
      const turn = pacing.turn(call)
      let isSent = false
      const sent = Effect.flatMap(acquire(turn, call), () => {
        isSent = true
        return self
      })
      return Effect.onExit(sent, (exit) => {
        try {
          return turn.settle(isSent ? answerOf(exit as Exit.Exit<A, E>) : unsent)
        } catch (defect) {
          return Effect.andThen(turn.settle(), Effect.die(defect))
        }
      })
    })

/**
 * Sends one attempt of a call in its turn. Put it inside of `Effect.retry`, the breaker and the guard.
 *
 * **Example** (Pacing a call and its retries)
 *
 * ```ts no-run
 * import { Retry } from "@effect-venice/core"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Pacing } from "@effect-venice/http/resilience"
 * import { Effect, Schema } from "effect"
 *
 * const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }
 *
 * const program = Effect.flatMap(
 *   VeniceClient,
 *   (venice) => venice.execute("POST /chat/completions", { body, success: Schema.Unknown })
 * ).pipe(
 *   Pacing.pace(Pacing.callOf(body)),
 *   Effect.retry(Retry.standard)
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const pace =
  (call: Call) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | PaceExceeded, R | Pacing> =>
    Effect.withFiber((fiber) => {
      const collected = makeCollected(fiber)
      const collecting = Effect.provideService(self, Collector, collected)
      return run<A, E>(call, (exit) => answerOfExit(exit, collected.latest))(collecting)
    })

/**
 * {@link pace} for a stream of `VeniceClient`. The usage is that of its last event that has one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const paceStream =
  (call: Call) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E | PaceExceeded, R | Pacing> =>
    Stream.unwrap(Effect.gen(function*() {
      const turn = (yield* Pacing).turn(call)
      const collected = yield* Effect.withFiber((fiber) => Effect.succeed(makeCollected(fiber)))
      let isSent = false
      let tokens: number | undefined
      yield* Effect.addFinalizer((exit) => {
        if (!isSent) return turn.settle(unsent)
        return turn.settle(answerOfStream(exit, collected.latest, tokens))
      })
      yield* acquire(turn, call)
      isSent = true
      return self.pipe(
        Stream.provideService(Collector, collected),
        Stream.map((event) => {
          tokens = usageOf(event) ?? tokens
          return event
        })
      )
    }))
