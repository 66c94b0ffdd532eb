/**
 * The metadata in the headers of a success: the budgets of the rate limiter, the account's balance, and the deprecation
 * of the model. An error has the same in its `response`.
 *
 * **Example** (Reading a budget)
 *
 * ```ts
 * import { ResponseMetadata, VeniceClient } from "@effect-venice/http"
 * import { Emulator, WireResponse } from "@effect-venice/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *   yield* emulator.reply(WireResponse.json(200, {}, { "x-ratelimit-remaining-requests": "19" }))
 *
 *   const call = venice.execute("GET /models", { success: Schema.Unknown })
 *   const [, metadata] = yield* ResponseMetadata.collect(call)
 *   return metadata.rateLimit?.requests?.remaining
 * }).pipe(
 *   Effect.provide(Layer.provideMerge(Emulator.layerClient, Emulator.layer))
 * )
 *
 * await Effect.runPromise(program) // => 19
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Collector, type Metadata } from "./internal/responseMetadata.ts"

export { fromResponse, type Metadata } from "./internal/responseMetadata.ts"

/**
 * Runs a call of `VeniceClient`, and returns its result with the metadata of its latest success.
 *
 * **When to use**
 *
 * Around `execute` or a `Job`, to slow down before a budget runs out or to watch the balance.
 *
 * @category combinators
 * @since 0.1.0
 */
export const collect = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, Metadata], E, R> =>
  Effect.suspend(() => {
    const collector: { latest: Metadata } = { latest: {} }
    return Effect.map(
      Effect.provideService(self, Collector, collector),
      (result) => [result, collector.latest] as const
    )
  })
