/**
 * Windows of requests and tokens: one for each key and model, with the figures of the model's tier.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type * as Dynamics from "../../Dynamics.ts"
import { BoundedMap } from "./boundedMap.ts"
import { wall } from "./wallClock.ts"

interface Window {
  requests: number
  tokens: number
  readonly resetAt: number
}

export type Headers = Readonly<Record<string, string>>

/** A breach of a limit, as `GET /api_keys/rate_limits/log` lists it. */
export type Breach = "RPM" | "TPM"

export interface Taken {
  readonly breach: Breach | undefined
  readonly headers: Headers
}

const none: Taken = { breach: undefined, headers: {} }

const maxWindows = 10_000

export class Limits {
  readonly #config: Dynamics.RateLimits | undefined
  readonly #windows = new BoundedMap<string, Window>(maxWindows)
  constructor(config: Dynamics.RateLimits | undefined) {
    this.#config = config
  }

  limitOf(tier: string | undefined): Dynamics.Window | undefined {
    return tier === undefined ? undefined : this.#config?.tiers[tier]
  }

  /** Takes a request and its tokens, or nothing if one of them ran out. */
  take(caller: string, model: string, tier: string | undefined, tokens: number, now: number): Taken {
    const limit = this.limitOf(tier)
    if (this.#config === undefined || limit === undefined) return none
    const bucket = this.#config.sharedBy === "tier" ? tier! : model
    const window = this.#windowOf(`${caller} ${bucket}`, limit, now)
    const breach = window.requests <= 0 ? "RPM" : window.tokens <= 0 ? "TPM" : undefined
    if (breach === undefined) {
      window.requests--
      window.tokens -= tokens
    }
    return { breach, headers: headersOf(limit, window) }
  }

  #windowOf(key: string, limit: Dynamics.Window, now: number): Window {
    const known = this.#windows.get(key)
    if (known !== undefined && known.resetAt > now) return known
    // Deleted first, so that the window counts as the youngest.
    this.#windows.delete(key)
    const window = {
      requests: limit.requests,
      tokens: limit.tokens ?? Infinity,
      resetAt: now + Duration.toMillis(this.#config!.window)
    }
    this.#windows.set(key, window)
    return window
  }
}

const headersOf = (limit: Dynamics.Window, { requests, resetAt, tokens }: Window): Headers => ({
  "x-ratelimit-limit-requests": String(limit.requests),
  "x-ratelimit-remaining-requests": String(requests),
  "x-ratelimit-reset-requests": String(wall(resetAt)),
  ...(limit.tokens !== undefined && {
    "x-ratelimit-limit-tokens": String(limit.tokens),
    "x-ratelimit-remaining-tokens": String(Math.max(0, tokens)),
    "x-ratelimit-reset-tokens": String(wall(resetAt))
  })
})
