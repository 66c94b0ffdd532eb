/** The breaker of a fleet: several layers over one real Redis, each as a process has it. */
import { Errors } from "@effect-venice/core"
import { BoundedRedis, Breaker } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger } from "effect"
import { describeRedis, driver, startServer } from "./redisServer.ts"

const breakerOf = (port: number) =>
  Effect.map(
    Layer.build(Layer.fresh(Layer.provide(
      Breaker.layerRedis({ openDuration: "500 millis" }),
      Layer.provide(BoundedRedis.layer(driver(port), { pingEvery: "100 millis" }), Logger.layer([]))
    ))),
    (services) => Context.get(services, Breaker.Breaker)
  )

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
      yield* Effect.sleep("600 millis")
      assert.strictEqual(yield* answer(a), "answered")
      assert.strictEqual((yield* b.state("m"))._tag, "Closed")
    }))

  it.live("sends one probe of all processes", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [a, b] = [yield* breakerOf(port), yield* breakerOf(port)]
      for (let i = 0; i < 5; i++) yield* fail(a)
      yield* Effect.sleep("600 millis")

      const slow = Effect.exit(a.execute("m")(Effect.sleep("300 millis")))
      const [, refused] = yield* Effect.all([slow, Effect.delay(answer(b), "100 millis")], { concurrency: 2 })

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
      assert.isBelow(Duration.toMillis(first), 900)
      for (let i = 0; i < 5; i++) yield* fail(breaker)
      assert.strictEqual(yield* answer(breaker), "CIRCUIT_OPEN")
      yield* server.thaw
    }))
})
