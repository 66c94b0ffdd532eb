import { BoundedRedis } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Logger, Metric, Queue, type Scope } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

/** A driver that responds with what `respond` makes of a command. */
const make = (respond: (command: string) => Effect.Effect<unknown, Redis.RedisError>) => {
  const seen: Array<string> = []
  let connections = 0
  let closed = 0
  const send = <A>(command: string) =>
    Effect.suspend(() => {
      seen.push(command)
      return respond(command) as Effect.Effect<A, Redis.RedisError>
    })
  const driver = Layer.effect(
    Redis.Redis,
    Effect.gen(function*() {
      connections++
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          closed++
        })
      )
      return yield* Redis.make({
        send,
        subscribe: (channel, onMessage) =>
          Effect.sync(() => {
            onMessage({ channel, message: "hello" })
            return Effect.never
          }),
        connect: Effect.succeed({ send, close: Effect.void })
      })
    })
  )
  return { driver, seen, connections: () => connections, closed: () => closed }
}

const refused = new Redis.RedisError({ cause: new Error("connect ECONNREFUSED 127.0.0.1:6379") })

const ping = Effect.flatMap(Redis.Redis, (redis) => redis.send<string>("GET", "n"))

const within = <A, E>(
  driver: Layer.Layer<Redis.Redis, Redis.RedisError>,
  self: Effect.Effect<A, E, Redis.Redis | Scope.Scope>
) => Effect.scoped(self).pipe(Effect.provide(BoundedRedis.layer(driver)), Effect.provide(Logger.layer([])))

const failures = (reason: string) =>
  Effect.map(Metric.value(Metric.withAttributes(BoundedRedis.failures, { "error.type": reason })), ({ count }) => count)

describe("a bounded Redis", () => {
  it.effect("connects with the first command, once", () => {
    const { connections, driver } = make(() => Effect.succeed("OK"))
    return within(
      driver,
      Effect.gen(function*() {
        yield* Redis.Redis
        assert.strictEqual(connections(), 0)
        yield* Effect.all([ping, ping], { concurrency: 2 })
        assert.strictEqual(connections(), 1)
      })
    )
  })

  it.effect("fails a command without a response when its time is up, and the next ones at once", () => {
    const { driver, seen } = make(() => Effect.never)
    return within(
      driver,
      Effect.gen(function*() {
        const before = yield* Effect.all([failures("timeout"), failures("away")])
        const first = yield* Effect.forkChild(Effect.flip(ping))
        yield* TestClock.adjust("299 millis")
        assert.isUndefined(first.pollUnsafe())
        yield* TestClock.adjust("1 millis")

        assert.isTrue(Cause.isTimeoutError((yield* Fiber.join(first)).cause))
        assert.include(String((yield* Effect.flip(ping)).cause), "Redis is away")
        assert.deepStrictEqual(seen, ["GET"])
        const after = yield* Effect.all([failures("timeout"), failures("away")])
        assert.deepStrictEqual(after.map((count, i) => Number(count) - Number(before[i])), [1, 1])
      })
    )
  })

  it.effect("is back when it responds to a ping", () => {
    let isThere = true
    const { driver } = make(() => isThere ? Effect.succeed("OK") : Effect.fail(refused))
    return within(
      driver,
      Effect.gen(function*() {
        isThere = false
        assert.strictEqual(yield* Effect.flip(ping), refused)
        isThere = true
        yield* TestClock.adjust("999 millis")
        yield* Effect.flip(ping)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* ping, "OK")
      })
    )
  })

  it.effect("is not away because of an error that Redis responds with", () => {
    const wrongType = new Redis.RedisError({ cause: new Error("WRONGTYPE Operation against a key") })
    const { driver, seen } = make(() => Effect.fail(wrongType))
    return within(
      driver,
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flip(ping), wrongType)
        assert.strictEqual(yield* Effect.flip(ping), wrongType)
        assert.lengthOf(seen, 2)
      })
    )
  })

  it.effect("replaces a connection that refuses pings for ten seconds", () => {
    const { closed, connections, driver } = make(() => Effect.fail(refused))
    return within(
      driver,
      Effect.gen(function*() {
        yield* Effect.flip(ping)
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual([connections(), closed()], [1, 0])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual([connections(), closed()], [2, 1])
      })
    )
  })

  it.effect("tries again when the driver cannot connect", () => {
    let isThere = false
    const { driver } = make(() => Effect.succeed("OK"))
    const failing = Layer.unwrap(Effect.suspend(() => isThere ? Effect.succeed(driver) : Effect.fail(refused)))
    return within(
      failing,
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flip(ping), refused)
        isThere = true
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* ping, "OK")
      })
    )
  })

  it.effect("gives up a connection that is not made within ten seconds", () => {
    let attempts = 0
    const hanging = Layer.effect(
      Redis.Redis,
      Effect.suspend(() => {
        attempts++
        return Effect.never
      })
    )
    return within(
      hanging,
      Effect.gen(function*() {
        const first = yield* Effect.forkChild(Effect.flip(ping))
        yield* TestClock.adjust("9 seconds")
        assert.strictEqual(attempts, 1)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(attempts, 2)
        yield* Fiber.await(first)
      })
    )
  })

  it.effect("lets a command end at its bound, and sends one, in a region that cannot be interrupted", () => {
    const { driver, seen } = make((command) => command === "GET" ? Effect.never : Effect.succeed("OK"))
    return within(
      driver,
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.onExit(Effect.never, () => Effect.ignore(ping)))
        yield* Effect.yieldNow
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
        yield* TestClock.adjust("300 millis")

        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
        yield* Fiber.join(interrupting)
        assert.deepStrictEqual(seen, ["GET"])
      })
    )
  })

  it.effect("ends a command when its caller is interrupted", () => {
    const { driver } = make(() => Effect.never)
    return within(
      driver,
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(ping)
        yield* Effect.yieldNow

        yield* Fiber.interrupt(fiber)

        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      })
    )
  })

  it.effect("hands a connection and a subscription of the driver on", () => {
    const { driver } = make((command) => Effect.succeed(command))
    return within(
      driver,
      Effect.gen(function*() {
        const redis = yield* Redis.Redis
        const reserved = yield* redis.reserve
        const queue = yield* redis.subscribe("c")

        assert.strictEqual(yield* reserved.send("MULTI"), "MULTI")
        assert.deepStrictEqual(yield* Queue.take(queue), { channel: "c", message: "hello" })
      })
    )
  })

  it.effect("fails a subscription that has no connection", () => {
    const { driver } = make(() => Effect.succeed("OK"))
    const failing = Layer.unwrap(Effect.as(Effect.fail(refused), driver))
    return within(
      failing,
      Effect.gen(function*() {
        const queue = yield* (yield* Redis.Redis).subscribe("c")

        assert.strictEqual(yield* Effect.flip(Queue.take(queue)), refused)
      })
    )
  })
})

describe("settings", () => {
  it.each([{ timeout: 0 }, { timeout: "soon" as never }, { pingEvery: -1 }])("%o makes no sense", (settings) => {
    assert.throws(() => BoundedRedis.layer(make(() => Effect.never).driver, settings), RangeError)
  })
})
