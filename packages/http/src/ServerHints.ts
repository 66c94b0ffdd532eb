/**
 * What a successful answer says besides its body: what the rate limiter has left, what the account had, and whether the
 * model is deprecated.
 *
 * **Example** (Reading what is left)
 *
 * ```ts
 * import { ServerHints, VeniceClient } from "@effect-venice/http"
 * import { Emulator, WireResponse } from "@effect-venice/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *   yield* emulator.reply(WireResponse.json(200, {}, { "x-ratelimit-remaining-requests": "19" }))
 *
 *   const [, hints] = yield* ServerHints.collect(venice.execute("POST /embeddings", { success: Schema.Unknown }))
 *   return hints.rateLimit?.requests?.remaining
 * }).pipe(
 *   Effect.provide(Layer.provideMerge(Emulator.layerClient, Emulator.layer))
 * )
 *
 * await Effect.runPromise(program) // => 19
 * ```
 *
 * @since 0.1.0
 */
import { context } from "@effect-venice/core/Decode"
import type { Balance, Deprecation, RateLimit } from "@effect-venice/core/ResponseContext"
import * as ResponseHeaders from "@effect-venice/core/ResponseHeaders"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { inputOf } from "./internal/success.ts"

/**
 * What an answer says besides its body. All of it is optional: Venice leaves out what does not apply.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hints {
  readonly rateLimit?: RateLimit
  readonly balance?: Balance
  readonly deprecation?: Deprecation
}

/**
 * Reads the hints of a response.
 *
 * @category reading
 * @since 0.1.0
 */
export const fromResponse = (response: HttpClientResponse): Effect.Effect<Hints> =>
  Effect.map(inputOf(response, { body: "" }), (input) => {
    const { headers } = response
    const rateLimit = ResponseHeaders.rateLimit(headers, input.now)
    const balance = ResponseHeaders.balance(headers)
    // The only hint of words, in which a server may repeat the request.
    const deprecation = ResponseHeaders.deprecation(headers) && context(input).deprecation
    return {
      ...(rateLimit !== undefined && { rateLimit }),
      ...(balance !== undefined && { balance }),
      ...(deprecation !== undefined && { deprecation })
    }
  })

/** Where the client leaves the hints of its latest success, if somebody collects them. */
const Collector = Context.Reference<{ latest: Hints } | undefined>("@effect-venice/http/ServerHints/Collector", {
  defaultValue: () => undefined
})

/**
 * Runs a call of `VeniceClient`, and gives its result with the hints of its latest successful answer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const collect = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, Hints], E, R> =>
  Effect.suspend(() => {
    const collector: { latest: Hints } = { latest: {} }
    return Effect.map(
      Effect.provideService(self, Collector, collector),
      (answer) => [answer, collector.latest] as const
    )
  })

// As many models as there are; a server that makes up ever new warnings does not fill the memory.
const maxWarned = 1000

/**
 * Notes the hints of a successful answer: leaves them with whoever collects, and logs each deprecation once.
 *
 * @internal
 */
export const noting = (): (response: HttpClientResponse) => Effect.Effect<void> => {
  const warned = new Set<string>()
  const note = Effect.fnUntraced(function*(response: HttpClientResponse, collector: { latest: Hints } | undefined) {
    const hints = yield* fromResponse(response)
    if (collector !== undefined) collector.latest = hints
    if (hints.deprecation === undefined) return
    const { date, replacement, warning } = hints.deprecation
    const key = JSON.stringify([date, replacement, warning])
    if (warned.has(key) || warned.size >= maxWarned) return
    warned.add(key)
    yield* Effect.logWarning(warning ?? "The model is deprecated").pipe(
      Effect.annotateLogs({
        ...(date !== undefined && { deprecationDate: date }),
        ...(replacement !== undefined && { replacement })
      })
    )
  })
  return (response) =>
    Effect.flatMap(
      Collector,
      (collector) =>
        collector === undefined && ResponseHeaders.deprecation(response.headers) === undefined
          ? Effect.void
          : note(response, collector)
    )
}
