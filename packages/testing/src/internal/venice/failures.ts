/**
 * The failure budget: too many failed requests of one key, model and user lock it out for a while.
 *
 * Every response says how many failures are left **before** it is counted, so a failure that says `1` was the last.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import type * as Dynamics from "../../Dynamics.ts"
import type { WireResponse } from "../wire/response.ts"
import { json } from "../wire/response.ts"
import { BoundedMap } from "./boundedMap.ts"
import type { Call } from "./call.ts"
import type { Counted } from "./refusal.ts"
import { wall } from "./wallClock.ts"

interface Budget {
  remaining: number
  resetAt: number
  isLocked: boolean
}

export type Headers = Readonly<Record<string, string>>

const maxBudgets = 10_000

const textOf = (value: unknown): string => typeof value === "string" ? value.slice(0, 200) : ""

/** The bucket that a request counts in. Forms are not read in time, so those of a key share one. */
export const bucketOf = ({ body, caller, isForm }: Pick<Call, "body" | "caller" | "isForm">): string => {
  // Venice counts the failures of wallets by IP address, and all requests come from the same one.
  const owner = caller.kind === "wallet" ? "wallet" : caller.id
  if (isForm) return `${owner} form`
  const { model, user } = (typeof body === "object" && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  return JSON.stringify([owner, textOf(model), textOf(user)])
}

export class Failures {
  readonly #config: Dynamics.FailureBudget | undefined
  readonly #budgets = new BoundedMap<string, Budget>(maxBudgets)
  constructor(config: Dynamics.FailureBudget | undefined) {
    this.#config = config
  }

  /** The headers of a response to this bucket. Read them before the response is counted. */
  headers(bucket: string, now: number): Headers {
    if (this.#config === undefined) return {}
    const { remaining, resetAt } = this.#read(bucket, "failures", now)
    return { "x-ratelimit-remaining": String(remaining), "x-ratelimit-resets": String(wall(resetAt)) }
  }

  /** The response to a request of a bucket that is locked out. */
  lockout(bucket: string, now: number): WireResponse | undefined {
    if (this.#config === undefined) return undefined
    for (const kind of ["failures", "unsupported"] as const) {
      const budget = this.#read(bucket, kind, now)
      if (!budget.isLocked) continue
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-resets": String(wall(budget.resetAt)) }
      const message = wording(this.#limitOf(kind), this.#config.lockout)
      return this.#config.wording === "error"
        ? json(429, { error: message }, headers)
        : json(429, { error: Errors.RateLimitExceeded.defaultMessage, customMessage: message }, headers)
    }
    return undefined
  }

  /** Counts a failure. Returns whether it was the last one of its budget. */
  count(bucket: string, counted: Counted, now: number): boolean {
    if (this.#config === undefined || counted === "none") return false
    const key = `${counted} ${bucket}`
    const budget = this.#read(bucket, counted, now)
    if (budget.isLocked) return false
    budget.remaining--
    if (budget.remaining === 0) {
      budget.isLocked = true
      budget.resetAt = now + Duration.toMillis(this.#config.lockout)
    }
    this.#budgets.set(key, budget)
    return budget.isLocked
  }

  #limitOf(kind: Exclude<Counted, "none">): number {
    return kind === "failures" ? this.#config!.limit : this.#config!.unsupportedLimit
  }

  /** The budget as it is, or a full one. Only a failure starts a window. */
  #read(bucket: string, kind: Exclude<Counted, "none">, now: number): Budget {
    const key = `${kind} ${bucket}`
    const known = this.#budgets.get(key)
    if (known !== undefined && known.resetAt > now) return known
    this.#budgets.delete(key)
    return { remaining: this.#limitOf(kind), resetAt: now + Duration.toMillis(this.#config!.window), isLocked: false }
  }
}

const wording = (limit: number, lockout: Duration.Duration): string =>
  `Too many failed attempts (> ${limit}) resulting in a non-success status code. Please wait `
  + `${Math.ceil(Duration.toSeconds(lockout))} seconds and try again. See `
  + "https://docs.venice.ai/api-reference/rate-limiting for more information."
