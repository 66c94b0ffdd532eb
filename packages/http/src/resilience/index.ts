/**
 * @since 0.1.0
 */
export * as Balance from "./Balance.ts"
export * as BoundedRedis from "./BoundedRedis.ts"
export * as Breaker from "./Breaker.ts"
export * as DurableRetry from "./DurableRetry.ts"
export * as Fallback from "./Fallback.ts"
export * as Hedge from "./Hedge.ts"
export * as LockoutGuard from "./LockoutGuard.ts"
export * as Pacing from "./Pacing.ts"
export * as Resilience from "./Resilience.ts"
export * as TopUp from "./TopUp.ts"
