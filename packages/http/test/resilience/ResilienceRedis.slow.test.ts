/** All parts of a fleet over one real Redis, which is killed and started again in the middle. */
import { Errors, Retry } from "@effect-venice/core"
import { Resilience } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"
import { Redis } from "effect/persistence"
import { connected, describeRedis, startServer } from "./redisServer.ts"

const processOf = Effect.fnUntraced(function*(port: number) {
  const redis = Layer.succeed(Redis.Redis, yield* connected(port, "300 millis"))
  const layer = Resilience.layerRedis({ policy: Retry.never, pacing: { budgets: { requests: 1000, tokens: 1e9 } } })
  const services = yield* Layer.build(Layer.fresh(Layer.provide(layer, redis)))
  return Context.get(services, Resilience.Resilience)
})

const body = { model: "m", messages: [] }

const send = (process: Resilience.Resilience["Service"]) => <A, E>(self: Effect.Effect<A, E>) =>
  Effect.provideService(
    Resilience.protect("POST /chat/completions", { body })(self),
    Resilience.Resilience,
    process
  )

const offline = Effect.fail(new Errors.ModelOffline({ response: { status: 503 } }))

const tagOf = <A, E extends { readonly _tag: string }>(self: Effect.Effect<A, E>) =>
  Effect.match(self, { onSuccess: () => "sent", onFailure: ({ _tag }) => _tag })

describeRedis("all parts of a fleet", () => {
  it.live("share what they find out, and go on while Redis is away", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const [a, b] = [yield* processOf(server.port), yield* processOf(server.port)]

      for (let i = 0; i < 5; i++) assert.strictEqual(yield* tagOf(send(i % 2 === 0 ? a : b)(offline)), "MODEL_OFFLINE")
      assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "CIRCUIT_OPEN")
      assert.strictEqual(yield* tagOf(send(b)(Effect.void)), "CIRCUIT_OPEN")

      yield* server.kill
      // Each process has circuits of its own, which begin closed.
      const [took, result] = yield* Effect.timed(tagOf(send(a)(Effect.void)))
      assert.strictEqual(result, "sent")
      // A bound of Redis for each part at most, before and after.
      assert.isBelow(Duration.toMillis(took), 5000)
      for (let i = 0; i < 20; i++) assert.strictEqual(yield* tagOf(send(b)(Effect.void)), "sent")

      yield* server.start
      yield* Effect.sleep("1500 millis")
      assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "sent")
    }))
})
