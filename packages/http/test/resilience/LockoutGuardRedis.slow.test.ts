/** The guard of a fleet: several layers over one real Redis, each as a process has it. */
import { Errors } from "@effect-venice/core"
import { LockoutGuard } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Cause, Context, DateTime, Duration, Effect, Exit, Fiber, Layer, Option, Random, Redacted } from "effect"
import { Redis } from "effect/persistence"
import { connected, describeRedis, startServer } from "./redisServer.ts"

type Guard = LockoutGuard.LockoutGuard["Service"]

const call: LockoutGuard.Call = { key: Redacted.make("key-of-the-fleet"), model: "m", user: "ann@example.com" }

const guardOf = Effect.fnUntraced(
  function*(port: number, settings?: LockoutGuard.RedisSettings, timeout?: Duration.Input) {
    const redis = Layer.succeed(Redis.Redis, yield* connected(port, timeout))
    const services = yield* Layer.build(Layer.fresh(Layer.provide(LockoutGuard.layerRedis(settings), redis)))
    return Context.get(services, LockoutGuard.LockoutGuard)
  }
)

const use = (guard: Guard) => Effect.provideService(LockoutGuard.LockoutGuard, guard)

const fail = (guard: Guard, error: unknown = new Errors.ModelNotFound({ response: { status: 404 } })) =>
  use(guard)(Effect.exit(LockoutGuard.protect(call)(Effect.fail(error))))

const answered = (guard: Guard) => use(guard)(Effect.exit(LockoutGuard.protect(call)(Effect.succeed("answered"))))

const tagOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isSuccess(exit)
    ? exit.value
    : (Option.getOrUndefined(Cause.findErrorOption(exit.cause)) as { readonly _tag?: string })?._tag

/** Until the outcome of a call, which nobody waits for, is in Redis. */
const told = Effect.sleep("200 millis")

