/**
 * The metadata in the headers of a success: for `ResponseMetadata.collect`, and for a warning about deprecated models.
 *
 * @internal
 */
import { context } from "@effect-venice/core/Decode"
import * as Redact from "@effect-venice/core/Redact"
import type { Balance, Deprecation, RateLimit } from "@effect-venice/core/ResponseContext"
import * as ResponseHeaders from "@effect-venice/core/ResponseHeaders"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { inputAt } from "./success.ts"

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
  Effect.withFiber((fiber) => Effect.succeed(metadataAt(fiber, response, true)))

const metadataAt = (
  fiber: Fiber.Fiber<unknown, unknown>,
  response: HttpClientResponse,
  withBalance: boolean
): Metadata => {
  const { headers } = response
  const rateLimit = ResponseHeaders.rateLimit(headers, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())
  const balance = withBalance ? ResponseHeaders.balance(headers) : undefined
  // The deprecation is text in which a server may repeat a secret of the request: `context` redacts it.
  const deprecation = ResponseHeaders.deprecation(headers)
    && context(inputAt(fiber, response, { body: "" })).deprecation
  return {
    ...(rateLimit !== undefined && { rateLimit }),
    ...(balance !== undefined && { balance }),
    ...(deprecation !== undefined && { deprecation })
  }
}

interface Latest {
  latest: Metadata
  /** The balance is a decimal number, which takes most of the time of reading. Read it unless this is `true`. */
  readonly withoutBalance?: boolean | undefined
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
  const warn = Effect.fnUntraced(function*({ date, replacement, warning }: Deprecation) {
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
    Effect.withFiber((fiber) => {
      const collector = fiber.getRef(Collector)
      if (collector === undefined && ResponseHeaders.deprecation(response.headers) === undefined) return Effect.void
      const metadata = metadataAt(fiber, response, collector !== undefined && collector.withoutBalance !== true)
      if (collector !== undefined) collector.latest = metadata
      return metadata.deprecation === undefined ? Effect.void : warn(metadata.deprecation)
    })
}
