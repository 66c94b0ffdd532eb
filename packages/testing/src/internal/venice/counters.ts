/**
 * Limits that an operation has for itself, such as 100 requests of the crypto RPC a minute.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { State } from "./state.ts"

export interface Counted {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Epoch milliseconds. */
  readonly resetAt: number
}

/** Counts a request. One that is over the limit counts too. */
export const count = (
  { counters }: State,
  name: string,
  limit: number,
  window: Duration.Duration,
  now: number
): Counted => {
  const known = counters.get(name)
  const isOpen = known !== undefined && known.resetAt > now
  const counter = isOpen ? known : { count: 0, resetAt: now + Duration.toMillis(window) }
  if (!isOpen) {
    counters.delete(name)
    counters.set(name, counter)
  }
  counter.count++
  return {
    isAllowed: counter.count <= limit,
    remaining: Math.max(0, limit - counter.count),
    resetAt: counter.resetAt
  }
}