describeRedis("the guard of a fleet", () => {
  it.live("counts the failures of all processes", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [a, b] = [yield* guardOf(port, { limit: 4, spare: 1 }), yield* guardOf(port, { limit: 4, spare: 1 })]

      yield* fail(a)
      yield* fail(b)
      yield* fail(a)
      yield* told

      assert.strictEqual(tagOf(yield* answered(b)), "LOCKOUT_AHEAD")
      assert.strictEqual(yield* b.remaining(call), 1)
      assert.strictEqual(yield* b.remaining({ ...call, model: "n" }), 4)
    }))

  it.live("sends calls again when the window is over", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { limit: 1, spare: 0, window: "3 seconds" } as const
      const [a, b] = [yield* guardOf(port, settings), yield* guardOf(port, settings)]

      yield* fail(a)
      yield* told
      const early = yield* answered(b)
      yield* Effect.sleep("3 seconds")

      assert.strictEqual(tagOf(early), "LOCKOUT_AHEAD")
      assert.strictEqual(tagOf(yield* answered(b)), "answered")
    }))

  it.live("closes for all processes when one is locked out, and knows until when", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [a, b] = [yield* guardOf(port), yield* guardOf(port)]

      yield* fail(
        a,
        new Errors.RateLimitExceeded({ limit: "failures", response: { status: 429, retryAfter: Duration.seconds(3) } })
      )
      yield* told
      const error = yield* Effect.flip(use(b)(LockoutGuard.protect(call)(Effect.void)))

      assert.closeTo(Duration.toMillis(error.retryAfter), 2500, 500)
      assert.closeTo(DateTime.toEpochMillis(error.until), Date.now() + 2500, 500)
      yield* Effect.sleep("3 seconds")
      assert.strictEqual(tagOf(yield* answered(b)), "answered")
    }))

  it.live("shares what Venice said is left", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [a, b] = [yield* guardOf(port), yield* guardOf(port)]
      const resetAt = DateTime.makeUnsafe(Date.now() + 20_000)

      yield* fail(
        a,
        new Errors.ModelNotFound({ response: { status: 404, rateLimit: { failures: { remaining: 3, resetAt } } } })
      )
      yield* told

      assert.strictEqual(yield* b.remaining(call), 3)
      assert.strictEqual(tagOf(yield* answered(b)), "LOCKOUT_AHEAD")
    }))

  it.live("lets a process wait for the calls in flight of another, and forgets those of one that ended", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { limit: 1, spare: 0, lease: "3 seconds", longestWait: "20 seconds" } as const
      const [a, b] = [yield* guardOf(port, settings), yield* guardOf(port, settings)]
      const first = yield* Effect.forkChild(use(a)(LockoutGuard.protect(call)(Effect.sleep("800 millis"))))
      yield* told

      const [waited] = yield* Effect.timed(answered(b))
      assert.isAtLeast(Duration.toMillis(waited), 200)
      yield* Fiber.join(first)

      // A process that ends takes its place with it.
      const ended = a.ticket(call)
      yield* ended.acquire
      const [leased, exit] = yield* Effect.timed(answered(b))
      assert.strictEqual(tagOf(exit), "answered")
      assert.isAtLeast(Duration.toMillis(leased), 2000)
    }))

  it.live("has no more counted failures than the budget, whatever the processes do at the same time", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { limit: 20, spare: 2 }
      const guards = [yield* guardOf(port, settings), yield* guardOf(port, settings), yield* guardOf(port, settings)]
      let counted = 0
      const attempt = (guard: Guard) =>
        use(guard)(Effect.exit(
          LockoutGuard.protect(call)(Effect.gen(function*() {
            yield* Effect.sleep(yield* Random.nextIntBetween(0, 50))
            counted++
            return yield* new Errors.ModelNotFound({ response: { status: 404 } })
          }))
        ))

      const exits = yield* Effect.forEach(
        Array.from({ length: 120 }, (_, i) => guards[i % 3]!),
        attempt,
        { concurrency: "unbounded" }
      )

      assert.strictEqual(counted, 18)
      assert.lengthOf(exits.filter((exit) => tagOf(exit) === "LOCKOUT_AHEAD"), 102)
    }))

  it.live("goes on with its part of the budget while Redis is away", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const guard = yield* guardOf(server.port, { limit: 6, spare: 0, processes: 2 }, "500 millis")
      yield* fail(guard)
      yield* server.freeze

      const [duration, exit] = yield* Effect.timed(answered(guard))
      assert.strictEqual(tagOf(exit), "answered")
      assert.isBelow(Duration.toMillis(duration), 1800)
      yield* fail(guard)
      yield* fail(guard)
      assert.strictEqual(tagOf(yield* answered(guard)), "LOCKOUT_AHEAD")
      yield* server.thaw
    }))

  it.live("has no more failures than the budget when Redis goes away while many calls begin", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const guards = yield* Effect.all(
        Array.from({ length: 4 }, () => guardOf(server.port, { limit: 22, spare: 2, processes: 4 }, "300 millis"))
      )
      // The failures of the first are in Redis, and those that come after it went away are not.
      yield* fail(guards[0]!)
      yield* told
      yield* server.kill
      let counted = 0

      const exits = yield* Effect.forEach(
        guards,
        (guard) =>
          Effect.forEach(Array.from({ length: 30 }), () =>
            use(guard)(Effect.exit(
              LockoutGuard.protect(call)(Effect.andThen(
                Effect.sleep("100 millis"),
                Effect.suspend(() => {
                  counted++
                  return Effect.fail(new Errors.ModelNotFound({ response: { status: 404 } }))
                })
              ))
            )), { concurrency: "unbounded" }),
        { concurrency: "unbounded" }
      )

      // The first has a failure less to go.
      assert.strictEqual(counted, 19)
      assert.lengthOf(exits.flat().filter((exit) => tagOf(exit) === "LOCKOUT_AHEAD"), 101)
    }))

  it.live("gives its place back when it is interrupted", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { limit: 1, spare: 0 } as const
      const [a, b] = [yield* guardOf(port, settings), yield* guardOf(port, settings)]
      const first = yield* Effect.forkChild(use(a)(LockoutGuard.protect(call)(Effect.never)))
      yield* told

      yield* Fiber.interrupt(first)

      assert.strictEqual(tagOf(yield* answered(b)), "answered")
    }))

  it.live("keeps neither the key nor the user nor the model in Redis", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const guard = yield* guardOf(port)
      yield* fail(guard)
      yield* told

      const names = yield* (yield* connected(port)).send<Array<string>>("KEYS", "*")
      assert.isNotEmpty(names)
      for (const name of names) assert.match(name, /^\{venice:failures:[\da-f]{32}\}:(?:failures|flight|state)$/)
    }))
})
