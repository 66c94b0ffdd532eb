/**
 * The log of limits that requests ran into, as `GET /api_keys/rate_limits/log` answers it.
 *
 * @internal
 */
import type { Call } from "./call.ts"

export type Type = "RPM" | "TPM" | "FAILED_REQUESTS" | "UNSUPPORTED_FEATURE_REQUESTS"

interface Breach {
  readonly apiKeyId: string
  readonly modelId: string
  readonly rateLimitType: Type
  readonly rateLimitTier: string
  readonly timestamp: string
}

/** Venice keeps the last 50. */
const max = 50

export class Breaches {
  #all: ReadonlyArray<Breach> = []

  add({ caller, now }: Pick<Call, "caller" | "now">, modelId: string, rateLimitType: Type): void {
    const breach = {
      apiKeyId: caller.id,
      modelId,
      rateLimitType,
      rateLimitTier: "paid",
      timestamp: new Date(now).toISOString()
    }
    this.#all = [breach, ...this.#all].slice(0, max)
  }

  /** The newest first. */
  get all(): ReadonlyArray<Breach> {
    return this.#all
  }
}
