/** A Redis whose scripts end as told. */
import { Effect } from "effect"
import { Redis } from "effect/persistence"

export interface Asked {
  readonly params: ReadonlyArray<unknown>
  /** What of the parameters are names in Redis, and what are arguments. */
  readonly keys: ReadonlyArray<unknown>
  readonly args: ReadonlyArray<unknown>
}

type AnyScript = Redis.Script<{ params: ReadonlyArray<unknown>; result: unknown }>

export const scriptedRedis = (reply: (asked: Asked) => Effect.Effect<unknown, Redis.RedisError>) => {
  const evaluate = (script: AnyScript) => (...params: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      const all: ReadonlyArray<unknown> = script.params(...params)
      const count = script.numberOfKeys(...params)
      return reply({ params, keys: all.slice(0, count), args: all.slice(count) })
    })
  return Effect.map(
    Redis.make({
      send: () => Effect.die("not needed"),
      subscribe: () => Effect.succeed(Effect.never),
      connect: Effect.never
    }),
    (redis) => Redis.Redis.of({ ...redis, eval: evaluate as typeof redis.eval })
  )
}
