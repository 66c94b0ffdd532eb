/**
 * The metadata in the headers of a success: for `ResponseMetadata.collect`, and for a warning about deprecated models.
 *
 * @internal
 */
import { context } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import type { Balance, Deprecation, RateLimit } from "@effect-venice/core/ResponseContext"
import * as ResponseHeaders from "@effect-venice/core/ResponseHeaders"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { inputOf } from "./success.ts"

/**
 * The metadata of a success, as {@link collect} and {@link fromResponse} return it. Venice omits what does not apply.
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
 * Reads the metadata of a response of `VeniceClient.request`, or of an `HttpClient` of your own.
 *
 * @category reading
 * @since 0.1.0
 */
export const fromResponse = (response: HttpClientResponse): Effect.Effect<Metadata> =>
  Effect.map(inputOf(response, { body: "" }), (input) => {
    const { headers } = response
    const rateLimit = ResponseHeaders.rateLimit(headers, input.now)
    const balance = ResponseHeaders.balance(headers)
    // The deprecation is text in which a server may repeat a secret of the request: `context` redacts it.
    const deprecation = ResponseHeaders.deprecation(headers) && context(input).deprecation
    return {
      ...(rateLimit !== undefined && { rateLimit }),
      ...(balance !== undefined && { balance }),
      ...(deprecation !== undefined && { deprecation })
    }
  })

interface Latest {
  latest: Metadata
}

/** Receives the metadata of the latest success of the client. Provided by `ResponseMetadata.collect`. */
export const Collector = Context.Reference<Latest | undefined>(
  "@effect-venice/http/ResponseMetadata/Collector",
  {
    defaultValue: () => undefined
  }
)

// More than the number of models. Bounds the memory if a server sends a new warning with every response.
const maxWarned = 1000

/** Makes a function that stores the metadata of a success in the collector, and logs each deprecation once. */
export const makeRecorder = (): (response: HttpClientResponse) => Effect.Effect<void> => {
  const warned = new Set<string>()
  const record = Effect.fnUntraced(function*(response: HttpClientResponse, collector: Latest | undefined) {
    const metadata = yield* fromResponse(response)
    if (collector !== undefined) collector.latest = metadata
    if (metadata.deprecation === undefined) return
    const { date, replacement, warning } = metadata.deprecation
    const key = JSON.stringify([date, replacement, warning])
    if (warned.has(key) || warned.size >= maxWarned) return
    warned.add(key)
    yield* Effect.logWarning(Redact.printable(warning ?? "The model is deprecated")).pipe(
      Effect.annotateLogs({
        ...(date !== undefined && { deprecationDate: Redact.printable(date) }),
        ...(replacement !== undefined && { replacement: Redact.printable(replacement) })
      })
    )
  })
  return (response) =>
    Effect.flatMap(
      Collector,
      (collector) =>
        collector === undefined && ResponseHeaders.deprecation(response.headers) === undefined
          ? Effect.void
          : record(response, collector)
    )
}
