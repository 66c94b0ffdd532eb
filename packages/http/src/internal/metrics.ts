/**
 * The metrics of calls, with a bounded number of series.
 *
 * @internal
 */
import { isOperation } from "@effect-venice/core/Operation"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Conventions from "./openTelemetry.ts"

/**
 * The counter `venice.client.failures`, of all failed attempts, to read in a test or on a health page of your own.
 *
 * **Details**
 *
 * Attributes: `error.type` (Venice's code, or the tag of another failure), `venice.error.category` (`Transport` without
 * a response, `Unreadable` if it could not be read, `Node` for an error of a blockchain's node), and
 * `venice.operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const failures: Metric.Counter<number> = Metric.counter("venice.client.failures", {
  description: "Failed requests to Venice, by code, category and operation",
  incremental: true,
  attributes: { unit: "{failure}" }
})

/**
 * The counter `venice.client.unknown_responses`, of responses that match no rule, to watch for changes of the API.
 *
 * **Details**
 *
 * Attributes: `venice.response.fingerprint`, the same for responses of the same shape, and `venice.operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const unrecognized: Metric.Counter<number> = Metric.counter("venice.client.unknown_responses", {
  description: "Responses of Venice that match no rule, by fingerprint",
  incremental: true,
  attributes: { unit: "{response}" }
})

/**
 * The histogram `gen_ai.client.operation.duration`, in seconds, of the calls that generate something, to read in a test
 * or on a health page of your own. With {@link call} around a call it includes the retries.
 *
 * **Details**
 *
 * Follows OpenTelemetry's conventions for generative AI. Only successes have the model as an attribute: the model of a
 * failing request can be any text.
 *
 * @category metrics
 * @since 0.1.0
 */
export const duration: Metric.Histogram<number> = Metric.histogram("gen_ai.client.operation.duration", {
  description: "GenAI operation duration",
  attributes: { unit: "s" },
  boundaries: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
})

const operationAttribute = (operation: string | undefined): string =>
  // Undocumented paths may contain ids, and each id would be a series of its own.
  operation !== undefined && isOperation(operation) ? operation : "_OTHER"

// Bounds the memory if a server sends a new name with every response.
const maxNames = 1000

export const makeBounded = () => {
  const names = new Set<string>()
  return (name: string | undefined): string | undefined => {
    if (name === undefined || names.has(name)) return name
    if (names.size >= maxNames) return "_OTHER"
    names.add(name)
    return name
  }
}

const boundedFingerprint = makeBounded()
export const boundedModel = makeBounded()

/** Caches the series of a metric: making one costs as much as all other telemetry of a failure. */
export const makeSeries = <State>(metric: Metric.Metric<number, State>, ...names: ReadonlyArray<string>) => {
  const cache = new Map<string, Metric.Metric<number, State>>()
  return (...values: ReadonlyArray<string | undefined>): Metric.Metric<number, State> => {
    const key = values.join("\n")
    const cached = cache.get(key)
    if (cached !== undefined) return cached
    const attributes = names.map((name, i) => [name, values[i]] as const).filter(([, value]) => value !== undefined)
    const made = Metric.withAttributes(metric, Object.fromEntries(attributes) as Record<string, string>)
    if (cache.size < maxNames) cache.set(key, made)
    return made
  }
}

const failureSeries = makeSeries(failures, "error.type", "venice.error.category", "venice.operation")
const unrecognizedSeries = makeSeries(unrecognized, "venice.response.fingerprint", "venice.operation")
export const durationSeries = makeSeries(
  duration,
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "error.type",
  "gen_ai.response.model"
)

/**
 * Counts a failure in {@link failures} and {@link unrecognized}.
 *
 * **When to use**
 *
 * For a failure that you decoded yourself. `VeniceClient` and `HttpFailure.typed` count theirs.
 *
 * @category metrics
 * @since 0.1.0
 */
export const count = (failure: unknown, operation: string | undefined): Effect.Effect<void> =>
  Effect.suspend(() => {
    const name = operationAttribute(operation)
    const counted = Metric.update(
      failureSeries(Conventions.errorType(failure), Conventions.categoryOf(failure), name),
      1
    )
    const fingerprint = Conventions.fingerprintOf(failure)
    return fingerprint === undefined
      ? counted
      : Effect.andThen(counted, Metric.update(unrecognizedSeries(boundedFingerprint(fingerprint), name), 1))
  })
