/**
 * All parts of `resilience` around a call, over the Redis of the fleet, in the order that the documentation explains.
 */
import { Retry, RetryBudget } from "@effect-venice/core"
import { BoundedRedis, Breaker, LockoutGuard, Pacing } from "@effect-venice/http/resilience"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { Effect, Layer, Logger, type Redacted } from "effect"
import { type bodyOf, smallModel } from "./plan.ts"

/** How long Redis may hold a call up: one command of `BoundedRedis`. */
export const redisBound = 300

/** Around one attempt, the innermost first; then the policy. */
export const guarded = (body: ReturnType<typeof bodyOf>, key: Redacted.Redacted) => <A, E, R>(attempt: Effect.Effect<A, E, R>) =>
  attempt.pipe(
    Pacing.pace(Pacing.callOf(body, key)),
    Breaker.protect(body.model),
    LockoutGuard.protect(LockoutGuard.callOf(body, key)),
    Effect.retry(Retry.standard)
  )

/** The driver logs every failed attempt to connect, and `BoundedRedis` that Redis is away. */
const silent = Logger.layer([])

export const layer = (redisPort: number) =>
  Layer.mergeAll(
    LockoutGuard.layerRedis(),
    Breaker.layerRedis(),
    Pacing.layerRedis({ budgets: (model) => model === smallModel ? Pacing.tiers.M : Pacing.tiers.XS }),
    RetryBudget.layer()
  ).pipe(
    Layer.provide(BoundedRedis.layer(
      NodeRedis.layer({ url: `redis://127.0.0.1:${redisPort}`, disableOfflineQueue: true }),
      { timeout: redisBound }
    )),
    Layer.provideMerge(silent)
  )
