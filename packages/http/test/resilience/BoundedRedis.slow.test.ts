/** A Redis that is killed, frozen, slow, restarted, or not there. */
import { BoundedRedis } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Schedule } from "effect"
import { CircuitBreaker, Redis } from "effect/persistence"
import { describeRedis, driver, makeServer, slowPort, startServer } from "./redisServer.ts"

const bounded = (port: number) =>
  Layer.provide(BoundedRedis.layer(driver(port), { pingEvery: "100 millis" }), Logger.layer([]))

const ping = Effect.flatMap(Redis.Redis, (redis) => redis.send<string>("PING"))

const increment = Effect.flatMap(
  Redis.Redis,
  (redis) =>
    redis.eval(
      Redis.script((key: string) => [key], { numberOfKeys: 1, lua: "return redis.call('INCR', KEYS[1])" })
        .withReturnType<number>()
    )("n")
)

const timed = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(Effect.result(self)), ([duration, result]) => ({
    tag: result._tag,
    millis: Duration.toMillis(duration)
  }))

/** The bound of a command, and what a busy machine adds. */
const bound = 300 + 1200

const atOnce = 200

const returns = Effect.retry(ping, { schedule: Schedule.spaced("50 millis"), times: 200 })

describeRedis("a bounded Redis", () => {
  it.live("passes commands and scripts on", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const results = yield* Effect.provide(Effect.all([returns, increment, increment]), bounded(server.port))

      assert.deepStrictEqual(results, ["PONG", 1, 2])
    }))

  it.live("fails commands within the bound when Redis is killed, and is back with it", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      yield* Effect.gen(function*() {
        yield* returns
        yield* increment
        yield* server.kill

        const first = yield* timed(ping)
        const second = yield* timed(ping)
        yield* server.start
        const back = yield* timed(returns)

        assert.strictEqual(first.tag, "Failure")
        assert.isBelow(first.millis, bound)
        assert.strictEqual(second.tag, "Failure")
        assert.isBelow(second.millis, atOnce)
        assert.strictEqual(back.tag, "Success")
        assert.isBelow(back.millis, 5000)
        // The new process does not know the script.
        assert.strictEqual(yield* increment, 1)
      }).pipe(Effect.provide(bounded(server.port)))
    }))

  it.live("fails commands within the bound when Redis is frozen, and is back when it thaws", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      yield* Effect.gen(function*() {
        yield* returns
        yield* server.freeze

        const first = yield* timed(ping)
        const second = yield* timed(ping)
        yield* server.thaw
        const back = yield* timed(returns)

        assert.strictEqual(first.tag, "Failure")
        assert.isBelow(first.millis, bound)
        assert.isAtLeast(first.millis, 290)
        assert.isBelow(second.millis, atOnce)
        assert.strictEqual(back.tag, "Success")
        assert.isBelow(back.millis, 2000)
      }).pipe(Effect.provide(bounded(server.port)))
    }))

  it.live("is built without a Redis, and connects when there is one", () =>
    Effect.gen(function*() {
      const server = yield* makeServer
      yield* Effect.gen(function*() {
        const first = yield* timed(ping)
        yield* server.start
        const back = yield* timed(returns)

        assert.strictEqual(first.tag, "Failure")
        assert.isBelow(first.millis, bound)
        assert.strictEqual(back.tag, "Success")
        assert.isBelow(back.millis, 2000)
      }).pipe(Effect.provide(bounded(server.port)))
    }))

  it.live("is built on a frozen Redis, and connects when it thaws", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      yield* server.freeze
      yield* Effect.gen(function*() {
        const first = yield* timed(ping)
        yield* server.thaw
        const back = yield* timed(returns)

        assert.strictEqual(first.tag, "Failure")
        assert.isBelow(first.millis, bound)
        assert.strictEqual(back.tag, "Success")
      }).pipe(Effect.provide(bounded(server.port)))
    }))

  it.live("waits for a slow Redis within the bound, and for a slower one no longer", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const slow = yield* slowPort(server.port, 50)
      const slower = yield* slowPort(server.port, 1000)

      // The connection takes some responses of its own.
      assert.strictEqual((yield* Effect.provide(timed(returns), bounded(slow.port))).tag, "Success")
      const late = yield* Effect.provide(timed(ping), bounded(slower.port))
      assert.strictEqual(late.tag, "Failure")
      assert.isBelow(late.millis, bound)
    }))

  it.live("is closed within the bound while Redis is frozen", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const closed = yield* timed(
        Effect.provide(
          Effect.gen(function*() {
            yield* returns
            yield* server.freeze
            yield* Effect.result(ping)
          }),
          bounded(server.port)
        )
      )

      assert.isBelow(closed.millis, 2 * bound + 500)
      yield* server.thaw
    }))

  it.live("keeps Effect's circuit breaker from hanging", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      yield* Effect.gen(function*() {
        const breaker = yield* CircuitBreaker.make({
          tripPolicy: CircuitBreaker.consecutive(3),
          openDuration: "1 second"
        })
        const call = Effect.result(breaker.execute(Effect.succeed("answered"), { key: "m" }))
        yield* call
        yield* server.freeze

        const frozen = yield* timed(Effect.timeout(call, "2 seconds"))

        // One bound for the admission, and none for the outcome: Redis is away by then.
        assert.isBelow(frozen.millis, 2 * bound)
        yield* server.thaw
      }).pipe(
        Effect.provide(Layer.provide(CircuitBreaker.layerStoreRedis(), bounded(server.port))),
        Effect.provide(Logger.layer([]))
      )
    }))
})
