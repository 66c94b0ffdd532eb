/**
 * A `Redis` that holds no call up: every command has a time limit, and the layer never fails.
 *
 * It wraps the layer of a driver, such as `NodeRedis`. The connection is made with the first command. A command that has
 * no response within the time limit fails with `RedisError`. Then Redis counts as away: commands fail at once, and a ping
 * in the background tells when it is back. So Redis delays a call once, whether it is killed, frozen, slow or not there.
 *
 * **When to use**
 *
 * Under the parts of `resilience` that share their state by Redis, and under Effect's own `RateLimiter` and
 * `CircuitBreaker`. The parts go on with the counts of their process while Redis is away; in code of your own catch
 * `RedisError`.
 *
 * **Details**
 *
 * An error that Redis responds with, such as `WRONGTYPE`, fails the command and nothing else. A connection that refuses
 * commands for 10 seconds is replaced. `reserve` is bounded until it has a connection, and its commands are not, because
 * they may block.
 *
 * **Gotchas**
 *
 * - Switch the queue of the driver off: `disableOfflineQueue: true` of node-redis. A command that waits in it runs when
 *   Redis is back, and counts at the wrong time.
 * - A command that was sent before Redis froze runs when it thaws, although its caller has gone on.
 *
 * **Example** (Bounding the driver for Node)
 *
 * ```ts no-run
 * import { BoundedRedis } from "@effect-venice/http/resilience"
 * import { NodeRedis } from "@effect/platform-node"
 *
 * const RedisLive = BoundedRedis.layer(
 *   NodeRedis.layer({ url: "redis://localhost:6379", disableOfflineQueue: true })
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Redact from "@effect-venice/core/Redact"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { Redis, RedisError } from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import { makeSeries } from "../internal/metrics.ts"
import { makeConnector, patience } from "../internal/resilience/redisConnection.ts"
import { positiveMillisOf } from "../internal/resilience/settings.ts"

/**
 * The settings of {@link layer}, which refuses a duration that makes no sense with a `RangeError`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** How long a command may take: 300 milliseconds by default. The first one includes the connection. */
  readonly timeout?: Duration.Input | undefined
  /** How often Redis is pinged while it is away: every second by default. */
  readonly pingEvery?: Duration.Input | undefined
}

/**
 * The counter `venice.client.redis.failures`, of commands without a response, to read in a test or on a health page of
 * your own. What was counted in memory meanwhile is not shared.
 *
 * **Details**
 *
 * Attribute: `error.type` (`timeout`; `connection`; `away` for a command that was not sent because Redis is away).
 *
 * @category metrics
 * @since 0.1.0
 */
export const failures: Metric.Counter<number> = Metric.counter("venice.client.redis.failures", {
  description: "Commands that Redis did not respond to, by reason",
  incremental: true,
  attributes: { unit: "{command}" }
})

const series = makeSeries(failures, "error.type")

type Reason = "timeout" | "connection" | "away"

const away = () => new RedisError({ cause: new Error("Redis is away, and a ping has not reached it yet") })

const messageOf = ({ cause }: RedisError): string => cause instanceof Error ? cause.message : String(cause)

// `ERR unknown command`, `WRONGTYPE Operation …`: Redis begins an error with a code. Node's codes stand after a verb.
const isAnswer = (error: RedisError): boolean => /^(?!E(?!RR |XEC))[A-Z][A-Z\d]+ /.test(messageOf(error))

const make = Effect.fnUntraced(function*<E, R>(
  layer: Layer.Layer<Redis, E, R>,
  timeout: Duration.Duration,
  pingEvery: Duration.Duration
) {
  const scope = yield* Effect.scope
  const connector = yield* makeConnector(layer, yield* Effect.context<R>(), timeout)
  let isAway = false

  const expire = Effect.suspend(() =>
    Effect.fail(
      new RedisError({ cause: new Cause.TimeoutError(`Redis did not respond within ${Duration.format(timeout)}`) })
    )
  )

  // The race makes the command interruptible, also in an uninterruptible region.
  const bounded = <A, R>(command: (redis: Redis["Service"]) => Effect.Effect<A, RedisError, R>) =>
    Effect.timeoutOrElse(Effect.flatMap(connector.get, command), { duration: timeout, orElse: () => expire })

  const isTimeout = (error: RedisError): boolean => Cause.isTimeoutError(error.cause)

  const ping = Effect.result(bounded((redis) => redis.send("PING")))

  /** Pings until there is a response. Replaces a connection that refuses pings for too long. */
  const waitForReturn = Effect.gen(function*() {
    let refusing: number | undefined
    while (isAway) {
      yield* Effect.sleep(pingEvery)
      const result = yield* ping
      if (result._tag === "Success" || isAnswer(result.failure)) {
        isAway = false
      } else if (isTimeout(result.failure)) {
        refusing = undefined
      } else {
        const now = yield* Clock.currentTimeMillis
        refusing ??= now
        if (now - refusing < Duration.toMillis(patience)) continue
        refusing = undefined
        yield* connector.drop
      }
    }
    yield* Effect.logInfo("Redis is back")
  })

  const leave = (error: RedisError) =>
    Effect.suspend(() => {
      if (isAway) return Effect.void
      isAway = true
      return Effect.logWarning("Redis is away, so that what it shares is counted by each process").pipe(
        Effect.annotateLogs("cause", Redact.printable(String(Redact.json(messageOf(error))))),
        Effect.andThen(Effect.forkIn(waitForReturn, scope))
      )
    })

  const count = (reason: Reason) => Metric.update(series(reason), 1)

  const run = <A, R>(
    command: (redis: Redis["Service"]) => Effect.Effect<A, RedisError, R>
  ): Effect.Effect<A, RedisError, R> =>
    Effect.suspend(() =>
      isAway
        ? Effect.andThen(count("away"), Effect.fail(away()))
        : Effect.tapError(bounded(command), (error) =>
          isAnswer(error)
            ? Effect.void
            : Effect.andThen(count(isTimeout(error) ? "timeout" : "connection"), leave(error)))
    )

  return Redis.of({
    send: (command, ...args) => run((redis) => redis.send(command, ...args)),
    eval: (script) => (...params) => run((redis) => redis.eval(script)(...params)),
    reserve: run((redis) => redis.reserve),
    subscribe: (channel) =>
      Effect.matchEffect(run((redis) => Effect.succeed(redis)), {
        onSuccess: (redis) => redis.subscribe(channel),
        onFailure: (error) => Effect.tap(Queue.unbounded<never, RedisError>(), (queue) => Queue.fail(queue, error))
      })
  })
})

/**
 * Bounds the `Redis` of a driver's layer. It fails with nothing: a driver that cannot connect is tried again.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E, R>(
  driver: Layer.Layer<Redis, E, R>,
  settings: Settings = {}
): Layer.Layer<Redis, never, R> => {
  const timeout = Duration.millis(positiveMillisOf("timeout", settings.timeout ?? "300 millis"))
  const pingEvery = Duration.millis(positiveMillisOf("pingEvery", settings.pingEvery ?? "1 second"))
  return Layer.effect(Redis, make(driver, timeout, pingEvery))
}
