/**
 * @since 0.1.0
 */
export * as LockoutGuard from "./LockoutGuard.ts"
