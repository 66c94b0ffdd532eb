/**
 * @since 0.1.0
 */
export * as BoundedRedis from "./BoundedRedis.ts"
export * as Breaker from "./Breaker.ts"
export * as LockoutGuard from "./LockoutGuard.ts"
export * as Pacing from "./Pacing.ts"
export * as Resilience from "./Resilience.ts"
