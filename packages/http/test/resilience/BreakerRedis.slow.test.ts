/** The breaker of a fleet: several layers over one real Redis, each as a process has it. */
import { Errors } from "@effect-venice/core"
import { Breaker } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"
import { Redis } from "effect/persistence"
import { connected, describeRedis, startServer } from "./redisServer.ts"

const breakerOf = Effect.fnUntraced(function*(port: number) {
  const redis = Layer.succeed(Redis.Redis, yield* connected(port))
  const services = yield* Layer.build(
    Layer.fresh(Layer.provide(Breaker.layerRedis({ openDuration: "2 seconds" }), redis))
  )
  return Context.get(services, Breaker.Breaker)
})

const fail = ({ execute }: Breaker.Breaker["Service"]) =>
  Effect.exit(execute("m")(Effect.fail(new Errors.ModelOffline({ response: { status: 503 } }))))

const answer = ({ execute }: Breaker.Breaker["Service"]) =>
  Effect.map(
    Effect.result(execute("m")(Effect.succeed("answered"))),
    (result) => result._tag === "Success" ? result.success : result.failure._tag
  )

describeRedis("the breaker of a fleet", () => {
  it.live("opens for all processes, and closes for all when the probe of one succeeds", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [a, b] = [yield* breakerOf(port), yield* breakerOf(port)]

      for (let i = 0; i < 5; i++) yield* fail(i % 2 === 0 ? a : b)
      assert.strictEqual(yield* answer(a), "CIRCUIT_OPEN")
      assert.strictEqual(yield* answer(b), "CIRCUIT_OPEN")
      yield* Effect.sleep("2200 millis")
      assert.strictEqual(yield* answer(a), "answered")
      assert.strictEqual((yield* b.state("m"))._tag, "Closed")
    }))

  it.live("sends one probe of all processes", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [a, b] = [yield* breakerOf(port), yield* breakerOf(port)]
      for (let i = 0; i < 5; i++) yield* fail(a)
      yield* Effect.sleep("2200 millis")

      const slow = Effect.exit(a.execute("m")(Effect.sleep("1 second")))
      const [, refused] = yield* Effect.all([slow, Effect.delay(answer(b), "200 millis")], { concurrency: 2 })

      assert.strictEqual(refused, "CIRCUIT_OPEN")
      assert.strictEqual(yield* answer(b), "answered")
    }))

  it.live("is one of each process while Redis is away, and can be interrupted", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const breaker = yield* breakerOf(server.port)
      assert.strictEqual(yield* answer(breaker), "answered")
      yield* server.freeze

      const [first] = yield* Effect.timed(Effect.timeoutOption(breaker.execute("m")(Effect.never), "100 millis"))
      // One bound of Redis and not two: the outcome is recorded where the call was admitted.
      assert.isBelow(Duration.toMillis(first), 1500)
      for (let i = 0; i < 5; i++) yield* fail(breaker)
      assert.strictEqual(yield* answer(breaker), "CIRCUIT_OPEN")
      yield* server.thaw
    }))
})
