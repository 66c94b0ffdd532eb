/** All parts of `resilience` around a call, over the Redis of the fleet. */
import { BoundedRedis, Pacing, Resilience } from "@effect-venice/http/resilience"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { Layer, Logger, type Redacted, Schema } from "effect"
import { type bodyOf, smallModel } from "./plan.ts"

/** How long Redis may hold a call up, in milliseconds: one command of `BoundedRedis`. */
export const redisBound = 300

export const guarded = (body: ReturnType<typeof bodyOf>, key: Redacted.Redacted) =>
  Resilience.execute("POST /chat/completions", { body, key, success: Schema.Unknown })

/** The driver logs every failed attempt to connect, and `BoundedRedis` that Redis is away. */
const silent = Logger.layer([])

export const layer = (redisPort: number, deadline: number, processes: number) =>
  Resilience.layerRedis({
    deadline,
    timeout: "10 seconds",
    guard: { processes },
    pacing: { budgets: (model) => model === smallModel ? Pacing.tiers.M : Pacing.tiers.XS }
  }).pipe(
    Layer.provide(BoundedRedis.layer(
      NodeRedis.layer({ url: `redis://127.0.0.1:${redisPort}`, disableOfflineQueue: true }),
      { timeout: redisBound }
    )),
    Layer.provideMerge(silent)
  )
