/**
 * Paying an x402 offer when the account is empty, and going on.
 *
 * Venice answers a call without balance with `PAYMENT_REQUIRED` and an offer: networks, prices and an address. A top-up
 * pays it with a wallet of yours, and the call is sent once more.
 *
 * **Details**
 *
 * - Calls share one top-up: while one pays, the others that failed wait for it, and none pays again for the balance that
 *   was missing before. A call is sent once more at most.
 * - A payment that fails fails the calls that waited for it with its error. A payment in progress cannot be interrupted, so
 *   that none is made whose result nobody knows.
 * - A failure without an offer passes.
 *
 * **Example** (Paying, and going on)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { TopUp } from "@effect-venice/http/resilience"
 * import { Effect } from "effect"
 *
 * let balance = 0
 * const required = new Errors.PaymentRequired({ reason: "insufficient_balance", offer: { accepts: [] }, suggestedTopUpUsd: 5 })
 *
 * // Stands for `venice.execute("POST /chat/completions", { body, success })`.
 * const ask = Effect.suspend(() => balance > 0 ? Effect.succeed("an answer") : Effect.fail(required))
 *
 * const program = Effect.gen(function*() {
 *   const topUp = yield* TopUp.make(({ suggestedTopUpUsd = 0 }) =>
 *     Effect.sync(() => {
 *       balance += suggestedTopUpUsd
 *     })
 *   )
 *   const answers = yield* Effect.all([ask, ask].map(TopUp.payAndResend(topUp)), { concurrency: "unbounded" })
 *   return [...answers, balance]
 * })
 *
 * await Effect.runPromise(program) // => ["an answer", "an answer", 5]
 * ```
 *
 * @since 0.1.0
 */
import type { PaymentRequired } from "@effect-venice/core/Errors"
import { isVeniceError } from "@effect-venice/core/VeniceError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import { allowsAnother } from "../internal/resilience/causes.ts"
import { keep, record } from "../internal/resilience/routes.ts"

/**
 * A way to pay that calls share: made by {@link make}.
 *
 * @category models
 * @since 0.1.0
 */
export interface TopUp<E, R> {
  /** How many payments have ended. */
  readonly payments: Effect.Effect<number>
  /** Pays, or ends as the latest payment did, if it was not among the `known` ones. */
  readonly since: (known: number, failure: PaymentRequired) => Effect.Effect<void, E, R>
}

/**
 * Makes a top-up of your function, which pays the offer of an error with a wallet, and succeeds when Venice has the
 * balance. Make it once for an account.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <E, R>(
  pay: (failure: PaymentRequired) => Effect.Effect<unknown, E, R>
): Effect.Effect<TopUp<E, R>> =>
  Effect.map(Semaphore.make(1), (one) => {
    let payments = 0
    let latest: Exit.Exit<unknown, E> = Exit.void
    const paid = (failure: PaymentRequired) =>
      Effect.onExit(Effect.suspend(() => pay(failure)), (exit) =>
        Effect.sync(() => {
          payments++
          latest = exit
        }))
    return {
      payments: Effect.sync(() => payments),
      since: (known, failure) =>
        one.withPermit(
          Effect.suspend((): Effect.Effect<unknown, E, R> =>
            payments > known ? latest : Effect.uninterruptible(paid(failure))
          )
        ).pipe(Effect.asVoid)
    }
  })

/** An offer that a payment answers: without credentials, no payment helps. */
const isPayable = (failure: unknown): failure is PaymentRequired =>
  isVeniceError(failure) && failure._tag === "PAYMENT_REQUIRED" && failure.offer !== undefined
  && failure.reason !== "authentication"

/**
 * Pays when the call fails with an offer, and sends the call once more. Put it outside of `Effect.retry`. If the call fails
 * with an offer again, the failure passes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const payAndResend =
  <E2, R2>(topUp: TopUp<E2, R2>) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R | R2> =>
    Effect.flatMap(
      topUp.payments,
      (known) =>
        Effect.catch(self, (failure): Effect.Effect<A, E | E2, R | R2> =>
          Effect.withFiber((fiber) => {
            if (!isPayable(failure) || !allowsAnother(failure, fiber)) return Effect.fail(failure)
            const { recorded, taken } = record("top-up", failure, fiber)
            const again = Effect.tapError(self, (last) => Effect.sync(() => keep(last, failure, taken)))
            return topUp.since(known, failure).pipe(Effect.andThen(recorded), Effect.andThen(again))
          }))
    )
