/** The parts over a Redis that replies what no script of ours does, late, or not at all. */
import { Errors, Retry } from "@effect-venice/core"
import { Breaker, Resilience } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

const operation = "POST /chat/completions"

const once = { _tag: "Consecutive", failures: 1 } as const

const protect = Resilience.protect(operation, { body: { model: "m", messages: [] } })

/** A Redis whose scripts end as told. */
const redisOf = (reply: (params: ReadonlyArray<unknown>) => Effect.Effect<unknown, Redis.RedisError>) =>
  Effect.map(
    Redis.make({
      send: () => Effect.die("not needed"),
      subscribe: () => Effect.succeed(Effect.never),
      connect: Effect.never
    }),
    (redis) =>
      Redis.Redis.of({
        ...redis,
        eval: (() => (...params: ReadonlyArray<unknown>) => reply(params)) as typeof redis.eval
      })
  )

const layerOver = (redis: Redis.Redis["Service"], settings: Resilience.RedisSettings = {}) =>
  Layer.provide(Resilience.layerRedis({ policy: Retry.never, ...settings }), Layer.succeed(Redis.Redis, redis))

/** Lets seconds pass, also for what takes no time of the clock: names are digests. */
const pass = Effect.fnUntraced(function*(seconds: number) {
  for (let i = 0; i < seconds; i++) {
    yield* TestClock.withLive(Effect.sleep("2 millis"))
    yield* TestClock.adjust("1 second")
  }
})

describe("a call", () => {
  const replies: ReadonlyArray<readonly [name: string, reply: Effect.Effect<unknown>]> = [
    ["null", Effect.succeed(null)],
    ["an object", Effect.succeed({})],
    ["a text", Effect.succeed("OK")],
    ["an empty list", Effect.succeed([])],
    ["replies that are none", Effect.succeed([5, null, "x"])],
    ["replies of other parts", Effect.succeed([[0, 5], [0, ["send", 0]], [0, "OK"]])],
    ["a verdict without a number", Effect.succeed([[0, ["wait"]], [0, null], [0, {}]])],
    ["a defect", Effect.die(new Error("a bug of the driver"))]
  ]
  for (const [name, reply] of replies) {
    it.effect(`is sent when Redis replies with ${name}`, () =>
      Effect.gen(function*() {
        const redis = yield* redisOf(() => reply)
        const calls = Effect.all([protect(Effect.succeed("sent")), protect(Effect.succeed("sent"))], { concurrency: 2 })

        assert.deepStrictEqual(yield* Effect.provide(calls, layerOver(redis)), ["sent", "sent"])
      }))

    for (const part of ["guard", "breaker", "pacing"] as const) {
      it.effect(`is sent when Redis replies to the ${part} alone with ${name}`, () =>
        Effect.gen(function*() {
          const alone = { guard: false, breaker: false, pacing: false, [part]: {} } as const
          const layer = layerOver(yield* redisOf(() => reply), alone)

          assert.strictEqual(yield* Effect.provide(protect(Effect.succeed("sent")), layer), "sent")
        }))
    }
  }

  it.effect.each([{}, { pacing: false }] as const)(
    "with a key is counted under it while Redis fails: %j",
    (settings) =>
      Effect.gen(function*() {
        const redis = yield* redisOf(() => Effect.fail(new Redis.RedisError({ cause: new Error("away") })))
        const key = Redacted.make("k")
        const call = Resilience.protect(operation, { body: { model: "m", messages: [] }, key })
        yield* Effect.gen(function*() {
          const notFound = new Errors.ModelNotFound({ response: { status: 404 } })
          const { guard } = yield* Resilience.Resilience
          for (let i = 0; i < 2; i++) assert.strictEqual(yield* Effect.flip(call(Effect.fail(notFound))), notFound)

          assert.strictEqual(yield* guard!.remaining({ key, model: "m" }), 48)
          assert.strictEqual(yield* guard!.remaining({ model: "m" }), 50)
        }).pipe(Effect.provide(layerOver(redis, settings)))
      })
  )

  it.effect("is not sent when its deadline ends while Redis is asked, and counts for no circuit", () =>
    Effect.gen(function*() {
      const redis = yield* redisOf(() => Effect.andThen(Effect.sleep("400 millis"), Effect.succeed(null)))
      const scope = yield* Scope.make()
      const layer = layerOver(redis, { deadline: "300 millis", breaker: { tripPolicy: once } })
      const services = yield* Layer.buildWithScope(layer, scope)
      let sent = 0
      const call = protect(Effect.sync(() => ++sent))
      for (let i = 0; i < 2; i++) {
        const fiber = yield* Effect.forkChild(Effect.exit(Effect.provide(call, services)))
        while (fiber.pollUnsafe() === undefined) yield* pass(1)
        const exit = yield* Fiber.join(fiber)
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.include(String(error), "not sent, because the deadline of the call is over")
      }
      assert.strictEqual(sent, 0)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      while (closing.pollUnsafe() === undefined) yield* pass(1)
    }))
})

describe("the probe of a circuit", () => {
  it.effect("is renewed no more after it has ended, also when the layer ended before it", () =>
    Effect.gen(function*() {
      let renewed = 0
      // A renewal has four parameters: the key, the generation, and two times.
      const redis = yield* redisOf((params) => {
        if (params.length !== 4) return Effect.succeed(["admitted", "1", 1, "1", 1])
        renewed++
        return Effect.succeed(1)
      })
      const scope = yield* Scope.make()
      const layer = Layer.provide(Breaker.layerRedis(), Layer.succeed(Redis.Redis, redis))
      const services = yield* Layer.buildWithScope(layer, scope)
      const fiber = yield* Effect.forkChild(Effect.provide(Breaker.protect("m")(Effect.never), services))
      yield* pass(10)
      assert.isAbove(renewed, 1)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.interrupt(fiber)

      renewed = 0
      yield* pass(60)
      assert.strictEqual(renewed, 0)
    }))
})
