import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Duration, Effect, Fiber, Layer } from "effect"
import { Redis } from "effect/persistence"
import { makeConnector } from "../../src/internal/resilience/redisConnection.ts"
import { scriptedRedis } from "./scriptedRedis.ts"

describe("a connection that was dropped while it was made", () => {
  it.effect("leaves the one after it alone when it fails", () =>
    Effect.gen(function*() {
      let connections = 0
      const first = yield* Deferred.make<never, Redis.RedisError>()
      const begun = yield* Deferred.make<void>()
      const redis = yield* scriptedRedis(() => Effect.die("not needed"))
      const driver = Layer.effect(
        Redis.Redis,
        Effect.suspend(() =>
          ++connections === 1
            ? Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(first))
            : Effect.succeed(redis)
        )
      )
      const { drop, get } = yield* makeConnector(driver, Context.empty(), Duration.seconds(1))
      const early = yield* Effect.forkChild(Effect.exit(get), { startImmediately: true })
      yield* Deferred.await(begun)
      yield* drop
      const later = yield* get
      yield* Deferred.fail(first, new Redis.RedisError({ cause: new Error("refused") }))
      yield* Fiber.join(early)

      assert.strictEqual(yield* get, later)
      assert.strictEqual(connections, 2)
    }).pipe(Effect.scoped))
})
