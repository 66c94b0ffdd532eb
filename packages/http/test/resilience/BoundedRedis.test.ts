import { BoundedRedis } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Layer, Logger, Metric, Queue, References, type Scope } from "effect"
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

  it.effect.each([
    ...[
      "WRONGTYPE Operation against a key",
      "ERR unknown command 'GTE'",
      "EXECABORT Transaction discarded because of previous errors.",
      "NOSCRIPT No matching script.",
      "OOM command not allowed when used memory > 'maxmemory'.",
      "MOVED 3999 127.0.0.1:6381",
      "X2 of a module"
    ].flatMap((text) => [[new Error(text), false], [text, false]] as const),
    ...[
      "connect ECONNREFUSED 127.0.0.1:6379",
      "read ECONNRESET",
      "ECONNRESET by peer",
      "EPIPE by peer",
      "ERROR of the driver",
      "Socket closed unexpectedly",
      "The client is closed",
      "A connection was lost",
      "WRONGTYPE",
      "write after WRONGTYPE Operation against a key"
    ].map((text) => [new Error(text), true] as const)
  ])("is away because of an error, unless Redis responds with it: %s", ([cause, isAway]) => {
    const error = new Redis.RedisError({ cause })
    const { driver, seen } = make(() => Effect.fail(error))
    return within(
      driver,
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flip(ping), error)
        yield* Effect.flip(ping)
        assert.lengthOf(seen, isAway ? 1 : 2)
      })
    )
  })

  it.effect("is back when it responds to a ping with an error", () => {
    let error = refused
    const { driver, seen } = make(() => Effect.fail(error))
    return within(
      driver,
      Effect.gen(function*() {
        yield* Effect.flip(ping)
        error = new Redis.RedisError({ cause: new Error("LOADING Redis is loading the dataset in memory") })
        yield* TestClock.adjust("1 second")

        assert.strictEqual(yield* Effect.flip(ping), error)
        assert.deepStrictEqual(seen, ["GET", "PING", "GET"])
      })
    )
  })

  it.effect("counts commands by the reason for which there was no response, and never less", () => {
    let reply: Effect.Effect<unknown, Redis.RedisError> = Effect.fail(refused)
    const { driver } = make(() => reply)
    return within(
      driver,
      Effect.gen(function*() {
        yield* Effect.flip(ping)
        yield* Effect.flip(ping)
        reply = Effect.succeed("OK")
        yield* TestClock.adjust("1 second")
        reply = Effect.never
        const late = yield* Effect.forkChild(Effect.flip(ping))
        yield* TestClock.adjust("300 millis")
        const { cause } = yield* Fiber.join(late)
        assert.strictEqual((cause as Error).message, "Redis did not respond within 300ms")
        yield* Metric.update(Metric.withAttributes(BoundedRedis.failures, { "error.type": "away" }), -1)

        const all = yield* Metric.snapshot
        assert.sameDeepMembers(
          all.map(({ attributes, id, state }) => ({ attributes, id, state })),
          ["connection", "away", "timeout"].map((reason) => ({
            attributes: { unit: "{command}", "error.type": reason },
            id: "venice.client.redis.failures",
            state: { count: 1, incremental: true }
          }))
        )
      })
    ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  })

  it.effect("logs once that it is away, without what its message must not say, and that it is back", () => {
    const logged: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
      logged.push([logLevel, message, fiber.getRef(References.CurrentLogAnnotations)])
    })
    let isThere = false
    const failure = new Redis.RedisError({
      cause: new Error("connect ECONNREFUSED redis://default:hunter2-secret@127.0.0.1:6379?password=hunter2\u001b[31m")
    })
    const { driver, seen } = make(() => isThere ? Effect.succeed("OK") : Effect.fail(failure).pipe(Effect.delay(100)))
    return Effect.gen(function*() {
      const both = yield* Effect.forkChild(Effect.all([Effect.flip(ping), Effect.flip(ping)], { concurrency: 2 }))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(both)
      isThere = true
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* ping, "OK")

      assert.deepStrictEqual(seen, ["GET", "GET", "PING", "GET"])
      assert.deepStrictEqual(logged, [
        ["Warn", ["Redis is away, so that what it shares is counted by each process"], {
          cause: "connect ECONNREFUSED redis://default:<redacted>@127.0.0.1:6379?password=<redacted>"
        }],
        ["Info", ["Redis is back"], {}]
      ])
    }).pipe(Effect.provide(BoundedRedis.layer(driver)), Effect.provide(Logger.layer([logger])))
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

  it.effect("keeps a connection that refuses pings for less than ten seconds, or does not respond", () => {
    let reply: Effect.Effect<unknown, Redis.RedisError> = Effect.fail(refused)
    const { connections, driver } = make(() => reply)
    return within(
      driver,
      Effect.gen(function*() {
        yield* Effect.flip(ping)
        for (let i = 0; i < 3; i++) {
          reply = Effect.fail(refused)
          yield* TestClock.adjust("8 seconds")
          reply = Effect.never
          yield* TestClock.adjust("2 seconds")
        }
        yield* TestClock.adjust("1 minute")

        assert.strictEqual(connections(), 1)
      })
    )
  })

  it.effect("closes the connection when its layer ends", () =>
    Effect.gen(function*() {
      const { closed, driver } = make(() => Effect.succeed("OK"))
      yield* within(driver, ping)
      assert.strictEqual(closed(), 1)

      const { connections, driver: unused } = make(() => Effect.succeed("OK"))
      yield* within(unused, Redis.Redis)
      assert.strictEqual(connections(), 0)
    }))

  it.effect("gives the driver what it needs, whoever sends the first command", () => {
    class Reply extends Context.Service<Reply, string>()("Reply") {}
    const driver = Layer.unwrap(Effect.map(Reply, (reply) => make(() => Effect.succeed(reply)).driver))
    return Effect.gen(function*() {
      assert.strictEqual(yield* ping, "as told")
    }).pipe(Effect.provide(Layer.provide(BoundedRedis.layer(driver), Layer.succeed(Reply, "as told"))))
  })

  it.effect.each<readonly [string, Layer.Layer<Redis.Redis, string>]>([
    ["a failure", Layer.effect(Redis.Redis, Effect.fail("no address"))],
    ["a defect", Layer.effect(Redis.Redis, Effect.die("no address"))]
  ])("fails a command with an error of Redis when the driver ends with %s", ([, driver]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ping)

      assert.instanceOf(error, Redis.RedisError)
      assert.strictEqual(error.cause, "no address")
    }).pipe(Effect.provide(BoundedRedis.layer(driver)), Effect.provide(Logger.layer([]))))

  it.effect("tries again when the driver cannot connect", () => {
    let isThere = false
    const { driver } = make(() => Effect.succeed("OK"))
    const failing = Layer.unwrap(Effect.suspend(() => isThere ? Effect.succeed(driver) : Effect.fail(refused)))
    return within(
      failing,
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flip(ping), refused)
        yield* TestClock.adjust("30 seconds")
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
  it.each<readonly [BoundedRedis.Settings, string]>([
    [{ timeout: 0 }, "timeout must be longer than zero"],
    [{ timeout: "soon" as never }, "timeout must be a duration that is not negative, and is soon"],
    [{ pingEvery: -1 }, "pingEvery must be a duration that is not negative, and is -1"],
    [{ pingEvery: Infinity }, "pingEvery must be a finite duration"]
  ])("%o makes no sense", (settings, message) => {
    assert.throws(() => BoundedRedis.layer(make(() => Effect.never).driver, settings), RangeError, message)
  })
})
