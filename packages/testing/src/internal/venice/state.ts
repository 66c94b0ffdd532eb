/**
 * Everything that the emulated Venice remembers between two requests. All of it is bounded.
 *
 * @internal
 */
import type * as Dynamics from "../../Dynamics.ts"
import type { WireResponse } from "../wire/response.ts"
import { Accounts } from "./accounts.ts"
import { BoundedMap } from "./boundedMap.ts"
import { Breaches } from "./breaches.ts"
import { Catalogue } from "./catalogue.ts"
import { Failures } from "./failures.ts"
import type { Job } from "./jobs.ts"
import { Ledger } from "./ledger.ts"
import { Limits } from "./limits.ts"
import { SignIn } from "./signIn.ts"
import { Slots } from "./slots.ts"

/** The answer to a request with an idempotency key. */
export interface Replay {
  readonly at: number
  readonly body: string
  readonly response: WireResponse
}

export interface State {
  readonly startedAt: number
  readonly dynamics: Dynamics.Dynamics
  /** The origin of `download_url`, if it is not that of the request. */
  readonly origin: string | undefined
  readonly catalogue: Catalogue
  readonly accounts: Accounts
  readonly signIn: SignIn
  readonly limits: Limits
  readonly failures: Failures
  readonly breaches: Breaches
  readonly slots: Slots
  readonly ledger: Ledger
  /** By queue id. */
  readonly jobs: BoundedMap<string, Job>
  /** The jobs that will fail, the next one first. */
  readonly failing: Array<Job>
  /** By caller and idempotency key. */
  readonly replays: BoundedMap<string, Replay>
  /** Voices that were cloned: the handle, and the model that made it. */
  readonly voices: BoundedMap<string, { readonly model: string; readonly expiresAt: number }>
  /** Payments by their signature, so that each is credited once. */
  readonly payments: BoundedMap<string, string>
  /** The ids of chats that ran in a trusted environment. */
  readonly attested: BoundedMap<string, string>
  /** The windows of operations that have limits of their own. */
  readonly counters: BoundedMap<string, { count: number; readonly resetAt: number }>
}

/** How many entries of a kind are kept. */
export const max = 10_000

export const make = (dynamics: Dynamics.Dynamics, origin: string | undefined, startedAt: number): State => ({
  startedAt,
  dynamics,
  origin,
  catalogue: new Catalogue(dynamics, startedAt),
  accounts: new Accounts(dynamics.keys, startedAt),
  signIn: new SignIn(),
  limits: new Limits(dynamics.rateLimits),
  failures: new Failures(dynamics.failureBudget),
  breaches: new Breaches(),
  slots: new Slots(),
  ledger: new Ledger(dynamics.balance),
  jobs: new BoundedMap(max),
  failing: [],
  replays: new BoundedMap(1000),
  voices: new BoundedMap(max),
  payments: new BoundedMap(max),
  attested: new BoundedMap(max),
  counters: new BoundedMap(max)
})
