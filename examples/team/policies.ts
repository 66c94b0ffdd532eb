/**
 * The retry policies of a team, by name, for all of its services.
 *
 * A call says who waits for it: a person or nobody. That choice, and the operation, decide how often it is retried, on
 * which categories of errors, and by when it has ended. All calls of a process share one budget of retries.
 */
import { Operation, Retry, RetryBudget } from "@effect-venice/core"
import { Effect } from "effect"
import type { Duration } from "effect"

interface TeamPolicy {
  readonly policy: Retry.Policy
  /** The time by which all delays of a call must end. */
  readonly deadline: Duration.Input
}

/**
 * Who waits. A person gets a fast answer or a fast failure: a busy model is no reason to wait, since another model can
 * answer at once, and a request that took too long once would do so again.
 */
export const policies = {
  person: {
    policy: Retry.standard.pipe(
      Retry.without(["Capacity", "Timeout"]),
      Retry.limit({ attempts: 3, longestHint: "3 seconds" })
    ),
    deadline: "10 seconds"
  },
  nobody: {
    // A request that still fails after five retries fails for a reason of its own. Limits and load pass.
    policy: Retry.limit(Retry.patient, { retriesOf: { Server: 5, Upstream: 5 }, longestHint: "15 minutes" }),
    deadline: "2 hours"
  }
} as const satisfies Record<string, TeamPolicy>

export type Waiting = keyof typeof policies

/** Media cost more than text, so their retries are few, whoever waits. */
const few = Retry.limit({ attempts: 2 })

const ofOperation = (operation: Operation.Operation, policy: Retry.Policy): Retry.Policy =>
  Operation.operations[operation].onReplay === "free"
    // What costs nothing is asked again at once.
    ? Retry.andThen(Retry.eager, policy)
    : /^POST \/(?:image|images|video|audio)\//.test(operation)
    ? few(policy)
    : policy

/** The policy of a call. */
export const policyOf = (waiting: Waiting, operation: Operation.Operation): Retry.Policy =>
  ofOperation(operation, policies[waiting].policy)

/** Retries a call of an operation as the team does. */
export const retrying = (waiting: Waiting, operation: Operation.Operation) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(
    Effect.retry(policyOf(waiting, operation)),
    Retry.withDeadline(policies[waiting].deadline)
  )

/** At most one retry for ten calls, and one each second. Provide it once for a process. */
export const Budget = RetryBudget.layer({ share: 0.1, allowance: 1, capacity: 20 })
