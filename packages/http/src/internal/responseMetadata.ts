/**
 * The metadata in the headers of a success, for whoever collects them and for the log.
 *
 * @internal
 */
import { context } from "@effect-venice/core/Decode"
import type { Balance, Deprecation, RateLimit } from "@effect-venice/core/ResponseContext"
import * as ResponseHeaders from "@effect-venice/core/ResponseHeaders"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { inputOf } from "./success.ts"

/**
 * What an answer says besides its body. All of it is optional: Venice leaves out what does not apply.
 *
 * @category models
 * @since 0.1.0
 */
export interface Metadata {
  readonly rateLimit?: RateLimit
  readonly balance?: Balance
  readonly deprecation?: Deprecation
}

/**
 * Reads the metadata of a response.
 *
 * @category reading
 * @since 0.1.0
 */
export const fromResponse = (response: HttpClientResponse): Effect.Effect<Metadata> =>
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

/** Where the client leaves the metadata of its latest success, if somebody collects them. */
export const Collector = Context.Reference<{ latest: Metadata } | undefined>(
  "@effect-venice/http/ResponseMetadata/Collector",
  {
    defaultValue: () => undefined
  }
)

// As many models as there are; a server that makes up ever new warnings does not fill the memory.
const maxWarned = 1000

/** Notes the metadata of a success: hands them to whoever collects them, and logs each deprecation once. */
export const noting = (): (response: HttpClientResponse) => Effect.Effect<void> => {
  const warned = new Set<string>()
  const note = Effect.fnUntraced(function*(response: HttpClientResponse, collector: { latest: Metadata } | undefined) {
    const metadata = yield* fromResponse(response)
    if (collector !== undefined) collector.latest = metadata
    if (metadata.deprecation === undefined) return
    const { date, replacement, warning } = metadata.deprecation
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
